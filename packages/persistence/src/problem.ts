/** A problem that was found and repaired. It does not cause an error, but the app may want to log it. */
export interface PersistenceProblem {
  /**
   * - `corrupt`: the stored cache was damaged or is not a token cache; it was set aside, and users have to sign in again
   * - `key_lost`: the keychain no longer has the cache's key; the consequences are the same
   * - `permissions_repaired`: other users could access the file or folder; they no longer can
   */
  readonly code: "corrupt" | "key_lost" | "permissions_repaired";
  /** What was found, and how it was repaired. */
  readonly message: string;
  /** The affected file or folder. */
  readonly path: string;
  /** Where the unreadable file was moved. */
  readonly setAsideAs?: string;
}

/** Receives each problem once. */
export type ProblemListener = (problem: PersistenceProblem) => void;

/** Emits the problem as a process warning, which Node.js prints to the standard error stream by default. */
export function emitProblemWarning({ code, message }: PersistenceProblem): void {
  process.emitWarning(message, { type: "PersistenceWarning", code });
}
