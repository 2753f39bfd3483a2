import type { Observer } from "../../observer.js";
import type { TokenMemory } from "../memory/token-memory.js";
import type { CacheDocument } from "../schema/document.js";
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

/** Dependencies of `StoredCache`. */
export interface StoredCacheParts {
  readonly store: TokenStore;
  readonly memory: TokenMemory;
  /** Parses a document. Returns `undefined` for an unreadable one that must be left unchanged. */
  readonly parse: (text: string) => CacheDocument | undefined;
  readonly now: () => number;
  readonly warn: (message: string) => void;
  readonly observer?: (() => Observer | undefined) | undefined;
}
