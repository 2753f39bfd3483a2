/**
 * Why a request is sent: the flow keeps nothing to look for, the caller wanted a new token (`forceRefresh`, a claims
 * challenge), the cache had none, had one that expired, or has one that is due for renewal.
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
