import { LRUCache } from "lru-cache";
import type { Clock } from "./clock.js";

/** Options of a {@link BoundedMap}. */
export interface BoundedMapOptions<V> {
  /** Clock by which entries with a time to live expire. Required if any entry has one. */
  readonly clock?: Clock;
  /** Called for each evicted entry. */
  readonly onEvicted?: (key: string, value: V) => void;
}

/** The members of a {@link BoundedMap} that a memory of answers needs. */
export type BoundedMemory<V extends object | number | boolean> = Pick<
  BoundedMap<V>,
  "get" | "set" | "delete"
>;

/** Creates a {@link BoundedMap} for another package: a class in two builds would be two types. */
export function boundedMemory<V extends object | number | boolean>(
  max: number,
  clock: Pick<Clock, "now">,
): BoundedMemory<V> {
  return new BoundedMap<V>(max, { clock });
}

/**
 * A map that evicts the least recently used entry when it is full. It allocates memory as it fills, and none while
 * empty, because most of an application's maps are never used by a program whose tokens are cached.
 */
export class BoundedMap<V extends object | number | boolean> {
  readonly #max: number;
  readonly #options: BoundedMapOptions<V>;
  #entries: LRUCache<string, V> | undefined;

  /** @param max maximum number of entries */
  constructor(max: number, options: BoundedMapOptions<V> = {}) {
    this.#max = Math.min(max, Number.MAX_SAFE_INTEGER);
    this.#options = options;
  }

  /** The number of entries, including those that have expired since the last {@link purgeStale}. */
  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** Returns an entry and marks it as used. */
  get(key: string): V | undefined {
    return this.#entries?.get(key);
  }

  /** Returns an entry without marking it as used. */
  peek(key: string): V | undefined {
    return this.#entries?.peek(key);
  }

  /** @param ttl time to live in milliseconds; 0 for no expiry */
  set(key: string, value: V, ttl = 0): void {
    this.#entries ??= this.#create();
    this.#entries.set(key, value, { ttl });
  }

  delete(key: string): void {
    this.#entries?.delete(key);
  }

  /** Iterates over all entries, the least recently used first. */
  *oldestFirst(): Iterable<[string, V]> {
    if (this.#entries) yield* this.#entries.rentries() as Iterable<[string, V]>;
  }

  /** Returns the values, in the same order. */
  values(): Iterable<V> {
    return (this.#entries?.rvalues() ?? []) as Iterable<V>;
  }

  /** Removes expired entries, which are otherwise removed only when accessed. */
  purgeStale(): void {
    this.#entries?.purgeStale();
  }

  #create(): LRUCache<string, V> {
    const { clock, onEvicted } = this.#options;
    return new LRUCache<string, V>({
      // lru-cache's `max` would allocate all memory at once.
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
