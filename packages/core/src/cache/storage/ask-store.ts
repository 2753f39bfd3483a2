import { errorName } from "../../errors/error-name.js";
import { clientAuthError, isAuthError } from "../../errors/errors.js";
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
