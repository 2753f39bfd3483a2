import { BoundedMap } from "../bounded-map.js";
import { elapsed, type Clock } from "../clock.js";
import { isAuthError, type AuthError } from "../errors/errors.js";
import { Failures } from "../http/failures.js";

/**
 * Time in milliseconds, after a key set was fetched for a signature that no key matched, until it is fetched for the
 * next one.
 */
const REFETCH_PAUSE_MS = 60_000;
/** Time in milliseconds, after a fetch failed, for which keys in memory are used without another attempt. */
const FAILURE_PAUSE_MS = 10_000;
/** The same while a fetch is late: by then it has ended. */
const LATE_PAUSE_MS = 30_000;

/** When key sets may be fetched again, by the monotonic clock. */
export class KeyPauses {
  readonly #clock: Clock;
  readonly #refetches = new BoundedMap<number>(100);
  readonly #retries = new BoundedMap<number>(100);
  readonly #failures: Failures;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#failures = new Failures(clock);
  }

  /** Milliseconds until a key set may be fetched for another unknown key. */
  untilRefetch(jwksUri: string): number {
    return this.#left(this.#refetches, jwksUri);
  }

  /** Milliseconds until a key set may be fetched again after a failure, if its last keys are in memory. */
  untilRetry(jwksUri: string): number {
    return this.#left(this.#retries, jwksUri);
  }

  /** Returns the error of a fetch that has just failed, for a call that cannot do with the keys in memory. */
  refusal(jwksUri: string, correlationId: string): AuthError | undefined {
    return this.#failures.refusal(jwksUri, correlationId);
  }

  /** Notes that a key set is fetched for an unknown key. */
  noteRefetch(jwksUri: string): void {
    this.#set(this.#refetches, jwksUri, REFETCH_PAUSE_MS);
  }

  /** Notes that a fetch is late, so that others need not wait for it. */
  noteLate(jwksUri: string): void {
    this.#set(this.#retries, jwksUri, LATE_PAUSE_MS);
  }

  noteSuccess(jwksUri: string): void {
    this.#retries.delete(jwksUri);
    this.#failures.forget(jwksUri);
  }

  /** @param hasLeft whether every caller has left, so that the failure says nothing of the provider */
  noteFailure(jwksUri: string, error: unknown, { isRefetch, hasLeft }: KeyFetch): void {
    const asked = isAuthError(error) ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const pause = asked || FAILURE_PAUSE_MS;
    // Even when every caller has left: the next one should not have to wait as long.
    this.#set(this.#retries, jwksUri, pause);
    // The pause after a failure is the one that its error tells.
    if (isRefetch) this.#refetches.delete(jwksUri);
    if (isAuthError(error) && !hasLeft) this.#failures.note(jwksUri, error);
  }

  #set(times: BoundedMap<number>, jwksUri: string, milliseconds: number): void {
    times.set(jwksUri, elapsed(this.#clock) + milliseconds);
  }

  #left(times: BoundedMap<number>, jwksUri: string): number {
    return Math.max(0, (times.get(jwksUri) ?? -Infinity) - elapsed(this.#clock));
  }
}

interface KeyFetch {
  readonly isRefetch: boolean;
  readonly hasLeft: boolean;
}
