import { clientAuthError, type AuthError } from "../errors/errors.js";
import { abortAfter } from "../flight/deadline.js";
import { untilAborted } from "../flight/until-aborted.js";
import type { Call } from "./attempt.js";

/**
 * Waits for work that is not a request of the call itself, such as a function of the app, while the call has time and a caller
 * waits for it.
 *
 * @param call its budget is in milliseconds; without one, only its signal ends the wait
 * @param what names the work in the error
 * @param work its signal aborts when nobody waits for it any more
 * @throws ClientAuthError `network_error` when the time of the call is over; the reason of its signal; whatever the work throws
 */
export async function withinCallTime<T>(
  { budget, signal, correlationId }: Call,
  what: string,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  // Rounded, because the difference of two times may exceed the timeout by a fraction.
  const milliseconds = budget && Math.round(budget.left());
  const deadline = abortAfter(milliseconds, signal);
  try {
    return await untilAborted(Promise.resolve(work(deadline.signal)), deadline.signal);
  } catch (cause) {
    signal?.throwIfAborted();
    if (!deadline.passed()) throw cause;
    const text = `Timed out waiting for the ${what}: ${milliseconds ?? 0} ms were left for the call (system.callTimeoutMs).`;
    throw noTimeLeft(text, { correlationId, cause });
  } finally {
    deadline.done();
  }
}

/** Creates the error of a call that ran out of time (`system.callTimeoutMs`). It is retryable. */
export function noTimeLeft(
  text: string,
  context: { readonly correlationId: string; readonly cause?: unknown },
): AuthError {
  const error = clientAuthError("network_error", text, context);
  error.isRetryable = true;
  return error;
}
