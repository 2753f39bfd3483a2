import type { KnownResource } from "./known-resource.js";

/** The first pause after a resource has refused a fresh token, in milliseconds. It grows fourfold with each further one. */
const FIRST_PAUSE_MS = 30_000;

const LONGEST_PAUSE_MS = 3_600_000;

/**
 * Whether another token is of no use for now, because the resource refuses even those that were just issued. A token that was
 * never accepted and is refused begins a pause.
 *
 * @param refused the token that the resource has refused
 */
export function isPaused(known: KnownResource, refused: string, now: number): boolean {
  const { latest, refusal } = known;
  if (refusal && now < refusal.until) return true;
  if (latest?.accessToken !== refused || latest.isAccepted) return false;
  const count = (refusal?.count ?? 0) + 1;
  const pause = Math.min(FIRST_PAUSE_MS * 4 ** (count - 1), LONGEST_PAUSE_MS);
  known.refusal = { count, until: now + pause };
  // After the pause, one more token is requested.
  latest.isAccepted = true;
  return true;
}
