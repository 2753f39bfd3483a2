import type { Clock } from "../clock.js";
import type { HttpResponse } from "./http-client.js";

/**
 * Returns the seconds that `Retry-After` asks for (RFC 9110 §10.2.3), a number or an HTTP date; `undefined` for anything else.
 * A date is compared with the server's own clock, if it has told the time.
 */
export function retryAfterSeconds(headers: HttpResponse["headers"], clock: Clock): number | undefined {
  const { "retry-after": header, date } = headers;
  if (header === undefined) return undefined;
  if (/^\s*-?\d+\s*$/.test(header)) return Math.max(0, Number(header));
  const until = httpDate(header);
  if (Number.isNaN(until)) return undefined;
  const now = httpDate(date);
  return Math.max(0, (until - (Number.isNaN(now) ? clock.now() : now)) / 1000);
}

/** The form of C's `asctime`: without a time zone, although it is GMT (RFC 9110 §5.6.7). */
const ASCTIME = /^\w{3} \w{3} [ \d]?\d [\d:]{8} \d{4}$/;

/** Returns the milliseconds since the epoch of an HTTP date, NaN for anything else. `Date.parse` takes "1.5" for a day in January. */
export function httpDate(header: string | undefined): number {
  const text = header?.trim() ?? "";
  if (!/[a-z]/i.test(text)) return NaN;
  return Date.parse(ASCTIME.test(text) ? `${text} GMT` : text);
}
