/**
 * Returns state that exists once per process, under a registered symbol, even if several copies of this package are
 * loaded (the ES and CommonJS builds are two). If its format changes, it needs a new name.
 *
 * @param name name and version of the state, such as `mutexes/v1`
 * @param make creates the state if it does not exist yet
 */
export function processWide<T>(name: string, make: () => T): T {
  const symbol = Symbol.for(`@tessera/core/${name}`);
  const shared = globalThis as unknown as Record<symbol, unknown>;
  return (shared[symbol] ??= make()) as T;
}
