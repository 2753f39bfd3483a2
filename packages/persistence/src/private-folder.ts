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
import { PersistenceError, storageFailed, systemCode } from "./errors.js";
import type { ProblemListener } from "./problem.js";

/** Permission bits of anybody but the owner. */
const OTHERS = 0o077;
const STICKY = 0o1000;

/**
 * Makes sure that a folder is there, and that it is the user's alone (mode 0700). On Windows it has the permissions of the
 * folder it stands in, which are neither set nor checked.
 *
 * @returns its real path
 * @throws PersistenceError `not_private`, `storage_failed`
 */
export function preparePrivateFolder(folder: string, report: ProblemListener): string {
  const { path, stats } = openFolder(folder);
  assertOwned(path, stats);
  if (isOpenToOthers(stats)) {
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

/** @throws PersistenceError `storage_failed` when nothing can be written to a folder */
export function assertWritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw storageFailed(`The token cache cannot be saved in ${folder}`, error);
  }
}

/** @throws PersistenceError `not_private` when a file or folder belongs to another user */
export function assertOwned(path: string, { uid }: { readonly uid: number | bigint }): void {
  // Files belong to the effective user.
  const own = process.geteuid?.();
  if (own === undefined || BigInt(own) === BigInt(uid)) return;
  throw new PersistenceError(
    "not_private",
    `${path} belongs to another user (uid ${uid}, this process has ${own}): run as that user, or pass another directory.`,
  );
}

/** Whether anybody but the owner may read, write or enter. */
export function isOpenToOthers({ mode }: { readonly mode: number | bigint }): boolean {
  return process.platform !== "win32" && (Number(mode) & OTHERS) !== 0;
}

/** How to change the mode of a file or folder, and to see what became of it. */
export interface Permissions {
  readonly change: (mode: number) => void;
  readonly look: () => { readonly mode: number };
}

/**
 * Takes the permissions of others away, and tells of it.
 *
 * @throws PersistenceError `not_private` when that is not possible
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
  // Some file systems keep no permissions, and say nothing when they are changed.
  if (isOpenToOthers(permissions.look())) {
    throw new PersistenceError(
      "not_private",
      `${path} can be read by others, and that cannot be changed: pass a directory on a file system that keeps permissions.`,
      reason,
    );
  }
  const message = `${path} was open to other users of this machine; its mode is now ${mode.toString(8).padStart(4, "0")}.`;
  report({ code: "permissions_repaired", message, path });
}

function isHome(path: string): boolean {
  try {
    return path === realpathSync.native(homedir());
  } catch {
    // The user has none.
    return false;
  }
}

function openFolder(folder: string): { readonly path: string; readonly stats: Stats } {
  try {
    makeFolder(folder);
    // As the system spells it: where "Data" and "data" are one folder, the key in the keychain must be one, too.
    const path = realpathSync.native(folder);
    return { path, stats: statSync(path) };
  } catch (error) {
    throw storageFailed(`The folder of the token cache, ${folder}, cannot be made`, error);
  }
}

/**
 * Makes a folder, and those above it. Where the system says ENOENT for a new name in a folder that is there, as `/proc`
 * does, `mkdirSync` with `recursive` tries for ever.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    const above = dirname(path);
    const isAboveThere = above === path || lstatSync(above, { throwIfNoEntry: false }) !== undefined;
    if (systemCode(error) !== "ENOENT" || isAboveThere) throw error;
    makeFolder(above);
    makeFolder(path);
  }
}
