import { LRUCache } from "lru-cache";
import type { Clock } from "./clock.js";

/** What else a {@link BoundedMap} does. */
export interface BoundedMapOptions<V> {
  /** By which entries expire that were given a time to live; without it, none may be. */
  readonly clock?: Clock;
  /** Told of each entry that had to make room. */
  readonly onEvicted?: (key: string, value: V) => void;
}

/**
 * A map that forgets the entry used longest ago when there are too many. It takes memory as it fills, and none while it is
 * empty: most of an application's maps are never used by a program that finds its token in the cache.
 */
export class BoundedMap<V extends object | number | boolean> {
  readonly #max: number;
  readonly #options: BoundedMapOptions<V>;
  #entries: LRUCache<string, V> | undefined;

  /** @param max most entries */
  constructor(max: number, options: BoundedMapOptions<V> = {}) {
    this.#max = Math.min(max, Number.MAX_SAFE_INTEGER);
    this.#options = options;
  }

  /** The number of entries, also of those that have expired since the last {@link purgeStale}. */
  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** An entry, which counts as used. */
  get(key: string): V | undefined {
    return this.#entries?.get(key);
  }

  /** An entry, which does not count as used. */
  peek(key: string): V | undefined {
    return this.#entries?.peek(key);
  }

  /** @param ttl milliseconds; 0 for ever */
  set(key: string, value: V, ttl = 0): void {
    this.#entries ??= this.#create();
    this.#entries.set(key, value, { ttl });
  }

  delete(key: string): void {
    this.#entries?.delete(key);
  }

  /** All entries, the one used longest ago first. */
  *oldestFirst(): Iterable<[string, V]> {
    if (this.#entries) yield* this.#entries.rentries() as Iterable<[string, V]>;
  }

  /** Removes what has expired. It goes by itself only when it is asked for. */
  purgeStale(): void {
    this.#entries?.purgeStale();
  }

  #create(): LRUCache<string, V> {
    const { clock, onEvicted } = this.#options;
    return new LRUCache<string, V>({
      // lru-cache's own bound by count would take all the memory at once.
      maxSize: this.#max,
      sizeCalculation: () => 1,
      ...(clock && { ttl: 0, ttlResolution: 0, perf: clock }),
      ...(onEvicted && {
        disposeAfter: (value: V, key: string, reason: LRUCache.DisposeReason) => {
          if (reason === "evict") onEvicted(key, value);
        },
      }),
    });
  }
}
