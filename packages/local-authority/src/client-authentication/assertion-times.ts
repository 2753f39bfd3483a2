import type { JWTPayload } from "jose";
import type { AuthorityClock } from "../clock.js";
import { refuse } from "../errors/errors.js";

/** Tolerated clock skew of the client, in seconds. */
const tolerance = 300;
/**
 * Maximum lifetime, in seconds. Entra does not have a limit; one day is ample, and detects times in milliseconds.
 */
const maxLifetime = 86_400;

/** Checks `exp`, `nbf` and `iat` (RFC 7523 §3 (4), (5)). @throws {AadstsError} 50027 without `exp`, 700024 if not valid now */
export function checkTimes(clock: AuthorityClock, { exp, nbf, iat }: JWTPayload): void {
  if (typeof exp !== "number") throw refuse(50027, { detail: " The claim 'exp' is missing." });
  const now = clock.seconds();
  const start = [nbf, iat].find((time) => typeof time === "number") ?? now;
  if (now >= exp || now + tolerance < start || exp - start > maxLifetime) {
    throw refuse(700024, { now: isoTime(now), start: isoTime(start), end: isoTime(exp) });
  }
}

function isoTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}
