import { BoundedMap } from "../bounded-map.js";
import { SingleFlight } from "../flight/single-flight.js";

/** Maximum number of remembered renewals of one source: one for each endpoint and agent that it serves. */
const MAX_RENEWALS = 100;

/** A finished renewal. */
interface Renewal<T> {
  readonly work: Promise<T>;
  /** Its place among the finished ones. */
  readonly finished: number;
}

/** The renewals of one source. */
interface Renewals<T> {
  readonly latest: BoundedMap<Renewal<T>>;
  readonly flights: SingleFlight;
}

/**
 * Renews refused credentials once for all concurrent requests. A renewal also serves a request that had obtained its
 * credential before the renewal finished.
 */
export class SharedRenewals<T> {
  readonly #bySource = new WeakMap<object, Renewals<T>>();
  #finished = 0;

  /** The point in time before a credential is obtained. */
  mark(): number {
    return this.#finished;
  }

  /**
   * @param source the function that provides the credential
   * @param use `key` is equal for requests that may use the same credential; `since` is the {@link mark} of the refused one;
   * `signal` ends the wait
   * @param renew its signal aborts when nobody waits any more
   */
  run(
    source: object,
    {
      key,
      since,
      signal,
    }: { readonly key: string; readonly since: number; readonly signal: AbortSignal | undefined },
    renew: (signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    const { latest, flights } = this.#of(source);
    const known = latest.get(key);
    if (known && known.finished > since) return known.work;
    return flights.run(key, signal, (shared) => {
      const work = renew(shared);
      const note = (): void => {
        // The outcome of an aborted renewal is not remembered.
        if (shared?.aborted) return;
        this.#finished += 1;
        latest.set(key, { work, finished: this.#finished });
      };
      work.then(note, note);
      return work;
    });
  }

  #of(source: object): Renewals<T> {
    const known = this.#bySource.get(source) ?? {
      latest: new BoundedMap<Renewal<T>>(MAX_RENEWALS),
      flights: new SingleFlight(),
    };
    this.#bySource.set(source, known);
    return known;
  }
}
