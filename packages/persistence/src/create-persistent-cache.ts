import { isAbsolute, join } from "node:path";
import type { ICachePlugin, TokenCacheContext } from "@tessera/core";
import { clearText } from "./clear.js";
import { dataFolder } from "./data-folder.js";
import { PersistenceError } from "./errors.js";
import { keychainEntry, keychainProtection } from "./keychain.js";
import type { MigrationSource } from "./migration.js";
import { nodeCrypto } from "./node-crypto.js";
import { passphraseProtection } from "./passphrase.js";
import { assertWritable, preparePrivateFolder } from "./private-folder.js";
import { warnOfProblem, type PersistenceProblem, type ProblemListener } from "./problem.js";
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
   * - `"none"`: a clear file of mode 0600, which only its owner may read. On Windows the file has the permissions of its
   *   folder, which are neither set nor checked: keep it in the user's profile
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

/** An access that writes: it holds the lock from loading to saving. */
interface Writing {
  readonly lock: HeldLock;
  readonly ended: Promise<void>;
  readonly end: () => void;
}

/** Load before each access and save after it. */
function accessTo(
  cache: StoredCache,
): Required<Pick<ICachePlugin, "beforeCacheAccess" | "afterCacheAccess">> {
  const writings = new WeakMap<TokenCacheContext, Writing>();
  let current: Writing | undefined;

  const beginWriting = async (): Promise<Writing> => {
    const lock = await cache.lock();
    let end = lock.release;
    const ended = new Promise<void>((resolve) => {
      end = () => {
        lock.release();
        if (current === writing) current = undefined;
        resolve();
      };
    });
    const writing: Writing = { lock, ended, end };
    current = writing;
    return writing;
  };

  return {
    async beforeCacheAccess(context) {
      if (!context.cacheHasChanged) {
        let text: string;
        // MSAL Node has one memory for all that it does at once: what it is about to save must not be loaded over.
        do {
          await current?.ended;
          text = await cache.load();
        } while (current);
        context.tokenCache.deserialize(text);
        return;
      }
      const writing = await beginWriting();
      try {
        context.tokenCache.deserialize(await cache.load(writing.lock));
        writings.set(context, writing);
      } catch (error) {
        writing.end();
        throw error;
      }
    },
    async afterCacheAccess(context) {
      // There is none when the access only read, or when `beforeCacheAccess` failed: MSAL Node calls this all the same.
      const writing = writings.get(context);
      if (!writing) return;
      writings.delete(context);
      try {
        if (context.cacheHasChanged) await cache.save(context.tokenCache.serialize(), writing.lock);
      } finally {
        writing.end();
      }
    },
  };
}

/** A refresh token that rotates must not be redeemed by two processes: the second waits, and finds the first one's token. */
function refreshesOneByOne(lockFolder: string): NonNullable<ICachePlugin["aroundRefresh"]> {
  return (partition, refresh, signal) => {
    const name = `refresh-${nodeCrypto().createHash("sha256").update(partition).digest("hex").slice(0, 16)}`;
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
  if (typeof appName !== "string" || !isFolderName(appName)) {
    throw invalid(
      "appName",
      appName,
      "pass 1 to 64 letters, digits, dots, hyphens, underscores and spaces that begin with a letter or digit, and no name that Windows keeps for a device",
    );
  }
  if (directory !== undefined && !(typeof directory === "string" && isAbsolute(directory))) {
    throw invalid("directory", directory, "pass the absolute path of a folder, or leave it out");
  }
  const source: unknown = migrateFrom?.cachePath;
  if (migrateFrom !== undefined && !(typeof source === "string" && isAbsolute(source))) {
    // Not shown: in place of its path the cache itself may have been passed.
    throw new PersistenceError(
      "invalid_option",
      "migrateFrom has no absolute cachePath: pass { cachePath } with the absolute path of the peer's file.",
    );
  }
  if (typeof onProblem !== "function") throw invalid("onProblem", onProblem, "pass a function");
  return {
    appName,
    directory: directory ?? dataFolder(appName),
    protection: checkedProtection(protection),
    migrateFrom,
    onProblem: surviving(onProblem),
  };
}

/** A listener that throws or rejects does not keep the app from its tokens; and somebody should still know. */
function surviving(listener: (problem: PersistenceProblem) => unknown): ProblemListener {
  return (problem) => {
    new Promise((resolve) => {
      resolve(listener(problem));
    }).catch(() => {
      warnOfProblem(problem);
    });
  };
}

/** On every platform, so that an app that runs on one runs on the others. */
function isFolderName(name: string): boolean {
  if (/^(?:aux|con|nul|prn|com\d|lpt\d)(?:\.|$)/.test(name.toLowerCase())) return false;
  // The second expression takes half a millisecond to compile: most names do without.
  return (
    /^[A-Za-z\d](?:[\w. -]{0,62}[\w-])?$/.test(name) ||
    /^(?=[\p{L}\p{N}])[\p{L}\p{N}._ -]{0,63}[\p{L}\p{N}_-]$/u.test(name)
  );
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
