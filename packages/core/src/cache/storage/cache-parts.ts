import type { Observer } from "../../observer.js";
import type { TokenMemory } from "../memory/token-memory.js";
import type { ICachePlugin } from "./plugin.js";
import type { TokenStore } from "./token-store.js";

/** Dependencies of `CacheAccess`. */
export interface CacheParts {
  readonly memory: TokenMemory;
  /** Persists the cache as a whole. */
  readonly plugin?: ICachePlugin | undefined;
  /** Persists the cache by partition. */
  readonly store?: TokenStore | undefined;
  /** Whether to refuse or ignore stored content that is not a cache. */
  readonly onUnreadable: "refuse" | "ignore";
  /** Returns the time in milliseconds since the epoch. */
  readonly now: () => number;
  readonly warn: (message: string) => void;
  readonly observer?: () => Observer | undefined;
}
