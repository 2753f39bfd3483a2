// proves: core/src/bounded-map.ts
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { BoundedMap } from "../../packages/core/src/bounded-map.js";
import { createTestClock } from "../support/test-clock.js";
import "../support/property-seed.js";

const MAX = 3;
const key = fc.constantFrom("a", "b", "c", "d", "e");
const step = fc.oneof(
  fc.record({ do: fc.constant("set" as const), key, ttl: fc.constantFrom(0, 1000, 2000) }),
  fc.record({ do: fc.constantFrom("get" as const, "peek" as const, "delete" as const), key }),
  fc.record({ do: fc.constant("wait" as const) }),
  fc.record({ do: fc.constant("purge" as const) }),
);

interface Listed {
  readonly key: string;
  readonly value: number;
  readonly expiresAt: number;
}

describe("a bounded map, whatever is done with it", () => {
  it("agrees with a list in the order of use", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = createTestClock(0);
        const evicted: string[] = [];
        const expected: string[] = [];
        const map = new BoundedMap<number>(MAX, { clock, onEvicted: (name) => evicted.push(name) });
        let list: readonly Listed[] = [];
        const fresh = (name: string): Listed | undefined =>
          list.find((entry) => entry.key === name && entry.expiresAt >= clock.now());
        const without = (name: string): readonly Listed[] => list.filter((entry) => entry.key !== name);
        steps.forEach((one, value) => {
          if (one.do === "wait") clock.advance(1.5);
          if (one.do === "purge") {
            map.purgeStale();
            list = list.filter(({ expiresAt }) => expiresAt >= clock.now());
            expect(map.size).toBe(list.length);
          }
          if (one.do === "set") {
            map.set(one.key, value, one.ttl);
            const expiresAt = one.ttl === 0 ? Infinity : clock.now() + one.ttl;
            list = [...without(one.key), { key: one.key, value, expiresAt }];
            const [oldest] = list;
            if (list.length > MAX && oldest) {
              expected.push(oldest.key);
              list = list.slice(1);
            }
          }
          if (one.do === "delete") {
            map.delete(one.key);
            list = without(one.key);
          }
          if (one.do === "peek") expect(map.peek(one.key)).toBe(fresh(one.key)?.value);
          if (one.do === "get") {
            const found = fresh(one.key);
            expect(map.get(one.key)).toBe(found?.value);
            list = found ? [...without(one.key), found] : without(one.key);
          }
          const left = list.filter(({ expiresAt }) => expiresAt >= clock.now());
          expect([...map.oldestFirst()]).toEqual(left.map((entry) => [entry.key, entry.value]));
        });
        expect(evicted).toEqual(expected);
      }),
    );
  });
});
