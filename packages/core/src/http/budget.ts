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

  /** When it is over, in milliseconds of the clock that nobody sets. */
  get end(): number {
    return (this.#end ??= elapsed(this.#clock) + this.#milliseconds);
  }

  /** Milliseconds. */
  left(): number {
    const { end } = this;
    return Math.max(0, end - elapsed(this.#clock));
  }

  /** Returns what tells how much longer it has become since it was last asked; nothing for one that stays as it is. */
  growth(): (() => number) | undefined {
    return undefined;
  }

  /** The same time anew, for work that other calls share: it must not fail for them because this call has little left. */
  renewed(): Budget {
    return new Budget(this.#clock, this.#milliseconds);
  }

  /** The time of work that other calls may join. */
  shared(): SharedBudget {
    return new SharedBudget(this, this.#clock, this.#milliseconds);
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

/**
 * The time of work that calls share: what is left to the call that has begun it, so that a call which stays alone ends with the
 * failure of its last request. A call that joins, and has more time left, gives the work all of the time of a call.
 */
export class SharedBudget extends Budget {
  readonly #leader: Budget;
  readonly #longest: number;
  #isLong = false;

  constructor(leader: Budget, clock: Clock, milliseconds: number) {
    super(clock, milliseconds);
    this.#leader = leader;
    this.#longest = elapsed(clock) + milliseconds;
  }

  override get end(): number {
    const { end } = this.#leader;
    return this.#isLong ? Math.max(end, this.#longest) : end;
  }

  /** Another call waits for the work as well. */
  join(other: Budget): void {
    if (other.end > this.end) this.#isLong = true;
  }

  override growth(): () => number {
    let known = this.end;
    return () => {
      const more = this.end - known;
      known += more;
      return more;
    };
  }

  override apart<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#leader.apart(work);
  }
}
