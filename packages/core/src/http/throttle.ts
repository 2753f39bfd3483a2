import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import type { HttpResponse } from "./http-client.js";

/** A server is never kept away from for longer than this many seconds, whatever it asks. */
const LONGEST_PAUSE = 3600;

/**
 * Keeps the promise of `Retry-After` (RFC 9110 §10.2.3): an equal request is not sent again before the time the server
 * named; the caller gets the server's own error at once. Requests of other users, apps or scopes are not held back.
 */
export class Throttle {
  readonly #paused = new BoundedMap<{ readonly until: number; readonly error: Error }>(1000);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws the error the server last answered with, while its pause lasts */
  check(key: string): void {
    const paused = this.#paused.get(key);
    if (!paused) return;
    if (this.#clock.now() < paused.until) throw paused.error;
    this.#paused.delete(key);
  }

  /** Notes how long the server wants to be left alone, if it says so with an error. */
  note(key: string, response: HttpResponse, error: Error): void {
    const seconds = retryAfterSeconds(response.headers["retry-after"], this.#clock);
    if (seconds === undefined || seconds <= 0) return;
    this.#paused.set(key, { until: this.#clock.now() + Math.min(seconds, LONGEST_PAUSE) * 1000, error });
  }
}

/** `Retry-After` as seconds from now: a number of seconds or an HTTP date. */
export function retryAfterSeconds(header: string | undefined, clock: Clock): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : (date - clock.now()) / 1000;
}
