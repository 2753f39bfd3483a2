import { errorName } from "../../errors/error-name.js";
import { clientAuthError, isAuthError, type AuthError } from "../../errors/errors.js";
import type { TokenStore } from "./token-store.js";

/** Logs that a store has thrown, and returns the error for the caller. What the store says may be secret: it is the cause. */
export function storeFailure(
  method: keyof TokenStore,
  cause: unknown,
  warn: (message: string) => void,
): Error {
  warn(`cache.store.${method} failed: ${errorName(cause)}`);
  return clientAuthError("cache_store_failed", `cache.store.${method} failed: see the cause.`, { cause });
}

/** The user's tokens are not in memory, and may be in the store, which cannot be reached: a sign-in may not be needed. */
export function storeUnavailable({ correlationId }: { readonly correlationId: string }): AuthError {
  const error = clientAuthError(
    "cache_store_unavailable",
    "cache.store cannot be reached, and this process does not hold the user's tokens: repeat the call when the store is back. The user may still be signed in.",
    { correlationId },
  );
  error.isRetryable = true;
  return error;
}

/** Whether an error is one of {@link storeFailure}. */
export function isStoreFailure(error: unknown): boolean {
  return isAuthError(error) && error.errorCode === "cache_store_failed";
}

/** Asks a store. @throws the error of {@link storeFailure} */
export async function askStore<T>(
  method: keyof TokenStore,
  warn: (message: string) => void,
  ask: () => T | Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw storeFailure(method, error, warn);
  }
}

/** Whether a store has to ask for its answer. */
export function isPromise<T extends object | string>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && "then" in value;
}
