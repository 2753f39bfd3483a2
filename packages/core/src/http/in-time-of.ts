import { clientAuthError } from "../errors/errors.js";
import { abortAfter } from "../flight/deadline.js";
import { untilAborted } from "../flight/until-aborted.js";
import type { Call } from "./attempt.js";

/**
 * Waits for what a function of the app provides, as long as the call has time and somebody waits for it.
 *
 * @param what names it in the error
 * @param provide its signal aborts when nobody waits any more
 * @throws ClientAuthError `network_error` when the time of the call is over; the reason of its signal; whatever the function throws
 */
export async function inTimeOf<T>(
  { budget, signal, correlationId }: Call,
  what: string,
  provide: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const milliseconds = budget?.left();
  const deadline = abortAfter(milliseconds, signal);
  try {
    return await untilAborted(Promise.resolve(provide(deadline.signal)), deadline.signal);
  } catch (cause) {
    signal?.throwIfAborted();
    if (!deadline.passed()) throw cause;
    const error = clientAuthError(
      "network_error",
      `The function that provides the ${what} has not returned it within ${milliseconds ?? 0} ms, the rest of system.callTimeoutMs.`,
      { correlationId, cause },
    );
    error.isRetryable = true;
    throw error;
  } finally {
    deadline.done();
  }
}
