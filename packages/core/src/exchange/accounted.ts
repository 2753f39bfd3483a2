import type { Client } from "../client/client.js";
import { isAuthError } from "../errors/errors.js";
import { withinBounds, type Bounds } from "../flight/deadline.js";
import { untilAborted } from "../flight/until-aborted.js";
import { Tally } from "../http/tally.js";
import type { Call } from "../http/transport.js";
import { fromCall, type AcquisitionMetadata } from "../metadata.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";

/** Runs shared work, and adds to its result or error what it cost. */
export async function accounted<C extends Call>(
  call: C,
  work: (call: C) => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  const tally = new Tally();
  try {
    const result = await work({ ...call, tally });
    if (result.fromCache) tally.cacheMs += result.metadata?.cacheMs ?? 0;
    result.metadata = fromCall(tally, sourceOf(result));
    return result;
  } catch (error) {
    noteFailure(error, tally);
    throw error;
  }
}

/**
 * Runs a call that has several steps or yields no token, within the caller's bounds and with one budget for all its requests.
 * Adds to its error what it cost.
 */
export async function boundedCall<T>(
  { transport }: Pick<Client, "transport">,
  bounds: Bounds,
  work: (call: Call) => Promise<T>,
): Promise<T> {
  const { correlationId } = bounds;
  const tally = new Tally();
  try {
    return await withinBounds(bounds, (signal) => {
      const working = work({ correlationId, signal, budget: transport.budget(), tally });
      // Not every step ends with the signal: the app's cache plugin does not.
      return signal ? untilAborted(working, signal) : working;
    });
  } catch (error) {
    noteFailure(error, tally);
    throw error;
  }
}

/** Returns a request as a step of a call: it ends with the call, and shares its time. */
export function asStep<R extends TokenRequest>(request: R, { signal, budget }: Call): R {
  return { ...request, signal, timeoutMs: undefined, budget };
}

/** Waits for shared work, and corrects the total time to what this caller waited. */
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

/** A token that another call has cached in the meantime counts as one from the cache. */
function sourceOf({ fromCache, metadata }: AuthenticationResult): AcquisitionMetadata["source"] {
  return fromCache ? (metadata?.source ?? "memory") : "network";
}

function noteFailure(error: unknown, tally: Tally): void {
  if (!isAuthError(error) || error.metadata) return;
  error.metadata = fromCall(tally, tally.attempts > 0 ? "network" : "memory");
}
