import type { Clock } from "../clock.js";
import type { HttpResponse } from "./http-client.js";

/**
 * Returns the seconds that `Retry-After` asks for (RFC 9110 §10.2.3), a number or an HTTP date; of several numbers, the largest. A date is compared
 * with the server's own clock, if it has told the time.
 */
export function retryAfterSeconds(headers: HttpResponse["headers"], clock: Clock): number | undefined {
  const { "retry-after": header, date } = headers;
  if (header === undefined) return undefined;
  // Two headers arrive as one, with a comma.
  const numbers = header.split(",").map((text) => (text.trim() === "" ? NaN : Number(text)));
  if (numbers.every(Number.isFinite)) return Math.max(0, ...numbers);
  // `Date.parse` reads a date into almost any text with a number; a real one has a time of day.
  const until = /\d:\d\d/.test(header) ? Date.parse(header) : NaN;
  if (Number.isNaN(until)) return undefined;
  const now = Date.parse(date ?? "");
  return Math.max(0, (until - (Number.isNaN(now) ? clock.now() : now)) / 1000);
}
