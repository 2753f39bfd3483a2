import { isObject, parseJsonObject } from "../encoding.js";
import type { PeerAccountEntity } from "./key-value-store.js";
import type { ICachePlugin, TokenCacheContext } from "./plugin.js";
import { TokenCache } from "./token-cache.js";

/** A key-value store such as Redis: MSAL's `ICacheClient`. */
export interface ICacheClient {
  /** The value of a key; empty when there is none. */
  get(key: string): Promise<string>;
  /** Stores a value, and returns it. */
  set(key: string, value: string): Promise<string>;
}

/** Says where the tokens of whoever is being served are kept: MSAL's `IPartitionManager`. */
// eslint-disable-next-line no-restricted-syntax -- the name MSAL gave it
export interface IPartitionManager {
  /** The key to load, known before anybody has signed in: usually from the session. */
  getKey(): Promise<string>;
  /** The key to save the tokens of an account under: usually its `homeAccountId`. */
  extractKey(accountEntity: PeerAccountEntity): Promise<string>;
}

/**
 * A cache plugin for a key-value store with one value per partition. What is loaded replaces what was in memory, so that
 * one client can serve many users: their partitions never mix.
 *
 * For new code a {@link TokenStore} does better: it is atomic, and needs no partition manager.
 */
export class DistributedCachePlugin implements ICachePlugin {
  readonly #client: ICacheClient;
  readonly #partitions: IPartitionManager;
  #loadedKey = "";

  /**
   * @param client the key-value store
   * @param partitionManager names the keys
   */
  constructor(client: ICacheClient, partitionManager: IPartitionManager) {
    this.#client = client;
    this.#partitions = partitionManager;
  }

  /** Loads the partition of whoever is being served. */
  async beforeCacheAccess(cacheContext: TokenCacheContext): Promise<void> {
    this.#loadedKey = await this.#partitions.getKey();
    const stored = this.#loadedKey ? await this.#client.get(this.#loadedKey) : "";
    cacheContext.tokenCache.deserialize(stored || "");
  }

  /** Saves what has changed under the key of the account it is about. */
  async afterCacheAccess(cacheContext: TokenCacheContext): Promise<void> {
    if (!cacheContext.cacheHasChanged) return;
    const cache = cacheContext.tokenCache;
    const account = cache instanceof TokenCache ? cache.accessedAccount : undefined;
    const key = account ? await this.#partitions.extractKey(account) : await this.#partitions.getKey();
    const text = cache.serialize();
    const known = key === this.#loadedKey ? "" : await this.#client.get(key);
    await this.#client.set(key, known ? overlaid(known, text) : text);
  }
}

/** A sign-in may save to another key than the one that was loaded: what is there already stays, save what is newer. */
function overlaid(known: string, fresh: string): string {
  const below = parseJsonObject(known) ?? {};
  const above = parseJsonObject(fresh) ?? {};
  const merged: Record<string, unknown> = { ...below };
  for (const [section, entities] of Object.entries(above)) {
    const base = below[section];
    merged[section] = isObject(base) && isObject(entities) ? { ...base, ...entities } : entities;
  }
  return JSON.stringify(merged);
}
