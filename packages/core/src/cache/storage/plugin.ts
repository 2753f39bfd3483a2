import type { Turn } from "./token-store.js";

/** The cache as a plugin sees it: MSAL's `ISerializableTokenCache`. */
export interface ISerializableTokenCache {
  /** Loads a serialized cache. */
  deserialize(cache: string): void;
  /** Returns the whole cache as JSON. */
  serialize(): string;
}

/** Passed to an {@link ICachePlugin} before and after each access. */
export class TokenCacheContext {
  /** Whether the access writes. */
  hasChanged: boolean;
  /** The cache to load into or save from. */
  cache: ISerializableTokenCache;

  /**
   * Creates what a plugin receives. The library creates it; a plugin of your own does so in its tests.
   *
   * @param tokenCache the cache
   * @param hasChanged whether the access writes
   */
  constructor(tokenCache: ISerializableTokenCache, hasChanged: boolean) {
    this.cache = tokenCache;
    this.hasChanged = hasChanged;
  }

  /** Whether the cache must be saved. */
  get cacheHasChanged(): boolean {
    return this.hasChanged;
  }

  /** The cache to load into or save from. */
  get tokenCache(): ISerializableTokenCache {
    return this.cache;
  }
}

/** Persists the cache as a whole. */
export interface ICachePlugin {
  /** Called before every access, to load the stored cache with `tokenCacheContext.tokenCache.deserialize`. */
  beforeCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  /**
   * Called after every access, to store `tokenCacheContext.tokenCache.serialize()` when `cacheHasChanged` is true.
   * Throw an error with the `errorCode` `lock_lost` if another process may have stored a cache since
   * `beforeCacheAccess` and nothing was stored: Tessera then loads it and repeats the access.
   */
  afterCacheAccess(tokenCacheContext: TokenCacheContext): Promise<void>;
  /**
   * Runs a refresh while no other process refreshes the same user, because a rotating refresh token must not be
   * redeemed twice. The refresh loads the cache again and finds the token of a process that was first. MSAL does not
   * have this method; a plugin without it supports one process, or refresh tokens that do not rotate.
   *
   * @param partition identifies the user; the same in all processes
   * @param refresh runs the refresh; call it once, and with a turn if the plugin can tell whether the refresh still runs alone
   * @param signal lets the caller leave while waiting
   */
  aroundRefresh?<T>(
    partition: string,
    refresh: (turn?: Turn) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T>;
}
