import { boundedMemory } from "@tessera/core/internal";
import type { WebStore } from "../web-store.js";

/** Maximum number of identifiers that a process without a store remembers. */
const MOST = 100_000;

/** Remembers what may be used once. */
export interface UsedOnce {
  /** Whether an identifier is used for the first time, in a number of seconds. */
  first(id: string, seconds: number): Promise<boolean>;
}

/** @param store remembers it for all processes; without one, each process remembers it for itself */
export function usedOnce(store: WebStore | undefined, now: () => number): UsedOnce {
  if (store) return { first: async (id, seconds) => isFirstIn(store, id, seconds) };
  const used = boundedMemory<true>(MOST, { now });
  return {
    async first(id, seconds) {
      if (used.get(id)) return false;
      used.set(id, true, seconds * 1000);
      return true;
    },
  };
}

async function isFirstIn(store: WebStore, id: string, seconds: number): Promise<boolean> {
  if (store.add) return store.add(id, "used", seconds);
  if ((await store.get(id)) != null) return false;
  await store.set(id, "used", seconds);
  return true;
}
