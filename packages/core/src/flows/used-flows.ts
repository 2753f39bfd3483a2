import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.js";

/** Remembers which sign-ins have ended, so that none ends twice in this process. */
export class UsedFlows {
  readonly #used = new LRUCache<string, true>({
    maxSize: 100_000,
    sizeCalculation: () => 1,
    ttl: 0,
    ttlResolution: 0,
  });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Marks a flow as used.
   *
   * @param until milliseconds since the epoch after which the flow is too old anyway
   * @returns false when it was used before
   */
  use(state: string, until: number): boolean {
    if (this.#used.has(state)) return false;
    this.#used.set(state, true, { ttl: Math.max(1, until - this.#clock.now()) });
    return true;
  }
}
