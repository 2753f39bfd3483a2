/** The exit codes of `tessera`. */
export const ExitCodes = {
  /** It worked. */
  ok: 0,
  /** It failed. */
  error: 1,
  /** The command line is wrong: an option that is missing, unknown or has a wrong value. */
  usage: 2,
  /** The user must act: sign in again, consent, name an account. */
  userMustAct: 3,
  /** The user declined. */
  declined: 4,
  /** `Ctrl+C`. */
  interrupted: 130,
} as const;

/** An exit code of `tessera`: one of {@link ExitCodes}. */
export type ExitCode = (typeof ExitCodes)[keyof typeof ExitCodes];
