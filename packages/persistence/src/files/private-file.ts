import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  fsync,
  futimesSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  type BigIntStats,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { delay } from "../delay.js";
import { isPersistenceError, PersistenceError, storageFailed, systemCode } from "../errors.js";
import { nodeCrypto } from "../node-crypto.js";
import { assertOwned, isAccessibleToOthers, makePrivate } from "./private-folder.js";
import type { ProblemListener } from "../problem.js";

/** A file's content. */
export interface FileContent {
  /**
   * Identifies this version of the file without reading it: every {@link replaceFile} creates a new file with a later
   * modification time.
   */
  readonly identity: string;
  readonly bytes: Buffer;
}

/**
 * Reads a file that only the user may access (mode 0600). Access by others is revoked and reported.
 *
 * @param known the identity of a version that need not be read again
 * @returns the content, `"known"` for the known version, or `undefined` if there is no file
 * @throws PersistenceError `not_private` if the file belongs to another user or is not a regular file; `storage_failed`
 */
export async function readPrivateFile(
  path: string,
  report: ProblemListener,
  known?: string,
): Promise<FileContent | "known" | undefined> {
  // Opened before its attributes are read: opening reaches a file server, while attributes may be cached locally.
  const descriptor = await openPlainFile(path);
  if (descriptor === undefined) return undefined;
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    // Changing a file's permissions changes its identity.
    if (identityOf(stats) === known) return "known";
    assertPlainFile(path, stats);
    assertOwned(path, stats);
    if (isAccessibleToOthers(stats)) {
      makePrivate(path, 0o600, report, {
        change: (mode) => {
          fchmodSync(descriptor, mode);
        },
        look: () => fstatSync(descriptor),
      });
    }
    const identity = identityOf(fstatSync(descriptor, { bigint: true }));
    return { identity, bytes: readFileSync(descriptor) };
  } catch (error) {
    throw isPersistenceError(error) ? error : storageFailed(`The token cache ${path} cannot be read`, error);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Replaces a file atomically: after a crash at any moment, it has either the old or the new content. The caller must hold the
 * lock.
 *
 * @param mayReplace called immediately before the replacement; `false` cancels it
 * @returns the identity of the new file
 * @throws PersistenceError `lock_lost`, `not_private`, `storage_failed`
 */
export async function replaceFile(
  path: string,
  content: string | Buffer,
  mayReplace: () => boolean,
): Promise<string> {
  const temporary = `${path}.new-${nodeCrypto().randomBytes(6).toString("hex")}`;
  try {
    const before = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (before) assertPlainFile(path, before);
    await writeDurably(temporary, content, before);
    await retryWhileBusy(() => {
      if (!mayReplace()) {
        throw new PersistenceError(
          "lock_lost",
          "This process was suspended for so long that another one took over its lock; the token cache was not written.",
        );
      }
      renameSync(temporary, path);
    });
    await syncFolder(dirname(path));
    return identityOf(lstatSync(path, { bigint: true }));
  } catch (error) {
    removeIfExists(temporary);
    throw isPersistenceError(error) ? error : storageFailed(`The token cache ${path} cannot be saved`, error);
  }
}

/** Removes temporary files of processes that were killed in {@link replaceFile}. The caller must hold the lock. */
export function removeLeftovers(path: string): void {
  const own = basename(path);
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(own) && /\.new-[\da-f]{12}$/.test(name)) removeIfExists(join(dirname(path), name));
  }
}

/**
 * Renames a file without overwriting another one.
 *
 * @returns the new path, `{path}.corrupt-{time}`
 */
export async function setAside(path: string): Promise<string> {
  const stamp = `${path}.corrupt-${new Date().toISOString().replaceAll(/[-:]/g, "")}`;
  let target = stamp;
  for (let count = 2; existsSync(target); count += 1) target = `${stamp}-${count}`;
  try {
    await retryWhileBusy(() => {
      renameSync(path, target);
    });
  } catch (error) {
    throw storageFailed(`The unreadable token cache ${path} cannot be moved away`, error);
  }
  return target;
}

const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(" ");

async function openPlainFile(path: string): Promise<number | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    // Windows does not have these flags, which are then 0. It does not have named pipes in folders, and links are
    // checked explicitly.
    if (process.platform === "win32") assertNotLink(path);
    // Without O_NONBLOCK, opening a named pipe would block.
    return await retryWhileBusy(() => openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  } catch (error) {
    if (isPersistenceError(error)) throw error;
    if (systemCode(error) === "ENOENT") return undefined;
    if (["ELOOP", "EMLINK"].includes(systemCode(error) ?? "")) assertNotLink(path);
    throw storageFailed(`The token cache ${path} cannot be read`, error);
  }
}

function assertNotLink(path: string): void {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) assertPlainFile(path, stats);
}

function assertPlainFile(path: string, stats: BigIntStats): void {
  if (stats.isFile()) return;
  const kind = stats.isSymbolicLink()
    ? "a symbolic link"
    : stats.isDirectory()
      ? "a folder"
      : "not a regular file";
  throw new PersistenceError(
    "not_private",
    `${path} is ${kind}, and tokens are not written to it: remove it, or pass the directory it leads to.`,
  );
}

async function writeDurably(
  path: string,
  content: string | Buffer,
  before: BigIntStats | undefined,
): Promise<void> {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    writeFileSync(descriptor, content);
    if (before) ensureLaterTimestamp(before, descriptor);
    await sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Makes the modification time later than before, so that two versions always differ, even within one tick of the file system's
 * clock or after the clock was set back. The coarsest file systems have a resolution of two seconds.
 */
function ensureLaterTimestamp(before: BigIntStats, descriptor: number): void {
  for (const later of [1, 2000]) {
    if (fstatSync(descriptor, { bigint: true }).mtimeNs > before.mtimeNs) return;
    const time = (Math.round(Number(before.mtimeNs) / 1e6) + later) / 1000;
    futimesSync(descriptor, time, time);
  }
}

/** Retries on Windows, which cannot open, replace or rename a file that another program, such as a virus scanner, has open. */
async function retryWhileBusy<T>(work: () => T): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return work();
    } catch (error) {
      const busy = ["EPERM", "EACCES", "EBUSY"].includes(systemCode(error) ?? "");
      if (process.platform !== "win32" || !busy || attempt === 20) throw error;
      await delay(10 * attempt);
    }
  }
}

/** Flushes the folder, without which the new name is not durable. Windows and some network file systems do not support it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, constants.O_RDONLY);
  try {
    await sync(descriptor);
  } catch (error) {
    if (!["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(systemCode(error) ?? "")) throw error;
  } finally {
    closeSync(descriptor);
  }
}

function sync(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(descriptor, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function removeIfExists(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It does not exist yet, or the next writer removes it.
  }
}
