import { isBackground } from "./flight/background.js";
import { LONGEST_TIMER_MS } from "./longest-timer.js";

/** The source of time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits, by default with a timer. Ends early when `signal` aborts. */
  sleep?(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Milliseconds since an arbitrary moment, by a monotonic clock. Time limits are measured by it; by default, by `now`. */
  monotonic?(): number;
}

/** The system clock. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** Milliseconds since an arbitrary moment, to measure how long something takes. */
export function elapsed(clock: Clock): number {
  return clock.monotonic ? clock.monotonic() : clock.now();
}

/** Whole seconds since an arbitrary moment, by the same clock. */
export function elapsedSeconds(clock: Clock): number {
  return Math.floor(elapsed(clock) / 1000);
}

/** Whole seconds since the epoch, the unit of every time in tokens and in the cache. */
export function epochSeconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}

/**
 * Waits for a number of milliseconds. In work that nobody waits for, this does not keep the process alive.
 *
 * @throws the signal's reason when it aborts
 */
export async function pause(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  if (clock.sleep) {
    await clock.sleep(milliseconds, signal);
    signal?.throwIfAborted();
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      },
      Math.min(milliseconds, LONGEST_TIMER_MS),
    );
    if (isBackground(signal)) timer.unref();
    signal?.addEventListener("abort", leave, { once: true });
  });
}
