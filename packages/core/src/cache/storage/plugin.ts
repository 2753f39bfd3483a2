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
  /**
   * Called after every access: when `cacheHasChanged`, store `tokenCacheContext.tokenCache.serialize()`. An error with the
   * `errorCode` `lock_lost` says that others may have stored something since `beforeCacheAccess`, and that nothing was
   * stored now: Tessera loads that, and does the access again.
   */
  afterCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  /**
   * Runs a refresh while no other process refreshes the same user: a refresh token that rotates must not be redeemed twice.
   * The cache is loaded again when it is this one's turn, and the token of another process is found there. MSAL has no such
   * method; a plugin without it is for one process, or for refresh tokens that do not rotate.
   *
   * @param partition names the user; equal in all processes
   * @param refresh what to run, once
   * @param signal lets the caller leave while it waits
   */
  aroundRefresh?<T>(partition: string, refresh: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}
