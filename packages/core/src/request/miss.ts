/**
 * Why a request is sent: the flow does not use the cache (`uncached`), the caller asked for a new token with
 * `forceRefresh` or a claims challenge (`forced`), or the cached token is missing, expired, or due for renewal.
 */
export type Miss = "uncached" | "forced" | "not_found" | "expired" | "due";
