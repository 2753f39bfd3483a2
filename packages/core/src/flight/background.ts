import { LONGEST_TIMER_MS } from "../longest-timer.js";

const signals = new WeakSet<AbortSignal>();

/** Marks the signal of background work, which does not keep the process alive. */
export function markBackground(signal: AbortSignal): void {
  signals.add(signal);
}

/** Whether a signal was marked by {@link markBackground}. */
export function isBackground(signal: AbortSignal | undefined): boolean {
  return signal !== undefined && signals.has(signal);
}

/**
 * Keeps the process alive until the returned function is called.
 *
 * @param longest maximum time, in milliseconds
 */
export function keepAlive(longest = LONGEST_TIMER_MS): () => void {
  const timer = setTimeout(() => undefined, longest);
  return () => {
    clearTimeout(timer);
  };
}
