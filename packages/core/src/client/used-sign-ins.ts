import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";

/** Remembers which sign-ins have ended, so that none ends twice in this process. */
export class UsedSignIns {
  readonly #used: BoundedMap<true>;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#used = new BoundedMap(100_000, { clock });
  }

  /**
   * Marks a flow as used.
   *
   * @param until milliseconds since the epoch after which the flow is too old anyway
   * @returns false when it was used before
   */
  use(state: string, until: number): boolean {
    if (this.#used.get(state)) return false;
    this.#used.set(state, true, Math.max(1, until - this.#clock.now()));
    return true;
  }
}
