import { BoundedMap } from "../bounded-map.js";

/** Maximum number of remembered renewals of one source: one for each endpoint and agent that it serves. */
const MAX_RENEWALS = 100;

interface Renewal<T> {
  readonly begun: number;
  readonly work: Promise<T>;
}

/**
 * Renews refused credentials once for all concurrent requests. A renewal that began after a request had obtained its
 * credential also serves that request.
 */
export class SharedRenewals<T> {
  readonly #latest = new WeakMap<object, BoundedMap<Renewal<T>>>();
  #begun = 0;

  /** The point in time before a credential is obtained. */
  mark(): number {
    return this.#begun;
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
    if (known && known.begun > since) return known.work;
    this.#begun += 1;
    const renewal = { begun: this.#begun, work: renew() };
    latest.set(key, renewal);
    return renewal.work;
  }
}
