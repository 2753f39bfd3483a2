// node --expose-gc group.mjs GROUP SECONDS: measures one group of rows, and sends them to the process that has started this one.
import * as peer from "@azure/msal-node";
import * as tessera from "@tessera/node";

const [group, seconds] = process.argv.slice(2);
const { run } = await import(`./rows/${group}.mjs`);
const rows = await run({ tessera, peer, quick: Number(seconds) < 1, seconds: Number(seconds) });
process.send(rows, () => process.exit());
