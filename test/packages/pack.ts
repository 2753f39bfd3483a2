import { readdirSync, readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./workspace.js";

/** Packs every package into a folder, as `pnpm publish` would. Returns the paths of the tarballs, sorted. */
export function packAll(destination: string): readonly string[] {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    packageManager: string;
  };
  const all = ["--recursive", "--filter", "./packages/*", "pack", "--pack-destination", destination];
  const { status, stdout, stderr } = spawnSync("npx", ["--yes", packageManager, ...all], {
    cwd: root,
    encoding: "utf8",
    // `npm run --silent` would silence the errors of this command as well.
    env: { ...process.env, npm_config_loglevel: "error" },
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`the packages cannot be packed:\n${stdout}${stderr}`);
  return readdirSync(destination)
    .sort()
    .map((file) => join(destination, file));
}
