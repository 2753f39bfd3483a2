/** The source of time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits, by default with a timer. Ends early when `signal` aborts. */
  sleep?(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Maximum delay of a timer. A longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The system clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** Whole seconds since the epoch, the unit of every time in tokens and in the cache. */
export function epochSeconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}

/**
 * Waits for a number of milliseconds.
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
    signal?.addEventListener("abort", leave, { once: true });
  });
}
