import { markBackground } from "../flight/background.js";
import { abortAfter } from "../flight/deadline.js";
import { untilAborted } from "../flight/until-aborted.js";
import type { Call } from "./attempt.js";

/** How long a call waits for a newer document while the last one may still be used, in milliseconds. */
const PATIENCE_MS = 1000;

/**
 * Fetches a newer document, and waits a moment for it: a server that hangs must not hold up a call that can do with the last
 * one. It is fetched in the background, so that it comes whether or not anybody still waits.
 *
 * @param fetch fetches it in a time of its own
 * @param onLate called when the call does not wait any longer: others need not wait either
 * @returns `undefined` if it is late
 * @throws the reason of the call's signal; whatever `fetch` throws
 */
export async function unlessLate<T>(
  call: Call,
  fetch: (inBackground: Call) => Promise<T>,
  onLate: () => void,
): Promise<T | undefined> {
  const { signal } = new AbortController();
  markBackground(signal);
  // The call needs time for its own request as well.
  const patience = Math.min(PATIENCE_MS, Math.round((call.budget?.left() ?? Infinity) / 2));
  const deadline = abortAfter(patience, call.signal);
  try {
    return await untilAborted(fetch({ ...call, signal, budget: undefined }), deadline.signal);
  } catch (error) {
    if (!deadline.signal.aborted) throw error;
    onLate();
    call.signal?.throwIfAborted();
    return undefined;
  } finally {
    deadline.done();
  }
}
