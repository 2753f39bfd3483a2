import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import { copyFor, type AuthError } from "../errors/errors.js";
import type { HttpResponse } from "./http-client.js";

/** A server is never left alone for longer than this many seconds, whatever it asks. */
const LONGEST_PAUSE = 3600;

/** Seconds of pause after HTTP 429 without a usable `Retry-After`: what the header `x-ms-lib-capability` promises Entra. */
const DEFAULT_PAUSE = 60;

const TOO_MANY_REQUESTS = 429;

/**
 * Keeps the promise of `Retry-After` (RFC 9110 §10.2.3), and of HTTP 429 without it (RFC 6585 §4): an equal request is not
 * sent again before that time, and the caller gets the server's own error at once, with the seconds that are left. Requests
 * of other users, apps or scopes are not held back.
 */
export class Throttle {
  readonly #paused = new BoundedMap<{ readonly until: number; readonly error: AuthError }>(1000);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws the error the server last answered with, while its pause lasts */
  check(key: string, correlationId: string): void {
    const paused = this.#paused.get(key);
    if (!paused) return;
    const left = (paused.until - this.#clock.now()) / 1000;
    if (left > 0) throw withSeconds(copyFor(paused.error, correlationId), left);
    this.#paused.delete(key);
  }

  /** Notes how long the server wants to be left alone, and says it in the error. */
  note(key: string, error: AuthError, seconds: number | undefined): void {
    if (seconds === undefined) return;
    this.#paused.set(key, { until: this.#clock.now() + seconds * 1000, error: withSeconds(error, seconds) });
  }
}

/**
 * Seconds for which the server of an unsuccessful response wants to be left alone; an hour at most.
 *
 * @param unsaid the pause after HTTP 429 that names none
 */
export function pauseAfter(
  { status, headers }: HttpResponse,
  clock: Clock,
  unsaid = DEFAULT_PAUSE,
): number | undefined {
  const asked = retryAfterSeconds(headers["retry-after"], clock);
  const seconds = asked ?? (status === TOO_MANY_REQUESTS ? unsaid : 0);
  return seconds > 0 ? Math.min(seconds, LONGEST_PAUSE) : undefined;
}

/** An error, with the pause that the response asks for. */
export function withPause(error: AuthError, response: HttpResponse, clock: Clock): AuthError {
  const seconds = pauseAfter(response, clock);
  return seconds === undefined ? error : withSeconds(error, seconds);
}

function withSeconds(error: AuthError, seconds: number): AuthError {
  error.retryAfterSeconds = Math.ceil(seconds);
  return error;
}

/** The status of an unsuccessful response, as errors show it. */
export function statusOf({ status }: HttpResponse): string {
  return status === TOO_MANY_REQUESTS
    ? "HTTP 429 (throttled: there were too many requests, try again later)"
    : `HTTP ${status}`;
}

export function isThrottled({ status }: HttpResponse): boolean {
  return status === TOO_MANY_REQUESTS;
}

/** `Retry-After` as seconds from now: a number of seconds or an HTTP date. */
export function retryAfterSeconds(header: string | undefined, clock: Clock): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : (date - clock.now()) / 1000;
}
