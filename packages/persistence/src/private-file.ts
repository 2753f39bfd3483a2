import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  type BigIntStats,
} from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PersistenceError, storageFailed, systemCode } from "./errors.js";
import { assertOwned, isOpenToOthers, makePrivate } from "./private-folder.js";
import type { ProblemListener } from "./problem.js";

/** A file and what is in it. */
export interface FileContent {
  readonly identity: string;
  readonly text: string;
}

/**
 * Tells one content of a file from any other without reading it: every {@link replaceFile} makes a new file with a later
 * time. `undefined` when there is none.
 */
export function identifyFile(path: string): string | undefined {
  try {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stats && identityOf(stats);
  } catch (error) {
    throw storageFailed(`The token cache ${path} cannot be read`, error);
  }
}

/**
 * Reads a file that must be the user's alone (mode 0600): what others could read is taken from them, and reported.
 *
 * @throws PersistenceError `not_private` for another user's file, for a symbolic link and for all that is no plain file;
 * `storage_failed`
 */
export function readPrivateFile(path: string, report: ProblemListener): FileContent | undefined {
  const descriptor = openPlainFile(path);
  if (descriptor === undefined) return undefined;
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    assertPlainFile(path, stats);
    assertOwned(path, stats);
    if (isOpenToOthers(stats)) {
      makePrivate(path, 0o600, report, () => {
        fchmodSync(descriptor, 0o600);
      });
    }
    const identity = identityOf(fstatSync(descriptor, { bigint: true }));
    return { identity, text: readFileSync(descriptor, "utf8") };
  } catch (error) {
    throw error instanceof PersistenceError
      ? error
      : storageFailed(`The token cache ${path} cannot be read`, error);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Replaces a file whole: after a crash at any moment there is either the old content or the new. Only one process at a
 * time may do so.
 *
 * @param mayReplace asked at the last moment; `false` leaves everything as it was
 * @returns the identity of the new file
 * @throws PersistenceError `lock_lost`, `not_private`, `storage_failed`
 */
export async function replaceFile(path: string, text: string, mayReplace: () => boolean): Promise<string> {
  const temporary = `${path}.new-${randomBytes(6).toString("hex")}`;
  try {
    const before = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (before) assertPlainFile(path, before);
    await writeDurably(temporary, text, laterThan(before));
    if (!mayReplace()) {
      throw new PersistenceError(
        "lock_lost",
        "This process stood still for so long that another one took its lock; the token cache was not written.",
      );
    }
    await rename(temporary, path);
    syncFolder(dirname(path));
    return identityOf(lstatSync(path, { bigint: true }));
  } catch (error) {
    removeIfThere(temporary);
    throw error instanceof PersistenceError
      ? error
      : storageFailed(`The token cache ${path} cannot be saved`, error);
  }
}

/** Removes what writers left behind that were killed in {@link replaceFile}. Only for who alone may write. */
export function removeLeftovers(path: string): void {
  const prefix = `${basename(path)}.new-`;
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(prefix)) removeIfThere(join(dirname(path), name));
  }
}

/**
 * Moves a file out of the way, and overwrites nothing.
 *
 * @returns where it is now: `{path}.corrupt-{time}`
 */
export function setAside(path: string): string {
  const stamp = `${path}.corrupt-${new Date().toISOString().replaceAll(/[-:]/g, "")}`;
  let target = stamp;
  for (let count = 2; existsSync(target); count += 1) target = `${stamp}-${count}`;
  try {
    renameSync(path, target);
  } catch (error) {
    throw storageFailed(`The unreadable token cache ${path} cannot be moved away`, error);
  }
  return target;
}

const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(" ");

function openPlainFile(path: string): number | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for its other end. Windows lacks both flags: they count as 0.
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    if (systemCode(error) === "ELOOP") assertPlainFile(path, lstatSync(path, { bigint: true }));
    throw storageFailed(`The token cache ${path} cannot be read`, error);
  }
}

function assertPlainFile(path: string, stats: BigIntStats): void {
  if (stats.isFile()) return;
  const what = stats.isSymbolicLink()
    ? "a symbolic link"
    : stats.isDirectory()
      ? "a folder"
      : "no plain file";
  throw new PersistenceError(
    "not_private",
    `${path} is ${what}, and tokens are not written through it: remove it, or pass the directory it leads to.`,
  );
}

/** Two writes within one tick of the file system's clock must not look alike: each time is later than the one before. */
function laterThan(before: BigIntStats | undefined): number {
  return Math.max(Date.now(), before ? Math.round(Number(before.mtimeNs) / 1e6) + 1 : 0);
}

async function writeDurably(path: string, text: string, time: number): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.utimes(time / 1000, time / 1000);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function rename(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      // Windows does not replace a file that somebody, such as a virus scanner, has just opened.
      const busy = ["EPERM", "EACCES", "EBUSY"].includes(systemCode(error) ?? "");
      if (process.platform !== "win32" || !busy || attempt === 10) throw error;
      await delay(10 * attempt);
    }
  }
}

/** The new name is on the disk only when the folder is. Windows has no such call. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not written yet, or is a leftover that the next writer removes.
  }
}
