import { join } from "node:path";
import type { ICachePlugin, TokenCacheContext } from "@tessera/core";
import { keychainEntry, keychainProtection } from "./protection/keychain.js";
import { assertWritable, preparePrivateFolder } from "./files/private-folder.js";
import { isPersistenceError } from "./errors.js";
import { checkOptions, type PersistentCacheOptions } from "./options.js";
import { openStoredCache, type StoredCache } from "./stored-cache.js";
import { sentMark, shortHash } from "./lock/sent-mark.js";
import { acquireLock, type HeldLock, type LockWait } from "./lock/ticket-lock.js";

/** A token cache on disk, to pass as `cache.cachePlugin` to an application. */
export interface PersistentCache extends Required<ICachePlugin> {
  /** Absolute path of the cache file. */
  readonly file: string;
}

/**
 * Opens a persistent token cache, encrypted at rest and shared by all processes of the app.
 *
 * It fails instead of falling back to weaker protection. Any number of processes can call it at once.
 *
 * @param options `appName` is required
 * @returns a cache plugin for the configuration of an application; it also works with `@azure/msal-node`
 * @throws {PersistenceError} `invalid_option`, `keychain_unavailable`, `keychain_locked`, `wrong_passphrase`, `not_private`,
 * `newer_format`, `storage_failed`, `lock_timeout`, `migration_failed`. The methods of the plugin throw the same codes, and
 * `lock_lost`
 *
 * @example
 * ```ts
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { startLocalAuthority } from "@tessera/local-authority";
 * import { PublicClientApplication } from "@tessera/node";
 * import { createPersistentCache } from "@tessera/persistence";
 *
 * const authority = await startLocalAuthority();
 * const directory = await mkdtemp(join(tmpdir(), "contoso-cli-"));
 * // On a desktop, omit directory and protection: the key is then kept in the keychain.
 * const cachePlugin = await createPersistentCache({
 *   appName: "contoso-cli",
 *   directory,
 *   protection: { passphrase: "correct horse battery staple" },
 * });
 * const app = new PublicClientApplication({
 *   auth: { clientId: "c0c0c0c0-0000-4000-8000-0000000000a2", authority: authority.authorityUrl() },
 *   system: { ca: authority.caPem, proxy: false },
 *   cache: { cachePlugin },
 * });
 * console.log(await app.getAllAccounts()); // the users who signed in during earlier runs
 * await authority.close();
 * await rm(directory, { recursive: true });
 * ```
 */
export async function createPersistentCache(options: PersistentCacheOptions): Promise<PersistentCache> {
  const { appName, directory, protection, migrateFrom, onProblem } = checkOptions(options);
  const folder = preparePrivateFolder(directory, onProblem);
  const lockFolder = join(folder, "locks");
  const exclusive = async <T>(work: () => Promise<T>): Promise<T> => withLock(lockFolder, "key", {}, work);
  const chosen =
    protection === "keychain"
      ? await keychainProtection(keychainEntry(appName, folder), exclusive)
      : protection;
  const file = join(folder, chosen.fileName);
  const cache = openStoredCache(file, lockFolder, chosen, onProblem);
  // Problems with the stored cache surface now, not in the middle of a sign-in.
  if ((await cache.load()) === "") assertWritable(folder);
  if (migrateFrom) {
    const { migrateOnce } = await import("./migration/migration.js");
    await migrateOnce(migrateFrom, cache, `${file}.migrated`);
  }
  return { file, ...cacheAccess(cache), aroundRefresh: serializeRefreshes(lockFolder) };
}

/** A write access, which holds the lock from loading to saving. */
interface WriteAccess {
  readonly lock: HeldLock;
  readonly ended: Promise<void>;
  readonly end: () => void;
}

/** Loads before each access and saves after it. */
function cacheAccess(
  cache: StoredCache,
): Required<Pick<ICachePlugin, "beforeCacheAccess" | "afterCacheAccess">> {
  const writeAccesses = new WeakMap<TokenCacheContext, WriteAccess>();
  let current: WriteAccess | undefined;

  const beginWriteAccess = async (): Promise<WriteAccess> => {
    const lock = await cache.lock();
    let end = lock.release;
    const ended = new Promise<void>((resolve) => {
      end = () => {
        lock.release();
        if (current === access) current = undefined;
        resolve();
      };
    });
    const access: WriteAccess = { lock, ended, end };
    current = access;
    return access;
  };

  return {
    async beforeCacheAccess(context) {
      if (!context.cacheHasChanged) {
        let text: string;
        // MSAL Node shares one memory among concurrent calls: loading must not overwrite changes it is about to save.
        do {
          await current?.ended;
          text = await cache.load();
        } while (current);
        context.tokenCache.deserialize(text);
        return;
      }
      const access = await beginWriteAccess();
      try {
        context.tokenCache.deserialize(await cache.load(access.lock));
        writeAccesses.set(context, access);
      } catch (error) {
        access.end();
        throw error;
      }
    },
    async afterCacheAccess(context) {
      // Absent for a read access, and if `beforeCacheAccess` failed: MSAL Node calls this method regardless.
      const access = writeAccesses.get(context);
      if (!access) return;
      writeAccesses.delete(context);
      try {
        if (context.cacheHasChanged) await cache.save(context.tokenCache.serialize(), access.lock);
      } finally {
        access.end();
      }
    },
  };
}

/** How long a refresh of a process that is known to run is waited for, in milliseconds: none takes longer. */
const PATIENCE_MS = 60_000;

/**
 * Two processes must not redeem the same rotating refresh token: the second one waits, and then finds the first one's
 * new token. If the first one was killed after it had sent the token, or could not save the answer, the second one does not
 * send it again.
 */
function serializeRefreshes(lockFolder: string): NonNullable<ICachePlugin["aroundRefresh"]> {
  return (partition, refresh, signal) => {
    const name = `refresh-${shortHash(partition, 16)}`;
    // A suspended process may have sent the refresh token: the provider would take a second redemption for a theft.
    return withLock(lockFolder, name, { signal, patienceMs: PATIENCE_MS }, async ({ isHeld }) => {
      const mark = sentMark(lockFolder, name);
      let isUnsaved = false;
      try {
        return await refresh({ holds: async () => isHeld(), sends: (grant) => mark.put(grant) });
      } catch (error) {
        isUnsaved = isPersistenceError(error);
        throw error;
      } finally {
        if (!isUnsaved) mark.remove();
      }
    });
  };
}

async function withLock<T>(
  folder: string,
  name: string,
  wait: LockWait,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  const lock = await acquireLock(folder, name, wait);
  try {
    return await work(lock);
  } finally {
    lock.release();
  }
}
