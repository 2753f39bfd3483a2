import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";

/** Remembers the sign-ins that have been completed, so that none is completed twice in this process. */
export class UsedSignIns {
  readonly #used: BoundedMap<true>;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#used = new BoundedMap(100_000, { clock });
  }

  /**
   * Marks a sign-in as used.
   *
   * @param until when the sign-in expires anyway, in milliseconds since the epoch
   * @returns false when it was already used
   */
  use(state: string, until: number): boolean {
    if (this.#used.get(state)) return false;
    this.#used.set(state, true, Math.max(1, until - this.#clock.now()));
    return true;
  }
}
