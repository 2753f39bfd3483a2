import type { AuthorityResolver } from "../authority/resolver.js";
import { TokenMemory } from "../cache/memory/token-memory.js";
import type { ICachePlugin } from "../cache/storage/plugin.js";
import type { TokenStore } from "../cache/storage/token-store.js";
import { TokenCache } from "../cache/token-cache.js";
import type { Clock } from "../clock.js";
import type { Logger } from "../logger.js";
import type { Observer } from "../observer.js";

/** Where a client's tokens are cached. */
export interface CacheOptions {
  /** Persists the cache as a whole. Mutually exclusive with `store`. */
  readonly plugin?: ICachePlugin | undefined;
  /** Persists the cache by partition. */
  readonly store?: TokenStore | undefined;
  /**
   * Maximum number of partitions of each kind (users, apps per tenant, assertions) in memory; unlimited by default.
   */
  readonly maxPartitions?: number;
  /** Minimum remaining lifetime of a cached token, in seconds; 300 by default, or half of a shorter lifetime. */
  readonly renewalMarginSeconds?: number | undefined;
  /** Lifetime in seconds of an access token whose response has no `expires_in`; 3600 by default. */
  readonly defaultLifetimeSeconds?: number | undefined;
  /** Whether to refuse or ignore stored content that cannot be read; `"refuse"` by default. */
  readonly onUnreadable?: "refuse" | "ignore";
}

/** What the cache needs from its client. */
interface CacheContext {
  readonly clock: Clock;
  readonly authorities: AuthorityResolver;
  readonly logger: () => Logger;
  readonly observer: () => Observer | undefined;
}

/** Creates the token cache of a client. */
export function createCache(
  { clientId, cache: options = {} }: { readonly clientId: string; readonly cache?: CacheOptions },
  { clock, authorities, logger, observer }: CacheContext,
): TokenCache {
  const { plugin, store, maxPartitions = Number.MAX_SAFE_INTEGER, onUnreadable = "refuse" } = options;
  const warn = (message: string): void => logger().warning(message);
  const onForget = (): void => {
    warn(
      "A user with a refresh token was evicted because the cache is full: raise cache.maxPartitions, or use a store.",
    );
  };
  return new TokenCache({
    memory: new TokenMemory({ maxPartitions, clock, onForget }),
    plugin,
    store,
    onUnreadable,
    clientId,
    authorities,
    now: () => clock.now(),
    warn,
    observer,
  });
}
