// proves: core/src/cache/storage/memory-token-store.ts, core/src/cache/storage/token-store.ts
import { describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore, type PartitionUpdate } from "@tessera/node";
import { storedDocument, storedNames } from "../support/stored.js";
import { createTestClock } from "../support/test-clock.js";

describe("the token store in memory", () => {
  const put = (document: string, timeToLive?: number): PartitionUpdate => ({
    document,
    group: "a",
    ...(timeToLive ? { timeToLive } : {}),
  });

  it.each<{
    readonly does: string;
    readonly changes: readonly PartitionUpdate[];
    readonly waits: number;
    readonly holds: string | undefined;
  }>([
    { does: "holds nothing at first", changes: [], waits: 0, holds: undefined },
    { does: "holds what was put there last", changes: [put("1"), put("2")], waits: 0, holds: "2" },
    {
      does: "holds what it has for ever, if not told otherwise",
      changes: [put("1")],
      waits: 1e9,
      holds: "1",
    },
    { does: "holds it no longer than told", changes: [put("1", 60)], waits: 60, holds: undefined },
    { does: "holds it until then", changes: [put("1", 60)], waits: 59, holds: "1" },
    {
      does: "holds it longer when it is put again",
      changes: [put("1", 60), put("1", 120)],
      waits: 60,
      holds: "1",
    },
    {
      does: "holds it as before when told to keep it",
      changes: [put("1", 60), "keep"],
      waits: 60,
      holds: undefined,
    },
    { does: "holds nothing that was removed", changes: [put("1"), "remove"], waits: 0, holds: undefined },
  ])("$does", async ({ changes, waits, holds }) => {
    const clock = createTestClock();
    const store = createMemoryTokenStore(clock);
    let before: string | undefined;
    for (const change of changes) {
      await store.update("a:1", (current) => {
        expect(current).toBe(before);
        return change;
      });
      before = change === "keep" ? before : change === "remove" ? undefined : change.document;
    }
    clock.advance(waits);
    expect(await storedDocument(store, "a:1")).toBe(holds);
    expect(await storedNames(store, "a")).toEqual(holds === undefined ? [] : ["a:1"]);
    expect(await storedNames(store, "b")).toEqual([]);
  });

  it("holds what it had when a change throws", async () => {
    const store = createMemoryTokenStore();
    await store.update("a", () => put("1"));
    const fails = store.update("a", () => {
      throw new Error("no");
    });
    await expect(fails).rejects.toThrow("no");
    expect(await storedDocument(store, "a")).toBe("1");
  });
});
