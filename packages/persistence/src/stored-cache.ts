import { storageFailed } from "./errors.js";
import { readPrivateFile, removeLeftovers, replaceFile, setAside } from "./private-file.js";
import type { PersistenceProblem, ProblemListener } from "./problem.js";
import type { Opened, Protection } from "./protection.js";
import { acquireLock, type HeldLock } from "./ticket-lock.js";

/** Milliseconds to wait for others to save. Each takes a few; whoever is killed is not waited for. */
const LOCK_TIMEOUT_MS = 30_000;

/** The cache on disk. */
export interface StoredCache {
  /**
   * The text of the cache, empty when there is none. Reads and decrypts only what has changed since, and needs no lock:
   * the file is only ever replaced whole. What cannot be read is set aside and reported.
   *
   * @throws PersistenceError
   */
  load(lock?: HeldLock): Promise<string>;
  /**
   * Saves a text, if it is another one than is there.
   *
   * @throws PersistenceError; what was stored is as before
   */
  save(text: string, lock: HeldLock): Promise<void>;
  /** The lock to hold from loading to saving. */
  lock(): Promise<HeldLock>;
}

interface Known {
  readonly identity: string | undefined;
  readonly text: string;
}

/**
 * Opens the cache in a file.
 *
 * @param path the file
 * @param lockFolder where its locks are
 */
export function openStoredCache(
  path: string,
  lockFolder: string,
  protection: Protection,
  report: ProblemListener,
): StoredCache {
  let known: Known | undefined;

  const read = async (): Promise<Known | Extract<Opened, { unreadable: unknown }>> => {
    const before = known;
    const content = await readPrivateFile(path, report, before?.identity);
    if (content === "known" && before) return before;
    if (typeof content !== "object") return { identity: undefined, text: "" };
    const opened = await protection.open(content.bytes);
    return "text" in opened ? { identity: content.identity, text: opened.text } : opened;
  };

  const current = async (lock: HeldLock | undefined): Promise<Known> => {
    const found = await read();
    if ("text" in found) return (known = found);
    // Another process may be about to do the same: only who has the lock moves it, and only if it is still unreadable.
    if (!lock) {
      const own = await cache.lock();
      try {
        return await current(own);
      } finally {
        own.release();
      }
    }
    const { unreadable } = found;
    const setAsideAs = await setAside(path);
    report({ code: unreadable, message: messageOf(unreadable, path, setAsideAs), path, setAsideAs });
    return (known = { identity: undefined, text: "" });
  };

  const cache: StoredCache = {
    async load(lock) {
      return (await current(lock)).text;
    },
    async save(text, lock) {
      // Not what was loaded last: a load that needs no lock may have ended since, with something older.
      const there = await current(lock);
      if (there.text === text && there.identity !== undefined) return;
      const content = await protection.seal(text, there.identity === undefined);
      known = { identity: await replaceFile(path, content, lock.isHeld), text };
    },
    async lock() {
      const lock = await acquireLock(lockFolder, "cache", { timeoutMs: LOCK_TIMEOUT_MS });
      try {
        removeLeftovers(path);
        return lock;
      } catch (error) {
        lock.release();
        throw storageFailed(`The token cache ${path} cannot be saved`, error);
      }
    },
  };
  return cache;
}

function messageOf(unreadable: PersistenceProblem["code"], path: string, setAsideAs: string): string {
  const why =
    unreadable === "key_lost"
      ? "was encrypted with a key that is no longer in the keychain"
      : "is damaged, or is no token cache";
  return `The token cache ${path} ${why}. It was set aside as ${setAsideAs}; users have to sign in again.`;
}
