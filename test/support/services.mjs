import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Runs once before all tests of `npm test`: installs, where that is possible, the real parts that tests talk to. */
export default function installServices() {
  const script = fileURLToPath(new URL("install-services.sh", import.meta.url));
  if (process.platform === "linux") spawnSync("sh", [script], { stdio: ["ignore", "inherit", "inherit"] });
}
