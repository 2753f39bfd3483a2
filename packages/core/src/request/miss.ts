/**
 * Why a request is sent: the flow keeps nothing to look for, the caller wanted a new token (`forceRefresh`, a claims
 * challenge), the cache had none, had one that expired, or has one that is due for renewal.
 */
export type Miss = "uncached" | "forced" | "not_found" | "expired" | "due";
