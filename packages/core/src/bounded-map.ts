import type { Clock } from "./clock.js";

/** Options of a {@link BoundedMap}. */
export interface BoundedMapOptions<V> {
  /** Clock by which entries with a time to live expire. Required if any entry has one. */
  readonly clock?: Clock;
  /** Called for each evicted entry. */
  readonly onEvicted?: (key: string, value: V) => void;
}

/** An entry, between those that were used just before and just after it. */
interface Link<V> {
  readonly key: string;
  value: V;
  /** In milliseconds since the epoch. */
  expiresAt: number;
  older: Link<V> | undefined;
  newer: Link<V> | undefined;
}

/** A map that evicts the least recently used entry when it is full. It takes memory only as it fills. */
export class BoundedMap<V extends object | number | boolean> {
  readonly #max: number;
  readonly #options: BoundedMapOptions<V>;
  readonly #links = new Map<string, Link<V>>();
  #oldest: Link<V> | undefined;
  #newest: Link<V> | undefined;

  /** @param max maximum number of entries */
  constructor(max: number, options: BoundedMapOptions<V> = {}) {
    this.#max = max;
    this.#options = options;
  }

  /** The number of entries, including those that have expired since the last {@link purgeStale}. */
  get size(): number {
    return this.#links.size;
  }

  /** Returns an entry and marks it as used. */
  get(key: string): V | undefined {
    const link = this.#links.get(key);
    if (link === undefined) return undefined;
    if (this.#isStale(link)) {
      this.#remove(link);
      return undefined;
    }
    if (link !== this.#newest) {
      this.#unlink(link);
      this.#append(link);
    }
    return link.value;
  }

  /** Returns an entry without marking it as used. */
  peek(key: string): V | undefined {
    const link = this.#links.get(key);
    return link === undefined || this.#isStale(link) ? undefined : link.value;
  }

  /** @param ttl time to live in milliseconds; 0 for no expiry */
  set(key: string, value: V, ttl = 0): void {
    const expiresAt = ttl === 0 ? Infinity : this.#now() + ttl;
    const known = this.#links.get(key);
    if (known) {
      known.value = value;
      known.expiresAt = expiresAt;
      this.#unlink(known);
      this.#append(known);
      return;
    }
    const link: Link<V> = { key, value, expiresAt, older: undefined, newer: undefined };
    this.#links.set(key, link);
    this.#append(link);
    const oldest = this.#oldest;
    if (this.#links.size <= this.#max || !oldest) return;
    this.#remove(oldest);
    this.#options.onEvicted?.(oldest.key, oldest.value);
  }

  delete(key: string): void {
    const link = this.#links.get(key);
    if (link) this.#remove(link);
  }

  /** Iterates over all entries, the least recently used first. */
  *oldestFirst(): Iterable<[string, V]> {
    for (let link = this.#oldest; link; link = link.newer)
      if (!this.#isStale(link)) yield [link.key, link.value];
  }

  /** Removes expired entries, which are otherwise removed only when accessed. */
  purgeStale(): void {
    for (const link of this.#links.values()) if (this.#isStale(link)) this.#remove(link);
  }

  #now(): number {
    return this.#options.clock?.now() ?? 0;
  }

  /** The clock is asked only for an entry that expires. */
  #isStale({ expiresAt }: Link<V>): boolean {
    return expiresAt !== Infinity && this.#now() > expiresAt;
  }

  #remove(link: Link<V>): void {
    this.#links.delete(link.key);
    this.#unlink(link);
  }

  #unlink({ older, newer }: Link<V>): void {
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
  }

  #append(link: Link<V>): void {
    link.older = this.#newest;
    link.newer = undefined;
    if (this.#newest) this.#newest.newer = link;
    else this.#oldest = link;
    this.#newest = link;
  }
}
