import type { Clock } from "../clock.js";
import { isAuthError, type AuthError } from "../errors/errors.js";
import type { HttpResponse } from "./http-client.js";
import { retryAfterSeconds } from "./retry-after.js";
import { mayPass } from "./retry-policy.js";

/** Maximum pause in seconds, even if the server requests a longer one. */
const LONGEST_PAUSE = 3600;

/** Seconds of pause after HTTP 429 without a usable `Retry-After`: what the header `x-ms-lib-capability` promises Entra. */
const DEFAULT_PAUSE = 60;

const TOO_MANY_REQUESTS = 429;

// The pause that a server asks for: `Retry-After` (RFC 9110 §10.2.3), and HTTP 429 without it (RFC 6585 §4).

/**
 * The pause that an error response asks for, in seconds; at most an hour.
 *
 * @param unsaid the pause after HTTP 429 without `Retry-After`
 */
export function pauseAfter(
  { status, headers }: HttpResponse,
  clock: Clock,
  unsaid = DEFAULT_PAUSE,
): number | undefined {
  const asked = retryAfterSeconds(headers, clock);
  const seconds = asked ?? (status === TOO_MANY_REQUESTS ? unsaid : 0);
  return seconds > 0 ? Math.min(seconds, LONGEST_PAUSE) : undefined;
}

/** Adds to an error how often its request was sent, whether it may succeed later, and the pause that the server asks for. */
export function withPause(error: AuthError, response: HttpResponse, clock: Clock): AuthError {
  const seconds = pauseAfter(response, clock);
  withAttempts(error, response);
  if (seconds === undefined) return error;
  error.isRetryable = true;
  return withSeconds(error, Math.max(seconds, error.retryAfterSeconds ?? 0));
}

/**
 * Adds to an error how often its request was sent, whether it may succeed later, and for how long its host is left alone: an
 * earlier call would only get the same error.
 */
export function withAttempts(
  error: AuthError,
  { status, attempts = 1, restMs }: Pick<HttpResponse, "status" | "attempts" | "restMs">,
): AuthError {
  error.attempts = attempts;
  if (mayPass(status)) error.isRetryable = true;
  return restMs === undefined ? error : withSeconds(error, restMs / 1000);
}

/** Copies what the underlying error says about another attempt. */
export function withPauseOf(error: AuthError, cause: unknown): AuthError {
  if (!isAuthError(cause)) return error;
  const { retryAfterSeconds, isRetryable, attempts } = cause;
  if (isRetryable) error.isRetryable = true;
  if (attempts !== undefined) error.attempts = attempts;
  return retryAfterSeconds === undefined ? error : withSeconds(error, retryAfterSeconds);
}

/** Adds to an error for how long equal requests are not sent. */
export function withSeconds(error: AuthError, seconds: number): AuthError {
  error.retryAfterSeconds = Math.ceil(seconds);
  return error;
}

/** The status of an error response, for error messages. */
export function statusOf({ status }: HttpResponse): string {
  return status === TOO_MANY_REQUESTS
    ? "HTTP 429 (throttled: there were too many requests, try again later)"
    : `HTTP ${status}`;
}

export function isThrottled({ status }: HttpResponse): boolean {
  return status === TOO_MANY_REQUESTS;
}
