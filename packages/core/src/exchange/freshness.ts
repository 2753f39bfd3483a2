import { accessTokenFacts, type Entry } from "../cache/memory/partition.js";

/** An access token is not returned in its last five minutes, so that it is still valid when it reaches the API. */
const EXPIRY_MARGIN_SECONDS = 300;

/** MSAL Node rounds `cached_at` to the nearest second, which can be up to half a second in the future. */
const ROUNDING_SECONDS = 1;

/**
 * Whether a cached access token can be returned (`fresh`), can be returned while it is renewed (`due`: `refresh_on`
 * has passed), or must be renewed first (`stale`).
 */
export type Freshness = "fresh" | "due" | "stale";

/** @param now seconds since the epoch */
export function freshness(entry: Entry<"AccessToken">, now: number): Freshness {
  const { expiresOn, cachedAt, refreshOn } = accessTokenFacts(entry);
  // A token from the future means that the clock was set back, so its expiry cannot be trusted. Also true for NaN.
  if (!(now + EXPIRY_MARGIN_SECONDS <= expiresOn) || cachedAt > now + ROUNDING_SECONDS) return "stale";
  return refreshOn !== undefined && refreshOn <= now ? "due" : "fresh";
}
