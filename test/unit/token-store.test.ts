// proves: core/src/cache/storage/memory-token-store.ts, core/src/cache/storage/token-store.ts, core/src/testing.ts,
// core/src/testing/open-store.ts, core/src/testing/partition-tests.ts, core/src/testing/turn-tests.ts
import { describe, expect, it } from "@jest/globals";
import { tokenStoreTests } from "@tessera/core/testing";
import { createMemoryTokenStore, type TokenStore } from "@tessera/node";
import { cuttable } from "../support/stored.js";
import { createTestClock } from "../support/test-clock.js";

describe("the token store in memory", () => {
  const tests = tokenStoreTests(
    async () => {
      const clock = createTestClock();
      const pass = async (seconds: number): Promise<void> => clock.advance(seconds);
      return { ...cuttable(createMemoryTokenStore(clock)), pass };
    },
    { canCut: true },
  );
  for (const { name, run } of tests) it(name, run);

  it("answers synchronously what it has", () => {
    const loaded = createMemoryTokenStore().load("a");
    expect(loaded).toBe("absent");
  });
});

describe("the contract of a token store", () => {
  const broken: readonly (readonly [string, string, (store: TokenStore) => Partial<TokenStore>])[] = [
    [
      "gives the wrong document",
      "holds nothing at first",
      () => ({ load: () => ({ document: "{}", version: "1" }) }),
    ],
    [
      "does not know what is unchanged",
      "says so when nothing has changed",
      (store) => ({ load: (partition) => store.load(partition) }),
    ],
    [
      "lets two changes interleave",
      "changes a partition atomically",
      (store) => ({
        async update(partition, change) {
          const found = await store.load(partition);
          const update = change(typeof found === "object" ? found.document : undefined);
          await new Promise(setImmediate);
          return store.update(partition, () => update);
        },
      }),
    ],
    [
      "lists everything",
      "lists a group, page by page",
      (store) => ({ list: (_, cursor) => store.list("group", cursor) }),
    ],
    [
      "lists the first page only",
      "lists a group, page by page",
      (store) => ({ list: async (group) => firstPage(await store.list(group)) }),
    ],
    [
      "gives everybody a turn",
      "runs work of a name one at a time, in all processes",
      () => ({ inTurn: (_, { run }) => run({ holds: async () => true }) }),
    ],
    [
      "does not ask those that wait",
      "ends the wait of all as soon as the outcome is there",
      (store) => ({
        inTurn: (name, { run }, signal) => store.inTurn(name, { found: async () => undefined, run }, signal),
      }),
    ],
    [
      "does not fence",
      "stores nothing for a turn that is over",
      (store) => ({ update: (partition, change) => store.update(partition, change) }),
    ],
    [
      "lets nobody leave",
      "lets a caller leave while it waits",
      (store) => ({ inTurn: (name, work) => store.inTurn(name, work) }),
    ],
    [
      "confuses names",
      "takes every name",
      (store) => ({ load: (partition, held) => store.load(partition.trim(), held) }),
    ],
    [
      "keeps everything for ever",
      "forgets what is useless",
      (store) => ({
        update: (partition, change, turn) =>
          store.update(
            partition,
            (current) => {
              const update = change(current);
              if (typeof update === "string") return update;
              return { document: update.document, group: update.group };
            },
            turn,
          ),
      }),
    ],
  ];
  it.each(broken)("is not kept by a store that %s: %s", async (_, noticed, breaks) => {
    const tests = tokenStoreTests(async () => {
      const clock = createTestClock();
      const store = createMemoryTokenStore(clock);
      const pass = async (seconds: number): Promise<void> => clock.advance(seconds);
      return { store: { ...store, ...breaks(store) }, pass };
    });
    const test = tests.find(({ name }) => name === noticed);
    await expect(Promise.race([test?.run(), endless()])).rejects.toThrow();
  });
});

/** A store that lets nobody leave lets a test wait for ever. */
async function endless(): Promise<void> {
  for (let turns = 0; turns < 5000; turns += 1) await new Promise(setImmediate);
  throw new Error("The test does not end.");
}

function firstPage<T extends object | string>(page: T): T {
  return typeof page === "object" ? { ...page, cursor: undefined } : page;
}
