import { isBackground, keepAlive, markBackground } from "./background.js";
import { untilAborted } from "./until-aborted.js";

/**
 * Starts work. The signal aborts when every caller has left. Between a call of `hold` and a call of the function that it
 * returns, the signal does not abort, and equal calls can still join. Without a signal of the first caller, the work has none.
 */
export type Start<T> = (signal: AbortSignal | undefined, hold: () => () => void) => Promise<T>;

/**
 * Runs equal concurrent calls once. Each caller can leave by its own signal; the work is aborted only when every
 * caller has left.
 *
 * @typeParam L what later callers learn about the one that started the work
 */
export class SingleFlight<L = undefined> {
  readonly #flights = new Map<string, Flight<L>>();

  /**
   * @param key equal for equal work
   * @param signal lets the caller leave
   * @param start starts the work
   * @param leader describes this caller to those that join later
   * @throws the signal's reason when the caller leaves, or whatever the work throws
   */
  async run<T>(key: string, signal: AbortSignal | undefined, start: Start<T>, leader?: L): Promise<T> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#depart(key, start, { leader, signal });
    const leave = this.#enter(key, flight);
    // Background work does not keep the process alive, but a caller that has joined it does.
    const release =
      isBackground(flight.controller?.signal) && !isBackground(signal) ? keepAlive() : undefined;
    try {
      return (await untilAborted(flight.work, signal)) as T;
    } finally {
      release?.();
      leave();
    }
  }

  /** Returns the caller that started the work in progress, or `undefined` if there is none. */
  leaderOf(key: string): L | undefined {
    return this.#flights.get(key)?.leader;
  }

  /** Makes later callers start the work again. Callers already waiting still get the outcome of the work in progress. */
  forget(key: string): void {
    this.#flights.delete(key);
  }

  #depart(
    key: string,
    start: Start<unknown>,
    { leader, signal }: { readonly leader: L | undefined; readonly signal: AbortSignal | undefined },
  ): Flight<L> {
    const controller = signal && new AbortController();
    if (controller && isBackground(signal)) markBackground(controller.signal);
    const flight: Flight<L> = { controller, leader, waiting: 0, isOver: false, work: Promise.resolve() };
    this.#flights.set(key, flight);
    flight.work = start(controller?.signal, () => this.#enter(key, flight));
    // Added first, so it runs before the callers continue. It also handles a failure after every caller has left, which
    // would otherwise be an unhandled rejection.
    const end = (): void => {
      flight.isOver = true;
      this.#land(key, flight);
    };
    flight.work.then(end, end);
    return flight;
  }

  /** Keeps the work from being aborted until the returned function is called. */
  #enter(key: string, flight: Flight<L>): () => void {
    let isIn = true;
    flight.waiting += 1;
    return () => {
      if (!isIn) return;
      isIn = false;
      flight.waiting -= 1;
      // Finished work needs no abort, and creating the abort's error costs more than the rest of the flight.
      if (flight.waiting > 0 || flight.isOver) return;
      flight.controller?.abort();
      this.#land(key, flight);
    };
  }

  #land(key: string, flight: Flight<L>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

interface Flight<L> {
  readonly controller: AbortController | undefined;
  readonly leader: L | undefined;
  work: Promise<unknown>;
  waiting: number;
  /** Whether the work has ended. */
  isOver: boolean;
}
