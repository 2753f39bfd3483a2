import { elapsed, type Clock } from "../clock.js";

/** The time that all requests of one call may take together, in milliseconds, unless the caller grants more. */
export const CALL_BUDGET_MS = 30_000;

/** The time that is left to a call for its requests, whatever it takes inside. It runs from the first of them. */
export class Budget {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  #end: number | undefined;

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
  }

  /** Milliseconds. */
  left(): number {
    const now = elapsed(this.#clock);
    this.#end ??= now + this.#milliseconds;
    return Math.max(0, this.#end - now);
  }

  /** The same time anew, for work that other calls share: it must not fail for them because this call has little left. */
  renewed(): Budget {
    return new Budget(this.#clock, this.#milliseconds);
  }

  /** Runs what people, or the app, take their time for. That does not count. */
  async apart<T>(work: () => T | Promise<T>): Promise<T> {
    const left = this.left();
    try {
      return await work();
    } finally {
      this.#end = elapsed(this.#clock) + left;
    }
  }

  /** Half of what is left, for what can be done in another way afterwards. */
  half(): Budget {
    return new Budget(this.#clock, this.left() / 2);
  }
}
