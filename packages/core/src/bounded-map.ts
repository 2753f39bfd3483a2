import { LRUCache } from "lru-cache";

/**
 * A map that forgets the entry used longest ago when there are more than `max`. It takes memory as it fills; lru-cache's own
 * bound by count would take it all at once, and with it a good part of a program's start.
 */
export function boundedMap<V extends object | number | boolean>(
  max: number,
  options: Omit<LRUCache.OptionsMaxLimit<string, V, unknown>, "max"> = {},
): LRUCache<string, V> {
  return new LRUCache<string, V>({
    ...options,
    maxSize: Math.min(max, Number.MAX_SAFE_INTEGER),
    sizeCalculation: () => 1,
  });
}
