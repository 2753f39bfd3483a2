/**
 * State of which a process has one, however many copies of this package it has loaded: an ES module and a CommonJS module
 * are two. It is kept under a registered symbol. A change of its form needs a new name.
 *
 * @param name what it is and its version, such as `mutexes/v1`
 * @param make makes it when no copy has yet
 */
export function processWide<T>(name: string, make: () => T): T {
  const symbol = Symbol.for(`@tessera/core/${name}`);
  const shared: { [symbol: symbol]: unknown } = globalThis;
  return (shared[symbol] ??= make()) as T;
}
