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
import { delay } from "./delay.js";
import { isPersistenceError, PersistenceError, storageFailed, systemCode } from "./errors.js";
import { nodeCrypto } from "./node-crypto.js";
import { assertOwned, isOpenToOthers, makePrivate } from "./private-folder.js";
import type { ProblemListener } from "./problem.js";

/** A file and what is in it. */
export interface FileContent {
  /**
   * Tells one content of a file from any other without reading it: every {@link replaceFile} makes a new file with a later
   * time.
   */
  readonly identity: string;
  readonly bytes: Buffer;
}

/**
 * Reads a file that must be the user's alone (mode 0600, except on Windows): what others could read is taken from them, and
 * reported.
 *
 * @param known the identity of a content that need not be read again
 * @returns what is there; `undefined` when there is no file
 * @throws PersistenceError `not_private` for another user's file, for a symbolic link and for all that is no plain file;
 * `storage_failed`
 */
export async function readPrivateFile(
  path: string,
  report: ProblemListener,
  known?: string,
): Promise<FileContent | "known" | undefined> {
  // Opened before it is looked at: a file server is asked then, and not this host's memory of it.
  const descriptor = await openPlainFile(path);
  if (descriptor === undefined) return undefined;
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    // Whoever takes the permissions of a file away or adds some changes its identity.
    if (identityOf(stats) === known) return "known";
    assertPlainFile(path, stats);
    assertOwned(path, stats);
    if (isOpenToOthers(stats)) {
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
 * Replaces a file whole: after a crash at any moment there is either the old content or the new. Only one process at a
 * time may do so.
 *
 * @param mayReplace asked at the last moment; `false` leaves everything as it was
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
    await patiently(() => {
      if (!mayReplace()) {
        throw new PersistenceError(
          "lock_lost",
          "This process stood still for so long that another one took its lock; the token cache was not written.",
        );
      }
      renameSync(temporary, path);
    });
    await syncFolder(dirname(path));
    return identityOf(lstatSync(path, { bigint: true }));
  } catch (error) {
    removeIfThere(temporary);
    throw isPersistenceError(error) ? error : storageFailed(`The token cache ${path} cannot be saved`, error);
  }
}

/** Removes what writers of a file, or of one beside it, left behind that were killed in {@link replaceFile}. Only for who alone may write. */
export function removeLeftovers(path: string): void {
  const own = basename(path);
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(own) && /\.new-[\da-f]{12}$/.test(name)) removeIfThere(join(dirname(path), name));
  }
}

/**
 * Moves a file out of the way, and overwrites nothing.
 *
 * @returns where it is now: `{path}.corrupt-{time}`
 */
export async function setAside(path: string): Promise<string> {
  const stamp = `${path}.corrupt-${new Date().toISOString().replaceAll(/[-:]/g, "")}`;
  let target = stamp;
  for (let count = 2; existsSync(target); count += 1) target = `${stamp}-${count}`;
  try {
    await patiently(() => {
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
    // Windows lacks these flags, which count as 0 then: it has no named pipes in folders, and links are looked for.
    if (process.platform === "win32") assertNoLink(path);
    // Without O_NONBLOCK, opening a named pipe would wait for its other end.
    return await patiently(() => openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  } catch (error) {
    if (isPersistenceError(error)) throw error;
    if (systemCode(error) === "ENOENT") return undefined;
    if (["ELOOP", "EMLINK"].includes(systemCode(error) ?? "")) assertNoLink(path);
    throw storageFailed(`The token cache ${path} cannot be read`, error);
  }
}

function assertNoLink(path: string): void {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) assertPlainFile(path, stats);
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

async function writeDurably(
  path: string,
  content: string | Buffer,
  before: BigIntStats | undefined,
): Promise<void> {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    writeFileSync(descriptor, content);
    if (before) setLaterThan(before, descriptor);
    await sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Two writes within one tick of the file system's clock must not look alike, nor after a clock was set back: each time is
 * later than the one before, if need be by the two seconds that the coarsest file systems can tell apart.
 */
function setLaterThan(before: BigIntStats, descriptor: number): void {
  for (const later of [1, 2000]) {
    if (fstatSync(descriptor, { bigint: true }).mtimeNs > before.mtimeNs) return;
    const time = (Math.round(Number(before.mtimeNs) / 1e6) + later) / 1000;
    futimesSync(descriptor, time, time);
  }
}

/** Windows does not open, replace or rename a file that somebody, such as a virus scanner, has just opened. */
async function patiently<T>(work: () => T): Promise<T> {
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

/** The new name is on the disk only when the folder is. Windows has no such call, nor have some network file systems. */
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

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not written yet, or is a leftover that the next writer removes.
  }
}
