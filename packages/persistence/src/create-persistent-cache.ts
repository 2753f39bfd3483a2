import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";
import type { ICachePlugin, TokenCacheContext } from "@tessera/core";
import { clearText } from "./clear.js";
import { dataFolder } from "./data-folder.js";
import { PersistenceError } from "./errors.js";
import { keychainEntry, keychainProtection } from "./keychain.js";
import type { MigrationSource } from "./migration.js";
import { passphraseProtection } from "./passphrase.js";
import { assertWritable, preparePrivateFolder } from "./private-folder.js";
import { warnOfProblem, type ProblemListener } from "./problem.js";
import type { Protection } from "./protection.js";
import { openStoredCache, type StoredCache } from "./stored-cache.js";
import { acquireLock, type HeldLock, type LockWait } from "./ticket-lock.js";

/** Options of {@link createPersistentCache}. */
export interface PersistentCacheOptions {
  /** Names the app in the platform's data folder and in the keychain: letters, digits, `.`, `_`, `-` and spaces. */
  readonly appName: string;
  /**
   * Absolute path of a folder for this cache alone. Default: `{data folder}/{appName}`, where the data folder is
   * `$XDG_DATA_HOME` or `~/.local/share`, `~/Library/Application Support`, `%LOCALAPPDATA%`.
   */
  readonly directory?: string;
  /**
   * - `"keychain"` (default): encrypted, the key in the operating system's keychain
   * - `{ passphrase }`: encrypted, the key made of a passphrase (scrypt); for machines without a keychain
   * - `"none"`: a clear file that only its owner may read
   */
  readonly protection?: "keychain" | { readonly passphrase: string } | "none";
  /** A cache of `@azure/msal-node-extensions` to take over, once; as it was configured there. */
  readonly migrateFrom?: MigrationSource;
  /** Told once of what was found and mended; default: `process.emitWarning`. */
  readonly onProblem?: ProblemListener;
}

/** A token cache on disk, for `cache.cachePlugin` of an application. */
export interface PersistentCache extends Required<ICachePlugin> {
  /** Path of the file. */
  readonly file: string;
}

/**
 * Opens a token cache that outlives the process, encrypted at rest, and shared by all processes of the app.
 *
 * ```ts
 * const cachePlugin = await createPersistentCache({ appName: "contoso-cli" });
 * const app = new PublicClientApplication({ auth, cache: { cachePlugin } });
 * ```
 *
 * It fails rather than to protect tokens less than was asked for. May be called by any number of processes at once.
 *
 * @throws PersistenceError `invalid_option`, `keychain_unavailable`, `keychain_locked`, `wrong_passphrase`, `not_private`,
 * `newer_format`, `storage_failed`, `lock_timeout`, `migration_failed`. The methods of the plugin throw the same, and
 * `lock_lost`
 */
export async function createPersistentCache(options: PersistentCacheOptions): Promise<PersistentCache> {
  const { appName, directory, protection, migrateFrom, onProblem } = checkedOptions(options);
  const folder = preparePrivateFolder(directory, onProblem);
  const lockFolder = join(folder, "locks");
  const alone = async <T>(work: () => Promise<T>): Promise<T> => exclusively(lockFolder, "key", {}, work);
  const chosen =
    protection === "keychain" ? await keychainProtection(keychainEntry(appName, folder), alone) : protection;
  const file = join(folder, chosen.fileName);
  const cache = openStoredCache(file, lockFolder, chosen, onProblem);
  // Whatever is wrong with the stored cache is found now, and not in the middle of a sign-in.
  if ((await cache.load()) === "") assertWritable(folder);
  if (migrateFrom) {
    const { migrateOnce } = await import("./migration.js");
    await migrateOnce(migrateFrom, cache, `${file}.migrated`);
  }
  return { file, ...accessTo(cache), aroundRefresh: refreshesOneByOne(lockFolder) };
}

/** Load before each access and save after it; who will write holds the lock from the one to the other. */
function accessTo(
  cache: StoredCache,
): Required<Pick<ICachePlugin, "beforeCacheAccess" | "afterCacheAccess">> {
  const locks = new WeakMap<TokenCacheContext, HeldLock>();
  return {
    async beforeCacheAccess(context) {
      const lock = context.cacheHasChanged ? await cache.lock() : undefined;
      try {
        context.tokenCache.deserialize(await cache.load(lock));
      } catch (error) {
        lock?.release();
        throw error;
      }
      if (lock) locks.set(context, lock);
    },
    async afterCacheAccess(context) {
      // There is none when the access only read, or when `beforeCacheAccess` failed: MSAL Node calls this all the same.
      const lock = locks.get(context);
      if (!lock) return;
      locks.delete(context);
      try {
        if (context.cacheHasChanged) await cache.save(context.tokenCache.serialize(), lock);
      } finally {
        lock.release();
      }
    },
  };
}

/** A refresh token that rotates must not be redeemed by two processes: the second waits, and finds the first one's token. */
function refreshesOneByOne(lockFolder: string): NonNullable<ICachePlugin["aroundRefresh"]> {
  return (partition, refresh, signal) => {
    const name = `refresh-${createHash("sha256").update(partition).digest("hex").slice(0, 16)}`;
    return exclusively(lockFolder, name, { signal }, refresh);
  };
}

async function exclusively<T>(
  folder: string,
  name: string,
  wait: LockWait,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await acquireLock(folder, name, wait);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

interface CheckedOptions {
  readonly appName: string;
  readonly directory: string;
  readonly protection: "keychain" | Protection;
  readonly migrateFrom: MigrationSource | undefined;
  readonly onProblem: ProblemListener;
}

function checkedOptions(options: PersistentCacheOptions): CheckedOptions {
  const {
    appName,
    directory,
    protection = "keychain",
    migrateFrom,
    onProblem = warnOfProblem,
  } = options ?? {};
  if (
    typeof appName !== "string" ||
    !/^(?=[\p{L}\p{N}])[\p{L}\p{N}._ -]{0,63}[\p{L}\p{N}_-]$/u.test(appName)
  ) {
    throw invalid(
      "appName",
      appName,
      "pass 1 to 64 letters, digits, dots, hyphens, underscores and spaces that begin with a letter or digit",
    );
  }
  if (directory !== undefined && !(typeof directory === "string" && isAbsolute(directory))) {
    throw invalid("directory", directory, "pass the absolute path of a folder, or leave it out");
  }
  const source: unknown = migrateFrom?.cachePath;
  if (migrateFrom !== undefined && !(typeof source === "string" && isAbsolute(source))) {
    throw invalid("migrateFrom", migrateFrom, "pass { cachePath } with the absolute path of the peer's file");
  }
  if (typeof onProblem !== "function") throw invalid("onProblem", onProblem, "pass a function");
  return {
    appName,
    directory: directory ?? dataFolder(appName),
    protection: checkedProtection(protection),
    migrateFrom,
    onProblem,
  };
}

function checkedProtection(
  protection: NonNullable<PersistentCacheOptions["protection"]>,
): "keychain" | Protection {
  if (protection === "keychain") return protection;
  if (protection === "none") return clearText;
  const passphrase: unknown = typeof protection === "object" ? protection?.passphrase : undefined;
  if (typeof passphrase === "string" && passphrase !== "") return passphraseProtection(passphrase);
  // What was given may hold the passphrase: it is not shown.
  throw new PersistenceError(
    "invalid_option",
    'protection is none of those there are: pass "keychain", { passphrase } with a text that is not empty, or "none".',
  );
}

function invalid(field: string, value: unknown, remedy: string): PersistenceError {
  return new PersistenceError(
    "invalid_option",
    `${field} is ${JSON.stringify(value) ?? "undefined"}: ${remedy}.`,
  );
}
