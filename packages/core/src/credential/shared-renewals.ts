import { BoundedMap } from "../bounded-map.js";

/** Maximum number of remembered renewals of one source: one for each endpoint and agent that it serves. */
const MAX_RENEWALS = 100;

interface Renewal<T> {
  readonly work: Promise<T>;
  /** Its place among the finished ones; endless while it is under way. */
  finished: number;
}

/**
 * Renews refused credentials once for all concurrent requests. A renewal also serves a request that had obtained its
 * credential before the renewal finished.
 */
export class SharedRenewals<T> {
  readonly #latest = new WeakMap<object, BoundedMap<Renewal<T>>>();
  #finished = 0;

  /** The point in time before a credential is obtained. */
  mark(): number {
    return this.#finished;
  }

  /**
   * @param source the function that provides the credential
   * @param use `key` is equal for requests that may use the same credential; `since` is the {@link mark} of the refused one
   */
  run(
    source: object,
    { key, since }: { readonly key: string; readonly since: number },
    renew: () => Promise<T>,
  ): Promise<T> {
    const latest = this.#latest.get(source) ?? new BoundedMap<Renewal<T>>(MAX_RENEWALS);
    this.#latest.set(source, latest);
    const known = latest.get(key);
    if (known && known.finished > since) return known.work;
    const renewal: Renewal<T> = {
      finished: Infinity,
      work: renew().finally(() => {
        this.#finished += 1;
        renewal.finished = this.#finished;
      }),
    };
    latest.set(key, renewal);
    return renewal.work;
  }
}
