/**
 * State of which a process has one, however many copies of this package it has loaded: an ES module and a CommonJS module
 * are two. It stands under a registered symbol. Whoever changes its form gives it a new name.
 *
 * @param name what it is and its version, such as `mutexes/v1`
 * @param make makes it when no copy has yet
 */
export function processWide<T>(name: string, make: () => T): T {
  const symbol = Symbol.for(`@tessera/core/${name}`);
  const shared = globalThis as unknown as Record<symbol, unknown>;
  return (shared[symbol] ??= make()) as T;
}
