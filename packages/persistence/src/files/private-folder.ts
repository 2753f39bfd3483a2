import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  realpathSync,
  statSync,
  type Stats,
} from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import { PersistenceError, storageFailed, systemCode } from "../errors.js";
import type { ProblemListener } from "../problem.js";

/** Permission bits of group and others. */
const OTHERS = 0o077;
const STICKY = 0o1000;

/**
 * Creates a folder if necessary, and makes sure that only the user can access it (mode 0700). On Windows, a folder inherits
 * the access rights of its parent, and nothing is checked.
 *
 * @returns its real path
 * @throws PersistenceError `not_private`, `storage_failed`
 */
export function preparePrivateFolder(folder: string, report: ProblemListener): string {
  const { path, stats } = openFolder(folder);
  assertOwned(path, stats);
  if (isAccessibleToOthers(stats)) {
    if (stats.mode & STICKY || isHome(path) || path === dirname(path)) {
      throw new PersistenceError(
        "not_private",
        `${path} is not a folder for one app: pass a directory of its own.`,
      );
    }
    makePrivate(path, 0o700, report, {
      change: (mode) => {
        chmodSync(path, mode);
      },
      look: () => statSync(path),
    });
  }
  return path;
}

/** @throws PersistenceError `storage_failed` if the folder is not writable */
export function assertWritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw storageFailed(`The token cache cannot be saved in ${folder}`, error);
  }
}

/** @throws PersistenceError `not_private` if the file or folder belongs to another user */
export function assertOwned(path: string, { uid }: { readonly uid: number | bigint }): void {
  // Files are created with the effective user ID.
  const own = process.geteuid?.();
  if (own === undefined || BigInt(own) === BigInt(uid)) return;
  throw new PersistenceError(
    "not_private",
    `${path} belongs to another user (uid ${uid}, this process has ${own}): run as that user, or pass another directory.`,
  );
}

/** Whether users other than the owner have any access. */
export function isAccessibleToOthers({ mode }: { readonly mode: number | bigint }): boolean {
  return process.platform !== "win32" && (Number(mode) & OTHERS) !== 0;
}

/** Changes and reads the mode of a file or folder. */
export interface Permissions {
  readonly change: (mode: number) => void;
  readonly look: () => { readonly mode: number };
}

/**
 * Revokes the access of other users, and reports it.
 *
 * @throws PersistenceError `not_private` if that is not possible
 */
export function makePrivate(
  path: string,
  mode: number,
  report: ProblemListener,
  permissions: Permissions,
): void {
  let reason: unknown;
  try {
    permissions.change(mode);
  } catch (error) {
    reason = error;
  }
  // Some file systems ignore permission changes without an error.
  if (isAccessibleToOthers(permissions.look())) {
    throw new PersistenceError(
      "not_private",
      `Other users can access ${path}, and that cannot be changed: pass a directory on a file system with permissions.`,
      reason,
    );
  }
  const message = `${path} was accessible to other users of this machine; its mode is now ${mode.toString(8).padStart(4, "0")}.`;
  report({ code: "permissions_repaired", message, path });
}

function isHome(path: string): boolean {
  try {
    return path === realpathSync.native(homedir());
  } catch {
    // The user does not have a home folder.
    return false;
  }
}

function openFolder(folder: string): { readonly path: string; readonly stats: Stats } {
  try {
    makeFolder(folder);
    // Use the system's spelling: if "Data" and "data" are the same folder, they must have the same key in the
    // keychain.
    const path = realpathSync.native(folder);
    return { path, stats: statSync(path) };
  } catch (error) {
    throw storageFailed(`The folder of the token cache, ${folder}, cannot be created`, error);
  }
}

/**
 * Creates a folder and its parents. `mkdirSync` with `recursive` would loop forever if the system reports ENOENT for a new name
 * in an existing folder, as `/proc` does.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    const parent = dirname(path);
    const parentExists = parent === path || lstatSync(parent, { throwIfNoEntry: false }) !== undefined;
    if (systemCode(error) !== "ENOENT" || parentExists) throw error;
    makeFolder(parent);
    makeFolder(path);
  }
}
