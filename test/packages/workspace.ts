import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly keywords?: readonly string[];
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: boolean;
  readonly engines?: { readonly node?: string };
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly files?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** One package of this workspace. */
export interface Package {
  readonly folder: string;
  readonly manifest: Manifest;
}

export const root = fileURLToPath(new URL("../..", import.meta.url));

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

export const packages: readonly Package[] = readdirSync(join(root, "packages"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => join(root, "packages", entry.name))
  .map((folder) => ({ folder, manifest: readManifest(folder) }));

/** The source files of a package, by absolute path. */
export function sources({ folder }: Package): readonly string[] {
  return readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, "src", file));
}

/** @throws Error when a package has not been built, or has changed since: its tests would show what it was before */
export function assertBuilt(expected: readonly Package[] = packages): void {
  for (const pkg of expected) {
    const { name } = pkg.manifest;
    const output = statSync(join(pkg.folder, "dist/index.js"), { throwIfNoEntry: false });
    if (!output) throw new Error(`${name} is not built: run npm run build`);
    const newer = sources(pkg).find((file) => statSync(file).mtimeMs > output.mtimeMs);
    if (newer !== undefined)
      throw new Error(`${name} has changed since it was built (${relative(root, newer)}): run npm run build`);
  }
}
