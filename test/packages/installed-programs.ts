import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./workspace.js";

/** Where the programs are installed. It outlives the run: only another lockfile needs another installation. */
const folder = join(root, "node_modules/.programs");
const source = join(root, "test/packages/programs");

/** Installs the programs as their lockfile says, beside the scripts that drive them. Returns the folder. */
export function installed(): string {
  mkdirSync(folder, { recursive: true });
  cpSync(source, folder, { recursive: true });
  const lockfile = readFileSync(join(source, "pnpm-lock.yaml"), "utf8");
  const done = join(folder, "installed.yaml");
  if (existsSync(done) && readFileSync(done, "utf8") === lockfile) return folder;
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    packageManager: string;
  };
  const flags = [
    "--frozen-lockfile",
    "--prefer-offline",
    "--ignore-scripts",
    "--ignore-workspace",
    "--no-optional",
  ];
  const { status, stdout, stderr } = spawnSync("npx", ["--yes", packageManager, "install", ...flags], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`the programs cannot be installed:\n${stdout}${stderr}`);
  writeFileSync(done, lockfile);
  return folder;
}
