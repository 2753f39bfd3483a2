import type { Clock } from "../clock.js";
import type { HttpResponse } from "./http-client.js";

/**
 * Returns the seconds that `Retry-After` asks for (RFC 9110 §10.2.3), a number or an HTTP date. A date is compared with the server's own clock, if
 * it has told the time.
 */
export function retryAfterSeconds(headers: HttpResponse["headers"], clock: Clock): number | undefined {
  const { "retry-after": header, date } = headers;
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const until = Date.parse(header);
  if (Number.isNaN(until)) return undefined;
  const now = Date.parse(date ?? "");
  return Math.max(0, (until - (Number.isNaN(now) ? clock.now() : now)) / 1000);
}
