import { elapsed, type Clock } from "../clock.js";

/** The time that all requests of one call may take together, in milliseconds, unless the caller grants more. */
export const CALL_BUDGET_MS = 30_000;

/** The share of a call's time below which a request is not given a fair chance. */
const SHORT = 0.2;

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
      this.resume(left);
    }
  }

  /** Goes on with what was left at an earlier time: what has happened since does not count. */
  resume(left: number): void {
    this.#end = elapsed(this.#clock) + left;
  }

  /** Whether so little is left that the answer to a request may well come too late. */
  get isShort(): boolean {
    return this.left() < this.#milliseconds * SHORT;
  }

  /** Half of what is left, for what can be done in another way afterwards. */
  half(): Budget {
    return new Budget(this.#clock, this.left() / 2);
  }
}
