// What importing a package adds to the start of Node.js itself, as a user of a command line tool feels it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "../measure.mjs";
import { share } from "../table.mjs";

const ESM = "--input-type=module";
const COMMON_JS = "--input-type=commonjs";
const PROGRAMS = {
  nothing: [ESM, ""],
  tessera: [ESM, 'import "@tessera/node";'],
  peer: [ESM, 'import "@azure/msal-node";'],
  tesseraRequired: [COMMON_JS, 'require("@tessera/node");'],
  peerRequired: [COMMON_JS, 'require("@azure/msal-node");'],
};

/** Tells its processor time in microseconds: on a busy machine the clock tells something else. */
const TELL =
  'process.on("exit", () => { const { user, system } = process.cpuUsage(); process.stdout.write(`${user + system}`); })';

export async function run({ quick }) {
  const runs = Object.fromEntries(Object.keys(PROGRAMS).map((program) => [program, []]));
  const rounds = quick ? 9 : 25;
  for (let round = -1; round < rounds; round += 1) {
    for (const [program, source] of Object.entries(PROGRAMS)) {
      const time = start(source);
      // The first round reads the files from the disk.
      if (round >= 0) runs[program].push(time);
    }
  }
  const added = (program) => median(runs[program]) - median(runs.nothing);
  const wanted = { most: 1 / 3 };
  return [
    share("import adds", { tessera: added("tessera"), other: added("peer"), wanted }),
    share("require adds", { tessera: added("tesseraRequired"), other: added("peerRequired") }),
  ];
}

/** Nanoseconds from start to end of a process. */
function start([type, program]) {
  const begin = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(process.execPath, [type, "--eval", `${program} ${TELL}`], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    encoding: "utf8",
  });
  const passed = Number(process.hrtime.bigint() - begin);
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return Math.min(passed, Number(stdout) * 1000);
}
