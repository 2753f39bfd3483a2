import { clientAuthError } from "@tessera/core/internal";

/** The error for what is stored, or for a server that refuses a command for a reason other than its own state. */
export function storeFailed(message: string, cause?: unknown): Error {
  return clientAuthError("cache_store_failed", message, cause === undefined ? undefined : { cause });
}
