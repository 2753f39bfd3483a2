import { accessTokenFacts, type Entry } from "../cache/memory/entry.js";

/** Default minimum remaining lifetime in seconds, so that a token is still valid when it reaches the API. */
const USUAL_MARGIN = 300;

/** MSAL Node rounds `cached_at` to the nearest second, which can be up to half a second in the future. */
const ROUNDING_SECONDS = 1;

/**
 * Whether a cached access token can be returned (`fresh`), can be returned while it is renewed (`due`: `refresh_on`
 * has passed), or must be renewed first (`stale`).
 */
export type Freshness = "fresh" | "due" | "stale";

/**
 * @param now seconds since the epoch
 * @param asked the margin that the request or the application sets
 */
export function freshness(entry: Entry<"AccessToken">, now: number, asked: number | undefined): Freshness {
  const { expiresOn, cachedAt, refreshOn } = accessTokenFacts(entry);
  const margin = marginOf(expiresOn - cachedAt, asked);
  // A token from the future means that the clock was set back, so its expiry cannot be trusted. Also true for NaN.
  if (!(now + margin <= expiresOn) || now === expiresOn || cachedAt > now + ROUNDING_SECONDS) return "stale";
  return refreshOn !== undefined && refreshOn <= now ? "due" : "fresh";
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
