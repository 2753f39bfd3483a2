import { LONGEST_TIMER_MS } from "../clock.js";
import { clientAuthError, errorFor } from "../errors/errors.js";

/** How a caller bounds a call. */
export interface Bounds {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeoutMs: number | undefined;
  readonly correlationId: string;
}

/**
 * Runs work until the caller's signal aborts or the caller's time is up. Whoever else shares the work, its errors carry
 * this caller's correlation id.
 *
 * @throws ClientAuthError `request_timeout`, `request_aborted`; whatever the work throws
 */
export async function withinBounds<T>(
  bounds: Bounds,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal, correlationId } = bounds;
  const deadline = timeoutMs === undefined && !signal ? undefined : abortAfter(timeoutMs, signal);
  try {
    return await work(deadline?.signal);
  } catch (cause) {
    const context = { correlationId, cause };
    if (deadline?.passed()) {
      throw clientAuthError("request_timeout", `Not done within timeoutMs, ${timeoutMs ?? 0} ms.`, context);
    }
    if (signal?.aborted) {
      throw clientAuthError("request_aborted", "The signal of the request was aborted.", context);
    }
    throw errorFor(cause, correlationId);
  } finally {
    deadline?.done();
  }
}

/** A signal that aborts when time is up, or when another signal does. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether time was up. */
  passed(): boolean;
  /** Lets go of timer and listener: unlike `AbortSignal.timeout`, nothing stays until the time would have been up. */
  done(): void;
}

/**
 * @param milliseconds how long; for ever without it
 * @param other aborts, too
 */
export function abortAfter(milliseconds: number | undefined, other: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let passed = false;
  const timeUp = (): void => {
    passed = true;
    controller.abort(new DOMException(`No answer within ${milliseconds ?? 0} ms`, "TimeoutError"));
  };
  const timer =
    milliseconds === undefined ? undefined : setTimeout(timeUp, Math.min(milliseconds, LONGEST_TIMER_MS));
  const follow = (): void => {
    controller.abort(other?.reason);
  };
  if (other?.aborted) follow();
  other?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    passed: () => passed,
    done: () => {
      clearTimeout(timer);
      other?.removeEventListener("abort", follow);
    },
  };
}
