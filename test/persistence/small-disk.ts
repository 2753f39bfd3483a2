import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./folder.js";

/** A file system of 64 kB. */
export interface SmallDisk {
  readonly folder: string;
  /** Leaves no room on it. */
  readonly fill: () => void;
  /** Makes room again. */
  readonly empty: () => void;
  readonly makeReadOnly: () => void;
  readonly unmount: () => void;
}

/** Mounts one; `undefined` where that is not allowed, as for anybody but root. */
export function mountSmallDisk(): SmallDisk | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const disk = join(temporaryFolder(), "disk");
  mkdirSync(disk);
  if (!run("mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", disk)) return undefined;
  const filling = join(disk, "filling");
  return {
    folder: join(disk, "app"),
    fill: () => {
      const descriptor = openSync(filling, "w");
      try {
        for (;;) writeSync(descriptor, Buffer.alloc(1024));
      } catch {
        closeSync(descriptor);
      }
    },
    empty: () => {
      rmSync(filling);
    },
    makeReadOnly: () => run("mount", "-o", "remount,ro", disk),
    unmount: () => run("umount", disk),
  };
}

/** A file system that counts time in whole seconds, and gives the number of a removed file to the next one. */
export interface CoarseDisk {
  readonly folder: string;
  readonly unmount: () => void;
}

/** Mounts one; `undefined` where that is not allowed. */
export function mountCoarseDisk(): CoarseDisk | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const place = temporaryFolder();
  const [image, folder] = [join(place, "image"), join(place, "disk")];
  mkdirSync(folder);
  writeFileSync(image, Buffer.alloc(512 * 1024));
  // Inodes of 128 bytes, as of ext3, have no room for more.
  if (!run("mkfs.ext4", "-q", "-O", "^has_journal", "-I", "128", image)) return undefined;
  if (!run("mount", "-o", "loop", image, folder)) return undefined;
  return { folder: join(folder, "app"), unmount: () => run("umount", folder) };
}

function run(command: string, ...parameters: readonly string[]): boolean {
  return spawnSync(command, parameters, { stdio: "ignore" }).status === 0;
}
