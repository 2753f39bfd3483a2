import { accessTokenFacts, type Entry } from "../cache/memory/entry.js";

/** Default minimum remaining lifetime in seconds, so that a token is still valid when it reaches the API. */
const USUAL_MARGIN = 300;

/** MSAL Node rounds `cached_at` to the nearest second, which can be up to half a second in the future. */
const ROUNDING_SECONDS = 1;

/**
 * Whether a cached access token can be returned (`fresh`), can be returned while it is renewed (`due`), or
 * must be renewed first (`stale`).
 */
export type Freshness = "fresh" | "due" | "stale";

/**
 * @param now seconds since the epoch
 * @param asked the margin that the request or the application sets
 */
export function freshness(entry: Entry<"AccessToken">, now: number, asked: number | undefined): Freshness {
  const { expiresOn, cachedAt, renewOn } = accessTokenFacts(entry);
  const margin = marginOf(expiresOn - cachedAt, asked);
  // Also true for NaN.
  if (!(now + margin <= expiresOn) || now === expiresOn || !isPast(cachedAt, now)) return "stale";
  return renewOn <= now ? "due" : "fresh";
}

/**
 * Whether a token can still be used although it should have been renewed: until it expires or, while the provider is
 * unavailable, until its extended expiry.
 *
 * @param now seconds since the epoch
 */
export function isUsable(entry: Entry<"AccessToken">, now: number, isUnavailable: boolean): boolean {
  const { expiresOn, extendedExpiresOn, cachedAt } = accessTokenFacts(entry);
  // `ext_expires_in` counts from the issue of the token; the schema of MSAL Node's cache adds it to the expiry.
  const extended = extendedExpiresOn - (expiresOn - cachedAt);
  return now < (isUnavailable && extended > expiresOn ? extended : expiresOn) && isPast(cachedAt, now);
}

/** A token from the future means that the clock was set back, so its expiry cannot be trusted. */
function isPast(cachedAt: number, now: number): boolean {
  return !(cachedAt > now + ROUNDING_SECONDS);
}

/**
 * Returns the seconds before its expiry from which a token is no longer used. The default margin is at most half of
 * the lifetime. An explicit margin is used unchanged, unless even a new token would not satisfy it.
 *
 * @param lifetime in seconds; NaN if unknown
 */
export function marginOf(lifetime: number, asked: number | undefined): number {
  const longest = asked === undefined ? 2 * USUAL_MARGIN : asked;
  const margin = asked ?? USUAL_MARGIN;
  return lifetime <= longest ? Math.max(lifetime / 2, 0) : margin;
}
