/** Something that was found and dealt with: nothing fails, but somebody should know. */
export interface PersistenceProblem {
  /**
   * - `corrupt`: the stored cache was torn or is something else; it was set aside, and users sign in again
   * - `key_lost`: the key of the cache is gone from the keychain; the same
   * - `permissions_repaired`: the file or folder could be read by others; it no longer can
   */
  readonly code: "corrupt" | "key_lost" | "permissions_repaired";
  /** What was found, and what became of it. */
  readonly message: string;
  /** The file or folder it is about. */
  readonly path: string;
  /** Where the unreadable content was moved. */
  readonly setAsideAs?: string;
}

/** Is told of each problem once. */
export type ProblemListener = (problem: PersistenceProblem) => void;

/** Prints the problem as Node.js prints warnings: to the standard error stream, or wherever the app sends them. */
export function warnOfProblem({ code, message }: PersistenceProblem): void {
  process.emitWarning(message, { type: "PersistenceWarning", code });
}
