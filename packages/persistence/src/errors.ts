/** Every code of a {@link PersistenceError}. */
export const PersistenceErrorCodes = {
  /** An option has a value that cannot be used. */
  invalidOption: "invalid_option",
  /** There is no keychain, or its library is not installed. */
  keychainUnavailable: "keychain_unavailable",
  /** The keychain is there, but locked. */
  keychainLocked: "keychain_locked",
  /** The passphrase does not open the cache. */
  wrongPassphrase: "wrong_passphrase",
  /** The file or its folder is not the user's alone, and that cannot be repaired. */
  notPrivate: "not_private",
  /** The cache was written by a later version of this package. */
  newerFormat: "newer_format",
  /** The disk is full, the folder is read-only, … */
  storageFailed: "storage_failed",
  /** Another process holds the lock and does not give it back. */
  lockTimeout: "lock_timeout",
  /** This process stood still for so long that others took its lock. */
  lockLost: "lock_lost",
  /** The cache to migrate cannot be read. */
  migrationFailed: "migration_failed",
} as const;

export type PersistenceErrorCode = (typeof PersistenceErrorCodes)[keyof typeof PersistenceErrorCodes];

/**
 * The cache could not be opened, read or saved. What is stored is as it was before.
 *
 * It has the fields of an `AuthError`, and is none: this package runs beside `@azure/msal-node`, too.
 */
export class PersistenceError extends Error {
  /** A stable code: one of {@link PersistenceErrorCodes}. */
  readonly errorCode: PersistenceErrorCode;
  /** What went wrong and what to do about it. Never holds a key, a passphrase or a token. */
  readonly errorMessage: string;

  /**
   * @param errorCode a stable code
   * @param errorMessage what went wrong and what to do
   * @param cause the error underneath
   */
  constructor(errorCode: PersistenceErrorCode, errorMessage: string, cause?: unknown) {
    super(`${errorCode}: ${errorMessage}`, cause === undefined ? undefined : { cause });
    this.name = "PersistenceError";
    this.errorCode = errorCode;
    this.errorMessage = errorMessage;
  }
}

/** Whether an error is a {@link PersistenceError}, whichever copy of this package has thrown it. */
export function isPersistenceError(error: unknown): error is PersistenceError {
  return error instanceof Error && error.name === "PersistenceError" && "errorCode" in error;
}

/** A {@link PersistenceError} `storage_failed` for what the file system said. */
export function storageFailed(what: string, cause: unknown): PersistenceError {
  return new PersistenceError("storage_failed", `${what}: ${reasonOf(cause)}.`, cause);
}

/** The `code` of a system error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

function reasonOf(error: unknown): string {
  const remedies: Readonly<Record<string, string>> = {
    ENOSPC: "the disk is full (ENOSPC); make room",
    EDQUOT: "the disk quota is used up (EDQUOT); make room",
    EROFS: "the file system is read-only (EROFS); pass a directory that can be written",
    EACCES: "permission denied (EACCES); pass a directory of the user who runs this",
    EPERM: "not permitted (EPERM); pass a directory of the user who runs this",
  };
  return remedies[systemCode(error) ?? ""] ?? (error instanceof Error ? error.message : String(error));
}
