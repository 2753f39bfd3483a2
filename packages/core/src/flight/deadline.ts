import { clientAuthError } from "../errors/errors.js";

/** How a caller bounds a call. */
export interface Bounds {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeoutMs: number | undefined;
  readonly correlationId: string;
}

/**
 * Runs work until the caller's signal aborts or the caller's time is up.
 *
 * @throws ClientAuthError `request_timeout`, `request_aborted`; whatever the work throws
 */
export async function withinBounds<T>(
  bounds: Bounds,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const { timeoutMs, correlationId } = bounds;
  const deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const signals = [bounds.signal, deadline].filter((signal) => signal !== undefined);
  try {
    return await work(signals.length > 0 ? AbortSignal.any(signals) : undefined);
  } catch (cause) {
    if (deadline?.aborted && cause === deadline.reason) {
      throw clientAuthError("request_timeout", `Not done within timeoutMs, ${timeoutMs} ms.`, {
        correlationId,
        cause,
      });
    }
    if (bounds.signal?.aborted) {
      throw clientAuthError("request_aborted", "The signal of the request was aborted.", {
        correlationId,
        cause,
      });
    }
    throw cause;
  }
}
