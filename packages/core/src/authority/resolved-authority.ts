import type { Authority } from "./authority.js";

/** Lifetime of a resolved authority: a day. */
export const LIFETIME_MS = 86_400_000;

/** How long, in milliseconds, a discovery document is used while it cannot be fetched again: a week. */
const STALE_LIFETIME_MS = 7 * LIFETIME_MS;

/** Minimum time between requests for a discovery document, in milliseconds, while one is in memory. */
export const REFETCH_PAUSE_MS = 60_000;

/** A resolved authority. Times are in milliseconds, by the monotonic clock. */
export interface Resolved {
  readonly authority: Authority;
  /** When it is resolved again. */
  readonly until: number;
  /** Absent if its endpoints are known without a discovery document. */
  readonly document?: ReceivedDocument;
}

/** Where a discovery document came from, and when it was requested. */
export interface ReceivedDocument {
  readonly source: string;
  readonly requestedAt: number;
  /** When it may be requested again. */
  readonly mayAskAgain: number;
}

/** Returns the authority whose document was requested later, even if that document arrived first. */
export function newerOf(known: Resolved | undefined, received: Resolved): Resolved {
  const requestedAt = received.document?.requestedAt ?? Infinity;
  return known?.document && known.document.requestedAt > requestedAt ? known : received;
}

/** Returns the last discovery document, unless it is too old to be used. */
export function lastDocument(known: Resolved | undefined, now: number): ReceivedDocument | undefined {
  const document = known?.document;
  return document && now < document.requestedAt + STALE_LIFETIME_MS ? document : undefined;
}
