/**
 * The contract of a {@link TokenStore} as tests, for the authors of stores. They run with every test runner.
 *
 * @packageDocumentation
 */
import { type OpenTokenStore, type Tests, type TokenStoreTest } from "./testing/open-store.js";
import { partitionTests } from "./testing/partition-tests.js";
import { turnTests, unavailableTests } from "./testing/turn-tests.js";

export type { OpenTokenStore, TokenStoreTest };

/**
 * Returns the tests that every {@link TokenStore} must pass.
 *
 * @param open opens a store for one test. The tests of unavailability are among them if it can be cut off, which
 * `canCut` says
 * @example
 * ```ts
 * import { tokenStoreTests } from "@tessera/core/testing";
 * import { createMemoryTokenStore } from "@tessera/node";
 *
 * const tests = tokenStoreTests(async () => ({ store: createMemoryTokenStore() }));
 * // In a test file: for (const { name, run } of tests) test(name, run);
 * for (const { run } of tests.slice(0, 3)) await run();
 * ```
 */
export function tokenStoreTests(
  open: () => Promise<OpenTokenStore>,
  { canCut = false }: { readonly canCut?: boolean } = {},
): readonly TokenStoreTest[] {
  const tests: Tests = { ...partitionTests, ...turnTests, ...(canCut ? unavailableTests : {}) };
  return Object.entries(tests).map(([name, test]) => ({
    name,
    async run() {
      const { store, another = store, pass = waited, cut, close } = await open();
      try {
        await test({ store, another, pass, cut });
      } finally {
        await close?.();
      }
    },
  }));
}

function waited(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
