/**
 * Waits for work until a signal aborts; the work itself continues. Without a signal, it returns the work.
 *
 * @throws the signal's reason, or whatever the work throws
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    const end = (): void => signal.removeEventListener("abort", leave);
    work.then(end, end);
    work.then(resolve, reject);
  });
}
