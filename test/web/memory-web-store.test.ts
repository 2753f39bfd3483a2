// The store in memory keeps the contract that Redis keeps.
// proves: web/src/memory-web-store.ts, web/src/web-store.ts
import { expect, test } from "@jest/globals";
import { createMemoryWebStore } from "@tessera/web";

test("a text is there until its time is over, and is taken by one caller", async () => {
  let now = 0;
  const store = createMemoryWebStore({ now: () => now });
  await store.set("a", "text", 10);
  now = 9_999;
  expect(await store.get("a")).toBe("text");
  expect(await Promise.all([store.take("a"), store.take("a")])).toEqual(["text", undefined]);
  await store.set("a", "text", 1);
  now += 1000;
  expect([await store.get("a"), await store.take("a")]).toEqual([undefined, undefined]);
});

test("a text is added once, and again when the first one has expired or was deleted", async () => {
  let now = 0;
  const store = createMemoryWebStore({ now: () => now });
  expect(await Promise.all([store.add("a", "1", 10), store.add("a", "2", 10)])).toEqual([true, false]);
  expect(await store.get("a")).toBe("1");
  now = 10_000;
  expect(await store.add("a", "3", 10)).toBe(true);
  await store.delete("a");
  expect(await store.add("a", "4", 10)).toBe(true);
});

test("what has expired is swept, and what has not stays", async () => {
  let now = 0;
  const store = createMemoryWebStore({ now: () => now });
  await store.set("stays", "text", 1_000_000);
  for (let at = 0; at < 5000; at += 1) {
    now += 1000;
    await store.set(`key ${at}`, "text", 1);
  }
  expect(await store.get("stays")).toBe("text");
});
