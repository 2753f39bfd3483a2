// Tessera and @azure/msal-node, measured in one run: medians, ratios, and what was wanted.
//
//   pnpm bench                     everything, in about two minutes
//   pnpm bench --quick             the same with fewer samples
//   pnpm bench --only silent       the groups whose name contains "silent"; may be repeated
//   pnpm bench --json FILE         also writes the rows to FILE
//   pnpm bench --markdown          prints the table as docs/performance.md has it
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import * as peer from "@azure/msal-node";
import * as tessera from "@tessera/node";
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
  // Last, because their hundreds of megabytes would make everything after them slower.
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
if (!globalThis.gc)
  throw new Error("run it with node --expose-gc: garbage must not wait for the next contender");
const wanted = GROUPS.filter((group) => values.only?.some((text) => group.includes(text)) ?? true);
if (wanted.length === 0)
  throw new Error(`--only ${values.only?.join(", ")} names none of ${GROUPS.join(", ")}`);

const context = { tessera, peer, quick: values.quick, seconds: values.quick ? 0.4 : 2 };
const rows = [];
for (const group of wanted) {
  const start = performance.now();
  const { run } = await import(`./rows/${group}.mjs`);
  rows.push(...(await run(context)));
  process.stderr.write(`${group}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

const [cpu] = cpus();
console.log(
  `\nNode.js ${process.version}, ${cpus().length} × ${cpu?.model.trim()}; msal-node ${peer.version}\n`,
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
