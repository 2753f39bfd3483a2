import type { WebStore } from "./web-store.js";

/** How many entries make a sweep worth its time. */
const SWEEP_FROM = 1000;

/**
 * Creates a {@link WebStore} in memory, for a website of one process, and for tests. A restart signs everybody out.
 *
 * @param clock what tells the time in milliseconds
 *
 * @example
 * ```ts
 * import { createMemoryWebStore } from "@tessera/web";
 *
 * const store = createMemoryWebStore();
 * await store.set("key", "text", 60);
 * await store.take("key"); // "text"
 * await store.take("key"); // undefined
 * ```
 */
export function createMemoryWebStore(clock: { now(): number } = Date): Required<WebStore> {
  const entries = new Map<string, { readonly text: string; readonly expiresAt: number }>();
  let sweepAt = SWEEP_FROM;
  const read = (key: string): string | undefined => {
    const entry = entries.get(key);
    return entry && entry.expiresAt > clock.now() ? entry.text : undefined;
  };
  const write = (key: string, text: string, seconds: number): void => {
    entries.set(key, { text, expiresAt: clock.now() + seconds * 1000 });
    if (entries.size < sweepAt) return;
    for (const [other, { expiresAt }] of entries) if (expiresAt <= clock.now()) entries.delete(other);
    // Twice what is left, so that sweeping costs the same per entry however many there are.
    sweepAt = Math.max(SWEEP_FROM, entries.size * 2);
  };
  return {
    get: async (key) => read(key),
    set: async (key, text, seconds) => write(key, text, seconds),
    take: async (key) => {
      const text = read(key);
      entries.delete(key);
      return text;
    },
    delete: async (key) => entries.delete(key),
    add: async (key, text, seconds) => {
      if (read(key) !== undefined) return false;
      write(key, text, seconds);
      return true;
    },
  };
}
