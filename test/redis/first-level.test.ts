// What a process may know without asking: bounded, for a while, and never what has changed meanwhile.
// proves: redis/src/first-level.ts, redis/src/stats.ts
import { describe, expect, test } from "@jest/globals";
import { FirstLevel } from "../../packages/redis/src/first-level.js";
import { Counters } from "../../packages/redis/src/stats.js";

describe("the first level", () => {
  let time = 0;
  const opened = (options = { maxPartitions: 2, maxAgeMs: 1_000 }): FirstLevel => {
    time = 0;
    const level = new FirstLevel(options, () => time);
    level.open(true);
    return level;
  };
  const learn = (level: FirstLevel, partition: string, version: string): void =>
    level.answered(level.ask(partition, `key of ${partition}`), version);

  test("knows the version that the server has said, and no other", () => {
    const level = opened();
    learn(level, "a", "1");
    expect(level.isCurrent("a", "1")).toBe(true);
    expect(level.isCurrent("a", "0")).toBe(false);
    expect(level.isCurrent("b", "1")).toBe(false);
    learn(level, "a", "2");
    expect([level.isCurrent("a", "1"), level.isCurrent("a", "2")]).toEqual([false, true]);
  });

  test("knows it until it is too old", () => {
    const level = opened();
    learn(level, "a", "1");
    time = 999;
    expect(level.isCurrent("a", "1")).toBe(true);
    time = 1_000;
    expect(level.isCurrent("a", "1")).toBe(false);
  });

  test("knows a bounded number of partitions, and drops the one that was asked for longest ago", () => {
    const level = opened();
    learn(level, "a", "1");
    learn(level, "b", "1");
    level.isCurrent("a", "1");
    learn(level, "c", "1");
    expect(["a", "b", "c"].filter((name) => level.isCurrent(name, "1"))).toEqual(["a", "c"]);
    expect(level.size).toBe(2);
    // A message about one that was dropped, or that was never known, does nothing.
    level.changed("key of b");
    level.changed("key of x");
    expect(level.size).toBe(2);
  });

  test.each<[string, (level: FirstLevel) => void, readonly string[]]>([
    ["a change", (level) => level.changed("key of a"), ["b"]],
    ["a flush", (level) => level.clear(), []],
    ["the loss of the connection", (level) => level.open(false), []],
    ["its return", (level) => level.open(true), []],
    ["its removal", (level) => level.answered(level.ask("a", "key of a"), undefined), ["b"]],
  ])("%s makes it forget", (_, happen, left) => {
    const level = opened();
    learn(level, "a", "1");
    learn(level, "b", "1");
    happen(level);
    expect(["a", "b"].filter((name) => level.isCurrent(name, "1"))).toEqual(left);
  });

  test.each<[string, (level: FirstLevel) => void]>([
    ["a change", (level) => level.changed("key of a")],
    ["a flush", (level) => level.clear()],
    ["the loss of the connection", (level) => level.open(false)],
    ["its return", (level) => level.open(true)],
  ])("an answer that was asked for before %s is not remembered after it", (_, happen) => {
    const level = opened();
    const question = level.ask("a", "key of a");
    const later = (): void => level.answered(level.ask("a", "key of a"), "2");
    happen(level);
    level.answered(question, "1");
    expect(level.isCurrent("a", "1")).toBe(false);
    level.open(true);
    later();
    expect(level.isCurrent("a", "2")).toBe(true);
  });

  test("nothing is remembered before changes are heard of", () => {
    const level = new FirstLevel({ maxPartitions: 2, maxAgeMs: 1_000 }, () => 0);
    const early = level.ask("a", "key of a");
    level.open(true);
    level.answered(early, "1");
    expect(level.isCurrent("a", "1")).toBe(false);
  });

  test("there may be none", () => {
    const level = new FirstLevel(undefined, () => 0);
    level.open(true);
    learn(level, "a", "1");
    level.changed("key of a");
    expect([level.isCurrent("a", "1"), level.size]).toEqual([false, 0]);
  });
});

describe("the figures of a store", () => {
  const now = { available: true, since: new Date(0), invalidatedBy: "age" } as const;

  test("name what is not saved until it is", () => {
    const counters = new Counters();
    counters.saved("a", false);
    counters.saved("a", false);
    counters.saved("b", false);
    expect(counters.snapshot(now).unsaved).toBe(2);
    counters.saved("a", true);
    expect(counters.snapshot(now).unsaved).toBe(1);
  });

  test("take a bounded amount of memory", () => {
    const counters = new Counters();
    for (let index = 0; index < 10_100; index += 1) counters.saved(`user ${index}`, false);
    expect(counters.snapshot(now).unsaved).toBe(10_000);
  });

  test("count failures by kind, and are a copy", () => {
    const counters = new Counters();
    counters.countError("timeout");
    counters.countError("READONLY");
    const before = counters.snapshot(now);
    counters.countError("timeout");
    expect([before.errors, counters.snapshot(now).errors]).toEqual([
      { timeout: 1, READONLY: 1 },
      { timeout: 2, READONLY: 1 },
    ]);
  });
});
