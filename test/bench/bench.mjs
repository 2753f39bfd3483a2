// Tessera and @azure/msal-node, measured in one run: medians, ratios, and what was wanted.
//
//   pnpm bench                     everything, in about nine minutes
//   pnpm bench --quick             the same with fewer samples
//   pnpm bench --only silent       the groups whose name contains "silent"; may be repeated
//   pnpm bench --json FILE         also writes the rows to FILE
//   pnpm bench --markdown          prints the table as docs/performance.md has it
// Each group has a process of its own: what one leaves in memory, and has taught the compiler, must not weigh on the next.
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { version as peerVersion } from "@azure/msal-node";
import { isMet, markdown, table } from "./table.mjs";

const GROUPS = [
  "import",
  "cold-calls",
  "client-credentials",
  "certificate",
  "managed-identity",
  "token-provider",
  "writes",
  "silent",
  "agents",
  "requests",
  "sign-in",
  "guard",
  "accounts",
  "first-list",
  "heap",
  "serialization",
  "event-loop",
  "persistence",
  "redis",
  "silent-large",
  "on-behalf-of",
];

const { values } = parseArgs({
  // Some package managers hand the `--` on.
  args: process.argv.slice(2).filter((arg) => arg !== "--"),
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    json: { type: "string" },
    markdown: { type: "boolean", default: false },
  },
});
const wanted = GROUPS.filter((group) => values.only?.some((text) => group.includes(text)) ?? true);
if (wanted.length === 0)
  throw new Error(`--only ${values.only?.join(", ")} names none of ${GROUPS.join(", ")}`);

const runner = fileURLToPath(new URL("group.mjs", import.meta.url));
const rows = [];
for (const group of wanted) {
  const start = performance.now();
  const seconds = values.quick ? "0.4" : "2";
  const child = fork(runner, [group, seconds], { execArgv: ["--expose-gc"] });
  child.on("message", (measured) => rows.push(...measured));
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${group} has failed`);
  process.stderr.write(`${group}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

const [cpu] = cpus();
console.log(
  `\nNode.js ${process.version}, ${cpus().length} × ${cpu?.model.trim()}; msal-node ${peerVersion}\n`,
);
console.log(values.markdown ? markdown(rows) : table(rows));
const missed = rows.filter((row) => isMet(row) === false);
console.log(
  missed.length === 0 ? "\nEvery target is met." : `\nMissed: ${missed.map(({ name }) => name).join("; ")}.`,
);
if (values.json) {
  const result = {
    node: process.version,
    cpu: cpu?.model,
    rows: rows.map((row) => ({ ...row, met: isMet(row) })),
  };
  await writeFile(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
}
