import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { contentKey } from "./content-key.js";
import { root } from "./workspace.js";

const kept = join(root, "node_modules/.cache/tessera-packed");

/** The tarballs of the packages as they are, which are made once and kept. Returns their paths, sorted. */
export function packedOnce(): readonly string[] {
  const folder = join(kept, contentKey(["package.json", "pnpm-workspace.yaml", "LICENSE", "packages"]));
  if (!existsSync(folder)) {
    const unfinished = `${folder}.${randomUUID()}`;
    packAll(unfinished);
    try {
      renameSync(unfinished, folder);
    } catch {
      // Another worker was faster.
      rmSync(unfinished, { recursive: true });
    }
  }
  return tarballsIn(folder);
}

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
  return tarballsIn(destination);
}

const tarballsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .sort()
    .map((file) => join(folder, file));
