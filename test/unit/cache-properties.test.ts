// proves: core/src/cache/memory/token-memory.ts
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { place, step, steps } from "../support/cache-steps.js";
import { World } from "../support/cache-world.js";
import "../support/property-seed.js";
import { isFull } from "../support/sample.js";

const numRuns = isFull ? 400 : 130;

describe("the token cache, whatever is done with it", () => {
  it("agrees with a list that is scanned from its beginning", () => {
    fc.assert(
      fc.property(steps, fc.array(place, { minLength: 5 }), (sequence, places) => {
        const world = new World();
        for (const step of sequence) {
          if (step.do !== "attempt") {
            world.do(step);
            continue;
          }
          const checkpoint = world.cache.checkpoint();
          const undo = world.model.snapshot();
          for (const inner of step.steps) world.do(inner);
          if (step.succeeds) checkpoint.commit();
          else {
            checkpoint.rollBack();
            undo();
          }
        }
        world.compareUsers();
        world.compareFamilies();
        for (const one of places) world.compareRefreshTokens(one);
      }),
      { numRuns },
    );
  });

  it("never gives out what is wrong, forgets no refresh token without a word, and stays in its bounds, when there is no room", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: "max" }),
        fc.array(place),
        fc.integer({ min: 1, max: 2 }),
        (sequence, places, max) => {
          const world = new World(max);
          for (const one of sequence) {
            if (one.do === "find") world.compareWhatIsLeft(one.place, one.asked);
            else if (one.do === "compareUsers") world.cache.usersBy({ username: "anybody" });
            else world.do(one);
            const { users, apps, assertions } = world.cache.stats().partitions;
            expect(users).toBeLessThanOrEqual(5 * max);
            expect(apps).toBeLessThanOrEqual(max);
            expect(assertions).toBeLessThanOrEqual(max);
          }
          for (const one of places) world.compareWhatIsLeft(one, []);
        },
      ),
      { numRuns },
    );
  });
});
