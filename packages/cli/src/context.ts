import type { Given } from "./options.js";

/** What a command is run with. */
export interface Context {
  readonly given: Given;
  /** Aborted by `Ctrl+C`. */
  readonly signal: AbortSignal;
  /** Says something beside the result, on standard error. */
  readonly say: (text: string) => void;
  /** Writes a log line, with `--verbose`. */
  readonly log: ((message: string) => void) | undefined;
  /** Whether nothing may be redrawn: `--plain` or `TESSERA_PLAIN`. */
  readonly isPlain: boolean;
  /** Whether the user may be asked at all. */
  readonly mayAsk: boolean;
  /** Sets another exit code than 0 for a command that has said why. */
  readonly endWith: (code: number) => void;
}

/** A command. Prints its result to standard output. */
export type Run = (context: Context) => Promise<void>;
