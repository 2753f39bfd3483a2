import type { Client, Clock } from "@tessera/core";
import { processWide, version } from "@tessera/core/internal";

/** What the applications of a process share: the cache, the failures, the concurrent requests, and the authority, by which the cache finds. */
export type Shared = Pick<Client, "authorities" | "cache" | "failures" | "flights">;

/**
 * Returns what all applications with a clock share. Tokens are cached by identity, so applications with different
 * identities do not see each other's.
 *
 * @param clock the application's own clock; the machine's if it has none
 * @param make creates the shared parts
 */
export function sharedBy(clock: Clock | undefined, make: () => Shared): Shared {
  const all = processWide(`managed-identities/${version}`, () => new WeakMap<object, Shared>());
  const key = clock ?? all;
  const known = all.get(key);
  if (known) return known;
  const { authorities, cache, failures, flights } = make();
  const shared = { authorities, cache, failures, flights };
  all.set(key, shared);
  return shared;
}
