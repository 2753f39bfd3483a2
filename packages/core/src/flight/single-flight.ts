import { untilAborted } from "./until-aborted.js";

/**
 * Runs equal concurrent calls once. Each caller can leave by its own signal; the work is aborted only when every
 * caller has left.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  /**
   * @param key equal for equal work
   * @param signal lets the caller leave
   * @param start starts the work; its signal aborts when no caller is waiting
   * @param leader names the caller, for those who join later
   * @throws the signal's reason when the caller leaves, or whatever the work throws
   */
  async run<T>(
    key: string,
    signal: AbortSignal | undefined,
    start: (signal: AbortSignal) => Promise<T>,
    leader = "",
  ): Promise<T> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#depart(key, start, leader);
    flight.waiting += 1;
    try {
      return (await (signal ? untilAborted(flight.work, signal) : flight.work)) as T;
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) {
        flight.controller.abort();
        this.#land(key, flight);
      }
    }
  }

  /** Returns the caller that has started the work in progress, or `undefined` when there is none. */
  leaderOf(key: string): string | undefined {
    return this.#flights.get(key)?.leader;
  }

  #depart(key: string, start: (signal: AbortSignal) => Promise<unknown>, leader: string): Flight {
    const controller = new AbortController();
    const flight: Flight = { controller, leader, waiting: 0, work: start(controller.signal) };
    this.#flights.set(key, flight);
    // Prevents an unhandled rejection when the work fails after every caller has left. Waiting callers still get the
    // failure.
    flight.work.catch(() => undefined).finally(() => this.#land(key, flight));
    return flight;
  }

  #land(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

interface Flight {
  readonly controller: AbortController;
  readonly leader: string;
  readonly work: Promise<unknown>;
  waiting: number;
}
