import { isAuthError } from "../errors/errors.js";
import { Tally } from "../http/tally.js";
import type { Call } from "../http/transport.js";
import { fromCall, type AcquisitionMetadata } from "../metadata.js";
import type { AuthenticationResult } from "../result.js";

/** Runs shared work, and adds to its result or error what it took. */
export async function accounted<C extends Call>(
  call: C,
  work: (call: C) => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  const tally = new Tally();
  try {
    const result = await work({ ...call, tally });
    result.metadata = fromCall(tally, sourceOf(result));
    return result;
  } catch (error) {
    noteFailure(error, tally);
    throw error;
  }
}

/** Runs a call that yields no token, and adds to its error what it took. */
export async function accountedCall<T>(work: (tally: Tally) => Promise<T>): Promise<T> {
  const tally = new Tally();
  try {
    return await work(tally);
  } catch (error) {
    noteFailure(error, tally);
    throw error;
  }
}

/** Waits for shared work, and corrects what each caller waits for itself. */
export async function accountedFor(wait: () => Promise<AuthenticationResult>): Promise<AuthenticationResult> {
  const tally = new Tally();
  try {
    const result = await wait();
    if (result.metadata)
      result.metadata = { ...result.metadata, totalMs: fromCall(tally, "network").totalMs };
    return result;
  } catch (error) {
    // A caller that leaves gets an error of its own.
    noteFailure(error, tally);
    throw error;
  }
}

/** A cached token that another call has brought in the meantime comes from the cache. */
function sourceOf({ fromCache, metadata }: AuthenticationResult): AcquisitionMetadata["source"] {
  return fromCache ? (metadata?.source ?? "memory") : "network";
}

function noteFailure(error: unknown, tally: Tally): void {
  if (!isAuthError(error) || error.metadata) return;
  error.metadata = fromCall(tally, tally.attempts > 0 ? "network" : "memory");
}
