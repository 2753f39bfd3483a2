// Memory for each account that is kept, in a process of its own for each library.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bytes, share } from "../table.mjs";

export async function run() {
  const ours = heapOf("@tessera/node");
  const theirs = heapOf("@azure/msal-node");
  const row = (name, field) =>
    share(name, { tessera: ours[field], other: theirs[field], show: bytes, wanted: { most: 1 } });
  return [row("heap per account, loaded", "loaded"), row("heap per account, each one used", "used")];
}

function heapOf(library) {
  const child = fileURLToPath(new URL("../heap-child.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", child, library], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
