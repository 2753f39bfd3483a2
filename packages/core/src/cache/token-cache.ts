import type { AccountInfo } from "../account.js";
import { parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { accountProfiles } from "./account-info.js";
import type { Entry } from "./partition.js";
import { userPartition, type PartitionedCache, type PartitionKey } from "./partitioned-cache.js";

/** What a cache plugin may do with the cache: MSAL's `ISerializableTokenCache`. */
export interface ISerializableTokenCache {
  /** Takes over a serialised cache. */
  deserialize(cache: string): void;
  /** The whole cache as JSON. */
  serialize(): string;
}

/** Handed to an {@link ICachePlugin} around each access. */
export class TokenCacheContext {
  /** Whether the access writes. */
  hasChanged: boolean;
  /** The cache to load into or save from. */
  cache: ISerializableTokenCache;

  /**
   * @param tokenCache the cache
   * @param hasChanged whether the access writes
   */
  constructor(tokenCache: ISerializableTokenCache, hasChanged: boolean) {
    this.cache = tokenCache;
    this.hasChanged = hasChanged;
  }

  /** True when the cache has to be saved. */
  get cacheHasChanged(): boolean {
    return this.hasChanged;
  }

  /** The cache to load into or save from. */
  get tokenCache(): ISerializableTokenCache {
    return this.cache;
  }
}

/** Keeps the cache somewhere that outlives the process. */
export interface ICachePlugin {
  /** Called before every access: load what is stored with `tokenCacheContext.tokenCache.deserialize`. */
  beforeCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  /** Called after every access: when `cacheHasChanged`, store `tokenCacheContext.tokenCache.serialize()`. */
  afterCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
}

/** What {@link TokenCache} is made of. */
export interface TokenCacheParts {
  readonly cache: PartitionedCache;
  readonly plugin: ICachePlugin | undefined;
  readonly clientId: string;
  /** All hosts that mean the same identity provider as the given one. */
  readonly aliasesOf: (environment: string) => ReadonlySet<string>;
}

/**
 * The token cache of an application: accounts, and the whole cache as JSON. Accesses of one application are ordered:
 * with a plugin, each loads, works and saves before the next one starts.
 */
export class TokenCache implements ISerializableTokenCache {
  readonly #parts: TokenCacheParts;
  #changed = false;
  #inSession = false;
  #last: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(parts: TokenCacheParts) {
    this.#parts = parts;
  }

  /** The plugin of the application, if there is one. */
  get persistence(): ICachePlugin | undefined {
    return this.#parts.plugin;
  }

  /** Whether tokens were written or removed since the last {@link serialize}. */
  hasChanged(): boolean {
    return this.#changed;
  }

  /** The whole cache as JSON in the unified MSAL schema. Holds tokens: keep it as secret as they are. */
  serialize(): string {
    this.#changed = false;
    return JSON.stringify(this.#parts.cache.document());
  }

  /**
   * Takes over a serialised cache. Inside a plugin's `beforeCacheAccess` it replaces what is in memory, elsewhere it is
   * added to it. An empty text is an empty cache.
   *
   * @param cache JSON of any MSAL library
   * @throws ClientAuthError `invalid_cache_content` when it is not JSON of an object; memory is unchanged then
   */
  deserialize(cache: string): void {
    const document = cache ? parseJsonObject(cache) : {};
    if (!document) {
      throw clientAuthError(
        "invalid_cache_content",
        "The serialised token cache is not the JSON text of an object: it is corrupt, or encrypted, or something else.",
      );
    }
    this.#parts.cache.load(document, this.#inSession);
  }

  /** Every known user, one entry for each tenant the user is known in. */
  async getAllAccounts(): Promise<AccountInfo[]> {
    return this.read(() => [...this.#parts.cache.accounts()].flatMap(({ key, entry }) => this.#profiles(key, entry)));
  }

  /** The user with a home account id, or `null`. */
  async getAccountByHomeId(homeAccountId: string): Promise<AccountInfo | null> {
    if (!homeAccountId) return null;
    const key = userPartition(homeAccountId);
    return this.read(() => {
      const entry = this.#parts.cache.findAccount(key);
      return (entry && this.#profiles(key, entry)[0]) ?? null;
    });
  }

  /** The user with an id in some tenant, or `null`. */
  async getAccountByLocalId(localAccountId: string): Promise<AccountInfo | null> {
    if (!localAccountId) return null;
    const accounts = await this.getAllAccounts();
    return accounts.find((account) => account.localAccountId === localAccountId) ?? null;
  }

  /** Forgets a user: account and all tokens, under every host of the identity provider. */
  async removeAccount(account: AccountInfo): Promise<void> {
    await this.write(() =>
      this.#parts.cache.removeUser(userPartition(account.homeAccountId), this.#parts.aliasesOf(account.environment)),
    );
  }

  /** Looks into the cache, after the plugin has loaded it. @internal */
  async read<T>(look: () => T): Promise<T> {
    return this.#parts.plugin ? this.#session(this.#parts.plugin, false, look) : look();
  }

  /** Changes the cache between the plugin's load and its save. @internal */
  async write<T>(change: () => T): Promise<T> {
    const marked = (): T => {
      const result = change();
      this.#changed = true;
      return result;
    };
    return this.#parts.plugin ? this.#session(this.#parts.plugin, true, marked) : marked();
  }

  #session<T>(plugin: ICachePlugin, writes: boolean, work: () => T): Promise<T> {
    const context = new TokenCacheContext(this, writes);
    const session = this.#last.then(async () => {
      this.#inSession = true;
      try {
        await plugin.beforeCacheAccess(context);
        return work();
      } finally {
        this.#inSession = false;
        await plugin.afterCacheAccess(context);
      }
    });
    this.#last = session.catch(() => undefined);
    return session;
  }

  #profiles(key: PartitionKey, entry: Entry<"Account">): AccountInfo[] {
    const { cache, clientId, aliasesOf } = this.#parts;
    const environments = aliasesOf(entry.entity.environment);
    return accountProfiles(entry, (tenantId) =>
      cache.findIdToken({ partition: key, clientId, environments, realms: [tenantId.toLowerCase()] }),
    );
  }
}
