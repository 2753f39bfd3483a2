import { elapsed, type Clock } from "../clock.js";

/** The default time for all requests of one call together, in milliseconds. */
export const CALL_BUDGET_MS = 30_000;

/** Below this share of a call's time, a request is unlikely to be answered in time. */
const SHORT = 0.2;

/** The time that a call has left for its requests. It starts with the first of them. */
export class Budget {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  #end: number | undefined;

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
  }

  /** Milliseconds that are left. */
  left(): number {
    const now = elapsed(this.#clock);
    this.#end ??= now + this.#milliseconds;
    return Math.max(0, this.#end - now);
  }

  /**
   * Returns a new budget of the same length, for work that other calls share: it must not fail for them because this call has
   * little time left.
   */
  renewed(): Budget {
    return new Budget(this.#clock, this.#milliseconds);
  }

  /** Runs work that waits for a person or the app, without counting the time it takes. */
  async apart<T>(work: () => T | Promise<T>): Promise<T> {
    const left = this.left();
    try {
      return await work();
    } finally {
      this.resume(left);
    }
  }

  /** Restores the time that was left earlier: what has passed since does not count. */
  resume(left: number): void {
    this.#end = elapsed(this.#clock) + left;
  }

  /** Whether so little is left that the answer to a request may well come too late. */
  get isShort(): boolean {
    return this.left() < this.#milliseconds * SHORT;
  }

  /** Half of what is left, which leaves time for a fallback. */
  half(): Budget {
    return new Budget(this.#clock, this.left() / 2);
  }
}
