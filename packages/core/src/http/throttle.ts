import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import type { HttpResponse } from "./http-client.js";

/** Maximum pause in seconds, even if the server requests a longer one. */
const LONGEST_PAUSE = 3600;

/**
 * Honors `Retry-After` (RFC 9110 §10.2.3): an equal request is not sent again before the server's time has passed;
 * the caller gets the server's previous error at once. Requests for other users, apps or scopes are not affected.
 */
export class Throttle {
  readonly #paused = new BoundedMap<{ readonly until: number; readonly error: Error }>(1000);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws the server's previous error, while its pause lasts */
  check(key: string): void {
    const paused = this.#paused.get(key);
    if (!paused) return;
    if (this.#clock.now() < paused.until) throw paused.error;
    this.#paused.delete(key);
  }

  /** Starts a pause if an error response has a `Retry-After` header. */
  note(key: string, response: HttpResponse, error: Error): void {
    const seconds = retryAfterSeconds(response.headers["retry-after"], this.#clock);
    if (seconds === undefined || seconds <= 0) return;
    this.#paused.set(key, { until: this.#clock.now() + Math.min(seconds, LONGEST_PAUSE) * 1000, error });
  }
}

/** Parses `Retry-After`, a number of seconds or an HTTP date, to seconds from now. */
export function retryAfterSeconds(header: string | undefined, clock: Clock): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : (date - clock.now()) / 1000;
}
