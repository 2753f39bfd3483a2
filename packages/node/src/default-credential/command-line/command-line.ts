import type { AmbientTokenRequest } from "../source.js";

/** A token as a command line prints it. */
export interface PrintedToken {
  readonly accessToken: string;
  /** Milliseconds since the epoch; unknown if absent. */
  readonly expiresOn?: number;
  readonly tenantId?: string;
}

/** Files of a folder that change when another account is signed in, or another one is chosen. */
export interface AccountFiles {
  readonly folder: string;
  readonly names: RegExp;
  /** The folder need not exist: another tool has it. */
  readonly isOptional?: boolean;
}

/** What a line on the standard error means. */
export interface Sign {
  readonly text: RegExp;
  readonly means: "not_installed" | "not_signed_in" | "interaction_required";
}

/** A command line that prints tokens. Each is described in a file of its own. */
export interface CommandLine {
  /** The name of the tool in messages. */
  readonly name: string;
  /** The name of its program. */
  readonly program: string;
  /** How to install it. */
  readonly install: string;
  /** The command that signs in. */
  readonly signIn: string;
  /** Checked first to last. */
  readonly signs: readonly Sign[];
  readonly accountFiles: () => readonly AccountFiles[];
  /** A token that the environment gives, which wins over the sign-in. Also checks the request. */
  readonly override?: (request: AmbientTokenRequest) => Promise<PrintedToken | undefined>;
  /** What the token is for besides scopes and tenant, such as an account: a part of the cache key. */
  readonly identity: () => string;
  /**
   * The arguments of the program, which pass through no shell.
   *
   * @throws ClientConfigurationError for a request that the tool cannot answer, and for characters that it must not see
   */
  readonly arguments: (request: AmbientTokenRequest) => readonly string[];
  /** The command to sign in again for a request, if there is a better one than {@link signIn}. */
  readonly signInAgain?: (request: AmbientTokenRequest) => string;
  /** The token in the standard output, if it is one. */
  readonly read: (output: string) => PrintedToken | undefined;
  /** The message in the standard error; its last line by default. */
  readonly message?: (errors: string) => string;
}
