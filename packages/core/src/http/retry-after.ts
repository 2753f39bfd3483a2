import type { Clock } from "../clock.js";
import type { HttpResponse } from "./http-client.js";

/**
 * Returns the seconds that `Retry-After` asks for (RFC 9110 §10.2.3), a number or an HTTP date; of several numbers, the
 * largest. A date is compared with the response's own `Date`, if it has one.
 */
export function retryAfterSeconds(headers: HttpResponse["headers"], clock: Clock): number | undefined {
  const { "retry-after": header, date } = headers;
  if (header === undefined) return undefined;
  // Two headers arrive as one, with a comma.
  const numbers = header.split(",").map((text) => (NUMBER.test(text) ? Number(text) : NaN));
  if (numbers.every(Number.isFinite)) return Math.max(0, ...numbers);
  // `Date.parse` reads a date into almost any text with a number; a real one has a time of day.
  const until = /\d:\d\d/.test(header) ? httpDate(header) : NaN;
  if (Number.isNaN(until)) return undefined;
  const now = httpDate(date);
  return Math.max(0, (until - (Number.isNaN(now) ? clock.now() : now)) / 1000);
}

/** Some servers add a fraction. */
const NUMBER = /^\s*-?\d+(?:\.\d+)?\s*$/;

/** The form of C's `asctime`: without a time zone, although it is GMT (RFC 9110 §5.6.7). */
const ASCTIME = /^\w{3} \w{3} [ \d]?\d [\d:]{8} \d{4}$/;

/** Returns the milliseconds since the epoch of an HTTP date; NaN if it is not a date. */
export function httpDate(header: string | undefined): number {
  const text = header?.trim() ?? "";
  return Date.parse(ASCTIME.test(text) ? `${text} GMT` : text);
}
