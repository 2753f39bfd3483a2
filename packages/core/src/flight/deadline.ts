import { LONGEST_TIMER_MS } from "../longest-timer.js";
import { clientAuthError, errorFor } from "../errors/errors.js";
import { isBackground, markBackground } from "./background.js";
import { untilAborted } from "./until-aborted.js";

/** A caller's limits on a call. */
export interface Bounds {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeoutMs: number | undefined;
  /** Start of the timeout, by `performance.now()`; by default, the start of the work. */
  readonly startedAt?: number | undefined;
  readonly correlationId: string;
}

/**
 * Runs work until the caller's signal aborts or timeout elapses. Errors carry this caller's correlation id, even if
 * others share the work.
 *
 * @throws ClientAuthError `request_timeout`, `request_aborted`; whatever the work throws
 */
export async function withinBounds<T>(
  bounds: Bounds,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal, correlationId } = bounds;
  const deadline = timeoutMs === undefined && !signal ? undefined : abortAfter(timeLeft(bounds), signal);
  try {
    return await work(deadline?.signal);
  } catch (cause) {
    const context = { correlationId, cause };
    if (deadline?.passed()) {
      const message = `Not completed within timeoutMs, ${timeoutMs ?? 0} ms.`;
      const error = clientAuthError("request_timeout", message, context);
      error.isRetryable = true;
      throw error;
    }
    if (signal?.aborted) {
      throw clientAuthError("request_aborted", "The signal of the request was aborted.", context);
    }
    throw errorFor(cause, correlationId);
  } finally {
    deadline?.done();
  }
}

/** Returns a request whose timeout starts now, for a call that has to wait for something before it sends its request. */
export function begun<R extends Bounds>(request: R): R {
  if (request.timeoutMs === undefined || request.startedAt !== undefined) return request;
  return { ...request, startedAt: performance.now() };
}

/**
 * Waits for work that ignores signals, such as a look-up in the app's cache plugin, within the caller's limits.
 *
 * @throws ClientAuthError `request_timeout`, `request_aborted`; whatever the work throws
 */
export function waitWithin<T>(bounds: Bounds, work: T | Promise<T>): T | Promise<T> {
  if (!(work instanceof Promise) || (bounds.timeoutMs === undefined && !bounds.signal)) return work;
  return withinBounds(bounds, (signal) => (signal ? untilAborted(work, signal) : work));
}

function timeLeft({ timeoutMs, startedAt }: Bounds): number | undefined {
  if (timeoutMs === undefined || startedAt === undefined) return timeoutMs;
  return Math.max(0, timeoutMs - (performance.now() - startedAt));
}

/** A signal that aborts after a timeout, or when another signal aborts. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the timeout elapsed. */
  passed(): boolean;
  /** Releases the timer and the listener. (`AbortSignal.timeout` would keep its timer until the timeout elapses.) */
  done(): void;
}

/**
 * @param milliseconds timeout; none when omitted
 * @param other aborts the returned signal as well
 */
export function abortAfter(milliseconds: number | undefined, other: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let passed = false;
  const timeUp = (): void => {
    passed = true;
    controller.abort(new DOMException(`No response within ${milliseconds ?? 0} ms`, "TimeoutError"));
  };
  const timer =
    milliseconds === undefined ? undefined : setTimeout(timeUp, Math.min(milliseconds, LONGEST_TIMER_MS));
  if (isBackground(other)) {
    markBackground(controller.signal);
    timer?.unref();
  }
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
