import { clientAuthError, type AuthError } from "../errors/errors.js";
import { abortAfter } from "../flight/deadline.js";
import { untilAborted } from "../flight/until-aborted.js";
import type { Call } from "./attempt.js";

/**
 * Waits for work that sends no requests of the call itself, such as a function of the app: as long as the call has time, and
 * somebody waits for it.
 *
 * @param call its budget is in milliseconds; without one, only its signal ends the wait
 * @param what names it in the error
 * @param work its signal aborts when nobody waits any more
 * @throws ClientAuthError `network_error` when the time of the call is over; the reason of its signal; whatever the work throws
 */
export async function withinCallTime<T>(
  { budget, signal, correlationId }: Call,
  what: string,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  // Rounded, because a difference of two times may be a trifle more than what was set.
  const milliseconds = budget && Math.round(budget.left());
  const deadline = abortAfter(milliseconds, signal);
  try {
    return await untilAborted(Promise.resolve(work(deadline.signal)), deadline.signal);
  } catch (cause) {
    signal?.throwIfAborted();
    if (!deadline.passed()) throw cause;
    const text = `The ${what} has not come within ${milliseconds ?? 0} ms, which were left of the time of the call (system.callTimeoutMs).`;
    throw noTimeLeft(text, { correlationId, cause });
  } finally {
    deadline.done();
  }
}

/** Creates the error of a call whose time (`system.callTimeoutMs`) is over. It may be repeated. */
export function noTimeLeft(
  text: string,
  context: { readonly correlationId: string; readonly cause?: unknown },
): AuthError {
  const error = clientAuthError("network_error", text, context);
  error.isRetryable = true;
  return error;
}
