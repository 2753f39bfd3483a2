/** How {@link inTime} waits. */
export interface Waiting<T> {
  readonly limitMs: number;
  /** Called with a result that came after the time was up. */
  readonly onLate?: ((value: T) => void) | undefined;
  /** Whether the process may end while it waits. */
  readonly isBackground?: boolean;
}

/** What {@link inTime} throws when the time is up. */
export const TIMED_OUT = new Error("The server did not answer in time.");

/**
 * Waits for some work, and no longer than allowed. The work itself goes on: what has been sent cannot be taken back.
 *
 * @throws TIMED_OUT, or what the work throws
 */
export async function inTime<T>(
  work: Promise<T>,
  { limitMs, onLate, isBackground = false }: Waiting<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  work.then(
    (value) => {
      if (isOver) onLate?.(value);
    },
    () => undefined,
  );
  const limit = new Promise<never>((_, reject) => {
    const end = (): void => {
      isOver = true;
      reject(TIMED_OUT);
    };
    // A process that was busy for so long first reads what has come in the meantime.
    timer = setTimeout(() => setImmediate(end), limitMs);
    if (isBackground) timer.unref();
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
