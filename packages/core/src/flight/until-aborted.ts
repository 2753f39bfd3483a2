/**
 * Waits for work until a signal aborts; the work itself continues.
 *
 * @throws the signal's reason, or whatever the work throws
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    const end = (): void => signal.removeEventListener("abort", leave);
    work.then(end, end);
    work.then(resolve, reject);
  });
}
