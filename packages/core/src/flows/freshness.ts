import { accessTokenFacts, type Entry } from "../cache/partition.js";

/** An access token is not handed out in its last five minutes: it must survive the way to the API. */
const EXPIRY_MARGIN_SECONDS = 300;

/**
 * What can be done with a cached access token: hand it out, hand it out and renew it (`refresh_on` has passed), or renew
 * it first.
 */
export type Freshness = "fresh" | "due" | "stale";

/** @param now seconds since the epoch */
export function freshness(entry: Entry<"AccessToken">, now: number): Freshness {
  const { expiresOn, cachedAt, refreshOn } = accessTokenFacts(entry);
  // A token from the future means that the clock was turned back: its expiry cannot be trusted. NaN is stale, too.
  if (!(now + EXPIRY_MARGIN_SECONDS <= expiresOn) || cachedAt > now) return "stale";
  return refreshOn !== undefined && refreshOn <= now ? "due" : "fresh";
}
