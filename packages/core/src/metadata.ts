import type { Tally } from "./http/tally.js";

/** Where a result comes from, and what it took. */
export interface AcquisitionMetadata {
  /**
   * `memory` and `store`: a cached token, from memory or from the cache plugin or store. `network`: a new token. `stale`: a
   * cached token that is due, because it cannot be renewed now. In an error, `memory` is one that was known without a
   * request.
   */
  readonly source: "memory" | "store" | "network" | "stale";
  /** Milliseconds that the call has taken; 0 for a token from memory, which takes a few millionths of a second. */
  readonly totalMs: number;
  /** Milliseconds of them spent waiting for responses. */
  readonly networkMs: number;
  /** Milliseconds of them spent waiting for the cache plugin or store. */
  readonly cacheMs: number;
  /** Requests sent: for the token, and also for a discovery document and keys. Repeated ones count. */
  readonly attempts: number;
  /** The provider's name for the last of them (Entra: `x-ms-request-id`), or `""`. */
  readonly requestId: string;
}

/** Of a token from memory. All of them share it: a cache hit makes none. */
export const FROM_MEMORY: AcquisitionMetadata = Object.freeze({
  source: "memory",
  totalMs: 0,
  networkMs: 0,
  cacheMs: 0,
  attempts: 0,
  requestId: "",
});

/** Of a token that was read from the plugin or store. */
export function fromStore(startedAt: number): AcquisitionMetadata {
  const cacheMs = rounded(performance.now() - startedAt);
  return { ...FROM_MEMORY, source: "store", totalMs: cacheMs, cacheMs };
}

/** Adds the time of a look-up behind the plugin or store that found nothing. */
export function afterLookUp(metadata: AcquisitionMetadata, milliseconds: number): AcquisitionMetadata {
  const cacheMs = rounded(metadata.cacheMs + milliseconds);
  return { ...metadata, totalMs: rounded(metadata.totalMs + milliseconds), cacheMs };
}

/** Of whatever a call with requests of its own ends with. */
export function fromCall(tally: Tally, source: AcquisitionMetadata["source"]): AcquisitionMetadata {
  const { attempts, requestId } = tally;
  const totalMs = rounded(tally.totalMs());
  const networkMs = rounded(tally.networkMs);
  return { source, totalMs, networkMs, cacheMs: rounded(tally.cacheMs), attempts, requestId };
}

/** To a hundredth of a millisecond: what is behind that is noise. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
