import { accessTokenFacts, type Entry } from "../cache/memory/partition.js";

/** What a token must still live to be handed out, in seconds: it has to survive the way to the API. */
const USUAL_MARGIN = 300;

/** MSAL Node rounds the time to the nearest second: what it has just cached lies up to half a second ahead. */
const ROUNDING_SECONDS = 1;

/**
 * What can be done with a cached access token: hand it out, hand it out and renew it (`refresh_on` has passed), or renew
 * it first.
 */
export type Freshness = "fresh" | "due" | "stale";

/**
 * @param now seconds since the epoch
 * @param asked the margin that the request or the application asks for
 */
export function freshness(entry: Entry<"AccessToken">, now: number, asked: number | undefined): Freshness {
  const { expiresOn, cachedAt, refreshOn } = accessTokenFacts(entry);
  const margin = marginOf(expiresOn - cachedAt, asked);
  // A token from the future means that the clock was turned back: its expiry cannot be trusted. NaN is stale, too.
  if (!(now + margin <= expiresOn) || now === expiresOn || cachedAt > now + ROUNDING_SECONDS) return "stale";
  return refreshOn !== undefined && refreshOn <= now ? "due" : "fresh";
}

/**
 * Seconds before its end from which a token is not used any more. The usual margin is at most half of the lifetime. One
 * that was asked for counts as it is, unless not even a new token would have it.
 *
 * @param lifetime in seconds; NaN where it is not known
 */
export function marginOf(lifetime: number, asked: number | undefined): number {
  const longest = asked === undefined ? 2 * USUAL_MARGIN : asked;
  const margin = asked ?? USUAL_MARGIN;
  return lifetime <= longest ? Math.max(lifetime / 2, 0) : margin;
}
