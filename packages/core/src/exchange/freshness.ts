import { accessTokenFacts, type Entry } from "../cache/memory/partition.js";

/** An access token is not handed out in its last five minutes: it must survive the way to the API. */
const EXPIRY_MARGIN_SECONDS = 300;

/** MSAL Node rounds the time to the nearest second: what it has just cached lies up to half a second ahead. */
const ROUNDING_SECONDS = 1;

/**
 * What can be done with a cached access token: hand it out, hand it out and renew it (`refresh_on` has passed), or renew
 * it first.
 */
export type Freshness = "fresh" | "due" | "stale";

/** @param now seconds since the epoch */
export function freshness(entry: Entry<"AccessToken">, now: number): Freshness {
  const { expiresOn, cachedAt, refreshOn } = accessTokenFacts(entry);
  // A token from the future means that the clock was turned back: its expiry cannot be trusted. NaN is stale, too.
  if (!(now + EXPIRY_MARGIN_SECONDS <= expiresOn) || cachedAt > now + ROUNDING_SECONDS) return "stale";
  return refreshOn !== undefined && refreshOn <= now ? "due" : "fresh";
}
