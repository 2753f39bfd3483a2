// What importing a package adds to the start of Node.js itself, as a user of a command line tool feels it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "../measure.mjs";
import { share } from "../table.mjs";

const PROGRAMS = {
  nothing: ["--input-type=module", "--eval", "0"],
  tessera: ["--input-type=module", "--eval", 'import "@tessera/node"'],
  peer: ["--input-type=module", "--eval", 'import "@azure/msal-node"'],
  tesseraRequired: ["--input-type=commonjs", "--eval", 'require("@tessera/node")'],
  peerRequired: ["--input-type=commonjs", "--eval", 'require("@azure/msal-node")'],
};

export async function run({ quick }) {
  const runs = Object.fromEntries(Object.keys(PROGRAMS).map((program) => [program, []]));
  const rounds = quick ? 9 : 25;
  for (let round = -1; round < rounds; round += 1) {
    for (const [program, args] of Object.entries(PROGRAMS)) {
      const time = start(args);
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

function start(args) {
  const begin = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  return Number(process.hrtime.bigint() - begin);
}
