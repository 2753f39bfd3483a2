import type { PartitionKey } from "../memory/partition-key.js";
import { accountsOf } from "../memory/find.js";
import type { TokenMemory } from "../memory/token-memory.js";
import { peerAccount, type PeerAccountEntity } from "../schema/key-value-store.js";
import { TokenCacheContext, type ICachePlugin, type ISerializableTokenCache } from "./plugin.js";
import type { AccountEntity } from "../schema/schema.js";

/** What is known of an access while it lasts: from a plugin's `beforeCacheAccess` to the end of its `afterCacheAccess`. */
export interface PluginSession {
  /** What is stored is not a cache, and is to be left as it is. */
  unreadable: boolean;
  /** The account the access is about. */
  account: AccountEntity | undefined;
}

/** One access through a plugin. */
export interface PluginAccess {
  readonly memory: TokenMemory;
  readonly context: TokenCacheContext;
  readonly session: PluginSession;
  /** Told when the plugin fails. */
  readonly onFailure: (method: keyof ICachePlugin, error: unknown) => void;
}

/** Where a context keeps the account; a plugin may come from another copy of this package, whose classes are others. */
const ACCOUNT = Symbol.for("@tessera/core/accessed-account/v1");

/** The context of an access: what MSAL puts into it, and the account the access is about. */
export function accessContext(
  cache: ISerializableTokenCache,
  writes: boolean,
  session: PluginSession,
): TokenCacheContext {
  const context = new TokenCacheContext(cache, writes);
  const get = (): PeerAccountEntity | undefined => session.account && peerAccount(session.account);
  return Object.defineProperty(context, ACCOUNT, { get });
}

/** The account an access is about, for plugins that choose a place by it; MSAL's contexts do not say it. */
export function accessedAccount(context: object): PeerAccountEntity | undefined {
  return (context as Readonly<Record<symbol, PeerAccountEntity | undefined>>)[ACCOUNT];
}

/**
 * Does work on the cache after the plugin has loaded it, and lets the plugin save it. A failure leaves memory as it was.
 *
 * @param key what the work is about
 */
export async function throughPlugin<T>(
  plugin: ICachePlugin,
  { memory, context, session, onFailure }: PluginAccess,
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
    await ask("beforeCacheAccess");
    const [before] = accountsOf(memory, key);
    const result = work();
    const [about = before] = accountsOf(memory, key);
    session.account = about?.entity;
    // What could not be read must not be overwritten.
    if (session.unreadable) context.hasChanged = false;
    worked = true;
    await ask("afterCacheAccess");
    checkpoint.commit();
    return result;
  } catch (error) {
    checkpoint.rollBack();
    if (!worked) await afterFailure(plugin, context);
    throw error;
  }
}

/** Standing still for seconds in the middle of an access is rare; three times in a row is another fault. */
const MOST_ACCESSES = 3;

/** Does an access again when the plugin's lock was lost on the way: what was to be saved may be a rotated refresh token. */
export async function untilLockKept<T>(access: () => Promise<T>): Promise<T> {
  for (let left = MOST_ACCESSES - 1; left > 0; left -= 1) {
    try {
      return await access();
    } catch (error) {
      const isLockLost = error instanceof Error && "errorCode" in error && error.errorCode === "lock_lost";
      if (!isLockLost) throw error;
    }
  }
  return access();
}

/** A plugin may hold a lock since `beforeCacheAccess`: it is told that the access is over, with nothing to save. */
async function afterFailure(plugin: ICachePlugin, context: TokenCacheContext): Promise<void> {
  context.hasChanged = false;
  try {
    await plugin.afterCacheAccess(context);
  } catch {
    // The caller learns of the first failure.
  }
}
