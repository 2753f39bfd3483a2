/** All codes of a {@link PersistenceError}. */
export const PersistenceErrorCodes = {
  /** An option is invalid. */
  invalidOption: "invalid_option",
  /** No keychain is available, or its library cannot be loaded. */
  keychainUnavailable: "keychain_unavailable",
  /** The keychain is locked. */
  keychainLocked: "keychain_locked",
  /** The cache was encrypted with a different passphrase. */
  wrongPassphrase: "wrong_passphrase",
  /** Other users can access the file or its folder, and that cannot be repaired. */
  notPrivate: "not_private",
  /** The cache was written by a later version of this package. */
  newerFormat: "newer_format",
  /** The file system failed: the disk is full, the folder is read-only, … */
  storageFailed: "storage_failed",
  /** Another process holds the lock and does not release it. */
  lockTimeout: "lock_timeout",
  /** This process was suspended for so long that another one took over its lock. */
  lockLost: "lock_lost",
  /** The cache to import cannot be read. */
  migrationFailed: "migration_failed",
} as const;

/** The code of a {@link PersistenceError}. */
export type PersistenceErrorCode = (typeof PersistenceErrorCodes)[keyof typeof PersistenceErrorCodes];

/**
 * Thrown if the cache cannot be opened, read or saved. The stored cache is unchanged.
 *
 * It has the fields of an `AuthError` but is not an instance of it, since this package also works with `@azure/msal-node`.
 *
 * @example
 * ```ts
 * import { createPersistentCache, PersistenceError } from "@tessera/persistence";
 *
 * try {
 *   await createPersistentCache({ appName: "" });
 * } catch (error) {
 *   if (!(error instanceof PersistenceError)) throw error;
 *   console.log(error.errorCode); // "invalid_option"
 * }
 * ```
 */
export class PersistenceError extends Error {
  /** A stable code: one of {@link PersistenceErrorCodes}. */
  readonly errorCode: PersistenceErrorCode;
  /** What went wrong, and what to do. Never contains a key, a passphrase or a token. */
  readonly errorMessage: string;

  /**
   * @param errorCode a stable code
   * @param errorMessage what went wrong and what to do
   * @param cause the underlying error
   */
  constructor(errorCode: PersistenceErrorCode, errorMessage: string, cause?: unknown) {
    super(`${errorCode}: ${errorMessage}`, cause === undefined ? undefined : { cause });
    this.name = "PersistenceError";
    this.errorCode = errorCode;
    this.errorMessage = errorMessage;
  }
}

/** Whether an error is a {@link PersistenceError}, thrown by any copy of this package. */
export function isPersistenceError(error: unknown): error is PersistenceError {
  return error instanceof Error && error.name === "PersistenceError" && "errorCode" in error;
}

/** Creates a {@link PersistenceError} `storage_failed` for a file system error. */
export function storageFailed(problem: string, cause: unknown): PersistenceError {
  return new PersistenceError("storage_failed", `${problem}: ${reasonOf(cause)}.`, cause);
}

/** Returns the `code` of a system error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

function reasonOf(error: unknown): string {
  const remedies: Readonly<Record<string, string>> = {
    ENOSPC: "the disk is full (ENOSPC); free some space",
    EDQUOT: "the disk quota is exceeded (EDQUOT); free some space",
    EROFS: "the file system is read-only (EROFS); pass a writable directory",
    EACCES: "permission denied (EACCES); pass a directory that belongs to the current user",
    EPERM: "not permitted (EPERM); pass a directory that belongs to the current user",
  };
  return remedies[systemCode(error) ?? ""] ?? (error instanceof Error ? error.message : String(error));
}
