import { isObject } from "../../encoding.js";
import { overlaid, parseDocument, type CacheDocument } from "../schema/document.js";
import type { PeerAccountEntity } from "../schema/key-value-store.js";
import type { ICachePlugin, TokenCacheContext } from "./plugin.js";
import { accessedAccount } from "./plugin-session.js";
import { wrongType } from "../../request/field-types.js";
import { SECTIONS, type Section } from "../schema/schema.js";

/** A key-value store such as Redis: MSAL's `ICacheClient`. */
export interface ICacheClient {
  /** Returns the value of a key, or an empty string. */
  get(key: string): Promise<string>;
  /** Stores a value, and returns it. */
  set(key: string, value: string): Promise<string>;
}

/** Determines the store key of a user's tokens: MSAL's `IPartitionManager`. */
// eslint-disable-next-line no-restricted-syntax -- MSAL's name
export interface IPartitionManager {
  /** Returns the key to load, which must be known before sign-in, usually from the session. */
  getKey(): Promise<string>;
  /** Returns the key under which to save an account's tokens, usually its `homeAccountId`. */
  extractKey(accountEntity: PeerAccountEntity): Promise<string>;
}

/**
 * A cache plugin for a key-value store with one value per partition. Each access replaces the cache in memory with
 * one partition, so that one client can serve many users whose tokens never mix.
 *
 * New code should use a {@link TokenStore}, which is atomic and does not need a partition manager.
 *
 * @example
 * ```ts
 * const store = {
 *   get: async (key: string) => (await redis.get(key)) ?? "",
 *   set: async (key: string, value: string) => (await redis.set(key, value), value),
 * };
 * const cachePlugin = new DistributedCachePlugin(store, {
 *   getKey: async () => session.homeAccountId,
 *   extractKey: async ({ homeAccountId }) => homeAccountId,
 * });
 * const auth = { clientId, authority, clientSecret };
 * const app = new ConfidentialClientApplication({ auth, cache: { cachePlugin } });
 * ```
 */
export class DistributedCachePlugin implements ICachePlugin {
  readonly #client: ICacheClient;
  readonly #partitions: IPartitionManager;
  #loadedKey = "";

  /**
   * Creates a plugin that keeps one value per user in a key-value store.
   *
   * @param client the key-value store
   * @param partitionManager determines the keys
   */
  constructor(client: ICacheClient, partitionManager: IPartitionManager) {
    for (const name of ["get", "set"])
      if (!hasMethod(client, name)) throw wrongType("client", client, "an object with get and set");
    for (const name of ["getKey", "extractKey"])
      if (!hasMethod(partitionManager, name))
        throw wrongType("partitionManager", partitionManager, "an object with getKey and extractKey");
    this.#client = client;
    this.#partitions = partitionManager;
  }

  /**
   * Loads the current user's partition. Called by the library before each access.
   *
   * @example
   * ```ts
   * const context = new TokenCacheContext(app.getTokenCache(), false);
   * await cachePlugin.beforeCacheAccess(context);
   * ```
   */
  async beforeCacheAccess(cacheContext: TokenCacheContext): Promise<void> {
    this.#loadedKey = await this.#partitions.getKey();
    const stored = this.#loadedKey ? await this.#client.get(this.#loadedKey) : "";
    cacheContext.tokenCache.deserialize(stored || "");
  }

  /**
   * Saves a changed partition under the key of its account. Called by the library after each access.
   *
   * @example
   * ```ts
   * const context = new TokenCacheContext(app.getTokenCache(), true);
   * await cachePlugin.afterCacheAccess(context);
   * ```
   */
  async afterCacheAccess(cacheContext: TokenCacheContext): Promise<void> {
    if (!cacheContext.cacheHasChanged) return;
    const cache = cacheContext.tokenCache;
    const account = accessedAccount(cacheContext);
    const key = account ? await this.#partitions.extractKey(account) : await this.#partitions.getKey();
    if (!account || key === this.#loadedKey) {
      await this.#client.set(key, cache.serialize());
      return;
    }
    // The user who signed in may have another key than the loaded partition. Existing content under that key is kept,
    // and only this user's tokens are added to it.
    const stored = await this.#client.get(key);
    const below = parseDocument(stored || "");
    // Unreadable content is refused or ignored, as configured, and never overwritten.
    if (!below) cache.deserialize(stored);
    else await this.#client.set(key, JSON.stringify(overlaid(below, tokensOf(account, cache.serialize()))));
  }
}

/** Returns the part of a serialized cache that belongs to one user. */
function tokensOf({ homeAccountId }: PeerAccountEntity, text: string): CacheDocument {
  const document = parseDocument(text) ?? {};
  const own = (section: Section): Record<string, unknown> => {
    const entities = Object.entries(isObject(document[section]) ? document[section] : {});
    const isOwn = (entity: unknown): boolean =>
      section === "AppMetadata" || (isObject(entity) && entity["home_account_id"] === homeAccountId);
    return Object.fromEntries(entities.filter(([, entity]) => isOwn(entity)));
  };
  return Object.fromEntries(SECTIONS.map((section) => [section, own(section)]));
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, name) === "function";
}
