import type { Clock } from "../clock.js";
import type { HttpResponse } from "./http-client.js";

/**
 * Returns the seconds that `Retry-After` asks for (RFC 9110 §10.2.3), a number or an HTTP date. A date is compared with the server's own clock, if
 * it has told the time.
 */
export function retryAfterSeconds(headers: HttpResponse["headers"], clock: Clock): number | undefined {
  const { "retry-after": header, date } = headers;
  if (header === undefined) return undefined;
  if (/^\s*-?\d+(\.\d+)?\s*$/.test(header)) return Math.max(0, Number(header));
  // `Date.parse` reads almost any number as a date. An HTTP date has letters (RFC 9110 §5.6.7).
  const until = /[a-z]/i.test(header) ? Date.parse(header) : NaN;
  if (Number.isNaN(until)) return undefined;
  const now = Date.parse(date ?? "");
  return Math.max(0, (until - (Number.isNaN(now) ? clock.now() : now)) / 1000);
}
