/**
 * Waits. What Node.js has for it is loaded with the first wait: a program that finds its token need not wait.
 *
 * @param milliseconds how long
 * @param signal ends it with an `AbortError`
 */
export async function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { setTimeout } = await import("node:timers/promises");
  await setTimeout(milliseconds, undefined, { signal });
}
