import { observed, type Observer } from "../../observer.js";
import type { PartitionKey } from "../memory/partition-key.js";
import { accountsOf } from "../memory/find.js";
import type { TokenMemory } from "../memory/token-memory.js";
import type { HeldText } from "./held-text.js";
import { peerAccount, type PeerAccountEntity } from "../schema/key-value-store.js";
import { TokenCacheContext, type ICachePlugin, type ISerializableTokenCache } from "./plugin.js";
import type { AccountEntity } from "../schema/schema.js";

/** State of one access through a plugin, from `beforeCacheAccess` to the end of `afterCacheAccess`. */
export interface PluginSession {
  /** Whether the stored content is not a cache, and must be left unchanged. */
  unreadable: boolean;
  /** Whether the plugin is about to load the cache. */
  isLoading: boolean;
  /** A large document that the plugin has loaded, and that is still to be read. */
  pending: string | undefined;
  /** The account that the access concerns. */
  account: AccountEntity | undefined;
}

/** One access through a plugin. */
export interface PluginAccess {
  readonly memory: TokenMemory;
  readonly context: TokenCacheContext;
  readonly session: PluginSession;
  /** Told when the plugin fails. */
  readonly onFailure: (method: keyof ICachePlugin, error: unknown) => void;
  readonly observer?: Observer | undefined;
  /** Reads a large document. Called only if there is one. */
  readonly readPending: () => Promise<void>;
  readonly text: HeldText;
}

/**
 * Key of the account in a context. A registered symbol, because a plugin may come from another copy of this package,
 * with classes of its own.
 */
const ACCOUNT = Symbol.for("@tessera/core/accessed-account/v1");

/** Creates the context of an access: MSAL's fields, and the account that the access concerns. */
export function accessContext(
  cache: ISerializableTokenCache,
  writes: boolean,
  session: PluginSession,
): TokenCacheContext {
  const context = new TokenCacheContext(cache, writes);
  const get = (): PeerAccountEntity | undefined => session.account && peerAccount(session.account);
  return Object.defineProperty(context, ACCOUNT, { get });
}

/**
 * Returns the account that an access concerns, for plugins that choose a key by it. MSAL's contexts do not have it.
 */
export function accessedAccount(context: object): PeerAccountEntity | undefined {
  return (context as Readonly<Record<symbol, PeerAccountEntity | undefined>>)[ACCOUNT];
}

const BACKEND = { "tessera.cache.backend": "plugin" };

/**
 * Runs work on the cache between the plugin's load and save. A failure leaves the cache in memory unchanged.
 *
 * @param key the partition that the work concerns
 */
export async function throughPlugin<T>(
  plugin: ICachePlugin,
  { memory, context, session, onFailure, observer, readPending, text }: PluginAccess,
  key: PartitionKey,
  work: () => T,
): Promise<T> {
  const checkpoint = memory.checkpoint();
  let worked = false;
  const ask = async (method: "beforeCacheAccess" | "afterCacheAccess"): Promise<void> => {
    try {
      await plugin[method](context);
    } catch (error) {
      onFailure(method, error);
      throw error;
    }
  };
  try {
    await observed(observer, "cache_load", BACKEND, async () => {
      await ask("beforeCacheAccess");
      if (session.pending !== undefined) await readPending();
    });
    session.isLoading = false;
    const [before] = accountsOf(memory, key);
    const result = work();
    const [about = before] = accountsOf(memory, key);
    session.account = about?.entity;
    // Unreadable content must not be overwritten.
    if (session.unreadable) context.hasChanged = false;
    worked = true;
    const saving = context.cacheHasChanged ? observer : undefined;
    await observed(saving, "cache_save", BACKEND, async () => {
      const preparing = context.cacheHasChanged ? text.prepare() : undefined;
      if (preparing) await preparing;
      await ask("afterCacheAccess");
    });
    checkpoint.commit();
    return result;
  } catch (error) {
    checkpoint.rollBack();
    if (!worked) await afterFailure(plugin, context);
    throw error;
  }
}

/**
 * Maximum number of attempts. A process that is suspended for seconds during an access is rare; three times in a row
 * indicates another fault.
 */
const MAX_ATTEMPTS = 3;

/**
 * Repeats an access when the plugin lost its lock during it, because the unsaved change may hold a rotated refresh
 * token.
 */
export async function retryIfLockLost<T>(access: () => Promise<T>): Promise<T> {
  for (let left = MAX_ATTEMPTS - 1; left > 0; left -= 1) {
    try {
      return await access();
    } catch (error) {
      const isLockLost = error instanceof Error && "errorCode" in error && error.errorCode === "lock_lost";
      if (!isLockLost) throw error;
    }
  }
  return access();
}

/** Ends a failed access with nothing to save, because the plugin may hold a lock since `beforeCacheAccess`. */
async function afterFailure(plugin: ICachePlugin, context: TokenCacheContext): Promise<void> {
  context.hasChanged = false;
  try {
    await plugin.afterCacheAccess(context);
  } catch {
    // The caller learns of the first failure.
  }
}
