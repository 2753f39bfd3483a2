import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";

/**
 * Records that something is used, for all processes: resolves to `false` if it was used before. It must do so in one step, such
 * as `SET key 1 NX EX seconds` of Redis.
 *
 * @param key what is used; it may contain the identifier of a token, but never a token
 * @param seconds how long it remains usable anyway
 */
export type UseOnce = (key: string, seconds: number) => boolean | Promise<boolean>;

/** Remembers the sign-ins that have been completed, so that none is completed twice in this process. */
export class UsedSignIns {
  readonly #used: BoundedMap<true>;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#used = new BoundedMap(100_000, { clock });
  }

  /** Whether a sign-in was used in this process. */
  has(state: string): boolean {
    return this.#used.peek(state) !== undefined;
  }

  /**
   * Marks a sign-in as used.
   *
   * @param until when the sign-in expires anyway, in milliseconds since the epoch
   * @param everywhere the record that all processes share, if there is one
   * @returns false when it was already used
   */
  async use(state: string, until: number, everywhere?: UseOnce): Promise<boolean> {
    if (this.#used.get(state)) return false;
    const left = Math.max(1, until - this.#clock.now());
    this.#used.set(state, true, left);
    if (everywhere === undefined) return true;
    try {
      return await everywhere(state, Math.ceil(left / 1000));
    } catch (error) {
      // Nobody knows whether it was used: the same response may be tried again when the record can be reached.
      this.#used.delete(state);
      throw error;
    }
  }
}
