/**
 * Why a request is sent: the flow does not use the cache (`uncached`), the caller asked for a new token with
 * `forceRefresh` or a claims challenge (`forced`), or the cached token is missing, expired, or due for renewal.
 */
export type Miss = "uncached" | "forced" | "not_found" | "expired" | "due";

/** The same for the log. */
export const WHY_SENT: Readonly<Record<Miss, string>> = {
  uncached: "this flow does not look into the cache",
  forced: "the caller asks for a new token",
  not_found: "the cache has no token that fits",
  expired: "the token in the cache has expired or is about to",
  due: "the token in the cache is due for renewal",
};
