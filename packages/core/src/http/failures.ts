import { BoundedMap } from "../bounded-map.js";
import { elapsed, type Clock } from "../clock.js";
import { copyFor, type AuthError } from "../errors/errors.js";
import { backOff, shortened } from "../flight/back-off.js";
import { withSeconds } from "./throttle.js";

/** Maximum number of failures that an application remembers. */
const MOST_REMEMBERED = 10_000;

/** The first pause and the longest, in milliseconds. */
const PAUSE_MS = { first: 200, longest: 30_000 };

/** A failure this long after the previous pause starts a new row, in milliseconds. */
const NEW_ROW_MS = 300_000;

/** How long the provider's refusal of a grant is remembered, in milliseconds. */
const REFUSED_MS = 3_600_000;

/** Shorter for a refusal that may be resolved elsewhere, which this process would not notice. */
const MENDABLE_MS = 60_000;

interface Failure {
  readonly error: AuthError;
  /** Number of failures in a row. */
  readonly count: number;
  /** Milliseconds, by the monotonic clock. */
  readonly from: number;
  readonly until: number;
  /** Whether the caller is told the length of the pause, after which the same call may succeed. */
  readonly isTold: boolean;
}

/**
 * Remembers failed calls, so that a caller in a loop does not flood the provider: for a while, an equal call is answered
 * with a copy of the error and nothing is sent. The pause doubles from failure to failure, and is shortened at random, so
 * that processes do not retry at the same moment. A failure is not followed by a pause if it was the first and its
 * request was sent only once.
 */
export class Failures {
  readonly #known = new BoundedMap<Failure>(MOST_REMEMBERED);
  readonly #clock: Clock;
  /** A pause after one of these would hold back a user who signs in again. */
  readonly #refusals = new WeakSet<AuthError>();
  #signIns = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether nothing is remembered, so that callers need not compute a key. */
  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** Returns the failure of the last equal call. */
  last(key: string): AuthError | undefined {
    return this.#known.peek(key)?.error;
  }

  /** Returns the error for a call during the pause, with the seconds left. */
  refusal(key: string, correlationId: string): AuthError | undefined {
    const known = this.#known.get(key);
    if (!known) return undefined;
    const now = elapsed(this.#clock);
    // A clock of the application may be set back, which must not prolong the pause.
    if (now >= known.until || now < known.from) return undefined;
    const error = copyFor(known.error, correlationId);
    return known.isTold ? withSeconds(error, (known.until - now) / 1000) : error;
  }

  /**
   * Remembers a failure that may pass by itself. If nothing was sent, because the host is left alone, the error already says
   * for how long, and this failure does not lengthen the next pause.
   */
  note(key: string, error: AuthError): void {
    const isUnsent = error.attempts === 0;
    if (isUnsent && !error.retryAfterSeconds) return;
    const now = elapsed(this.#clock);
    const before = this.#known.peek(key);
    const inRow = before && now < before.until + NEW_ROW_MS ? before.count : 0;
    const asked = (error.retryAfterSeconds ?? 0) * 1000;
    const count = isUnsent ? inRow : inRow + 1;
    const own = isUnsent ? 0 : pauseMsAfter(count, error.attempts);
    const pause = this.#refusals.has(error) ? 0 : Math.max(asked, own);
    if (pause > 0) withSeconds(error, pause / 1000);
    this.#known.set(key, { error, count, from: now, until: now + pause, isTold: true });
  }

  /** Remembers that the server asked for a pause, and adds its length to the error. Equal requests are not sent until it ends. */
  notePause(key: string, error: AuthError, seconds: number): void {
    const from = elapsed(this.#clock);
    error.isRetryable = true;
    const pause = Math.max(seconds, error.retryAfterSeconds ?? 0);
    withSeconds(error, pause);
    this.#known.set(key, { error, count: 1, from, until: from + pause * 1000, isTold: true });
  }

  /**
   * Remembers a refusal that lasts as long as the same grant is sent with the same request.
   *
   * @param isMendable whether the same grant may be accepted later; the error then says after how many seconds it is sent again
   */
  noteRefusal(key: string, error: AuthError, isMendable: boolean): void {
    const from = elapsed(this.#clock);
    const pause = isMendable ? shortened(MENDABLE_MS) : REFUSED_MS;
    if (isMendable) withSeconds(error, Math.max(pause / 1000, error.retryAfterSeconds ?? 0));
    this.#known.set(key, { error, count: 1, from, until: from + pause, isTold: isMendable });
    this.#refusals.add(error);
  }

  /** Number of sign-ins that have succeeded: in one of them, a user may have consented to what was refused before. */
  get signIns(): number {
    return this.#signIns;
  }

  noteSignIn(): void {
    this.#signIns += 1;
  }

  forget(key: string): void {
    if (!this.isEmpty) this.#known.delete(key);
  }
}

/**
 * Returns the pause after the nth failure in a row, in milliseconds.
 *
 * @param attempts how often its request was sent
 */
function pauseMsAfter(count: number, attempts = 1): number {
  const failures = attempts > 1 ? count : count - 1;
  return failures > 0 ? backOff(failures, PAUSE_MS) : 0;
}
