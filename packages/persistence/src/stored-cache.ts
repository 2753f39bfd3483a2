import { storageFailed } from "./errors.js";
import { readPrivateFile, removeLeftovers, replaceFile, setAside } from "./files/private-file.js";
import type { PersistenceProblem, ProblemListener } from "./problem.js";
import type { OpenResult, Protection } from "./protection/protection.js";
import { acquireLock, type HeldLock } from "./lock/ticket-lock.js";

/** How long to wait for other processes to save, in milliseconds. Saving takes a few; killed processes are not waited for. */
const LOCK_TIMEOUT_MS = 30_000;

/** The cache on disk. */
export interface StoredCache {
  /**
   * Returns the serialized cache, empty if there is none. Reads and decrypts the file only if it has changed. No lock is
   * required, since the file is always replaced atomically. An unreadable file is set aside and reported.
   *
   * @throws PersistenceError
   */
  load(lock?: HeldLock): Promise<string>;
  /**
   * Saves the serialized cache if it differs from the stored one.
   *
   * @throws PersistenceError; the stored cache is unchanged
   */
  save(text: string, lock: HeldLock): Promise<void>;
  /** Acquires the lock, to be held from loading to saving. */
  lock(): Promise<HeldLock>;
}

interface CachedContent {
  readonly identity: string | undefined;
  readonly text: string;
}

/**
 * Opens the cache in a file.
 *
 * @param path path of the file
 * @param lockFolder folder of its locks
 */
export function openStoredCache(
  path: string,
  lockFolder: string,
  protection: Protection,
  report: ProblemListener,
): StoredCache {
  let known: CachedContent | undefined;

  const read = async (): Promise<CachedContent | Extract<OpenResult, { unreadable: unknown }>> => {
    const before = known;
    const content = await readPrivateFile(path, report, before?.identity);
    if (content === "known" && before) return before;
    if (typeof content !== "object") return { identity: undefined, text: "" };
    const opened = await protection.open(content.bytes);
    return "text" in opened ? { identity: content.identity, text: opened.text } : opened;
  };

  const current = async (lock: HeldLock | undefined): Promise<CachedContent> => {
    const found = await read();
    if ("text" in found) return (known = found);
    // Other processes may do the same: only the holder of the lock moves the file, if it is still unreadable.
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
    report({ code: unreadable, message: problemMessage(unreadable, path, setAsideAs), path, setAsideAs });
    return (known = { identity: undefined, text: "" });
  };

  const cache: StoredCache = {
    async load(lock) {
      return (await current(lock)).text;
    },
    async save(text, lock) {
      // Read again: a concurrent load without a lock may have cached older content.
      const stored = await current(lock);
      if (stored.text === text && stored.identity !== undefined) return;
      const content = await protection.seal(text, stored.identity === undefined);
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

function problemMessage(unreadable: PersistenceProblem["code"], path: string, setAsideAs: string): string {
  const why =
    unreadable === "key_lost"
      ? "was encrypted with a key that is no longer in the keychain"
      : "is damaged, or is not a token cache";
  return `The token cache ${path} ${why}. It was set aside as ${setAsideAs}; users have to sign in again.`;
}
