/**
 * Waits. The timers module is loaded on first use, since most programs never wait.
 *
 * @param milliseconds the delay
 * @param signal aborts the delay with an `AbortError`
 */
export async function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { setTimeout } = await import("node:timers/promises");
  await setTimeout(milliseconds, undefined, { signal });
}
