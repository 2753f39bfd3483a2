import { ExitCodes, type ExitCode } from "./exit-codes.js";

/** An error that ends a command: one line with the remedy. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

/** An error of the command line itself. */
export function usageError(message: string): CommandError {
  return new CommandError(ExitCodes.usage, message);
}

/** An error that ends a command, with exit code 1. */
export function failure(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCodes.error, message, cause);
}

/** The user has to do something that the command may not ask for. */
export function userMustAct(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCodes.userMustAct, message, cause);
}

/** The user has declined. */
export function declined(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCodes.declined, message, cause);
}

/** The stable code of an error of the library or of the system, or `""`. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  if ("errorCode" in error && typeof error.errorCode === "string") return error.errorCode;
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Whether a silent acquisition failed because the user has to sign in or to consent. Many providers say only `invalid_grant`. */
export function needsUser(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "InteractionRequiredAuthError" || codeOf(error) === "invalid_grant";
}

const DECLINED: ReadonlySet<string> = new Set(["access_denied", "authorization_declined", "user_canceled"]);

/** Whether the user has declined a sign-in. */
export function isDeclined(error: unknown): boolean {
  return (
    DECLINED.has(codeOf(error)) || (error instanceof CommandError && error.exitCode === ExitCodes.declined)
  );
}

/** Errors of a sign-in after which the user can simply try again. */
const TRY_AGAIN: ReadonlySet<string> = new Set(["device_code_expired", "user_timeout_reached"]);

/** Returns the exit code for an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  if (isDeclined(error)) return ExitCodes.declined;
  if (needsUser(error) || TRY_AGAIN.has(codeOf(error))) return ExitCodes.userMustAct;
  return codeOf(error).startsWith("ERR_PARSE_ARGS_") ? ExitCodes.usage : ExitCodes.error;
}

/** What each store protects, for one who has to choose. */
const STORES =
  "--store passphrase (encrypted with the passphrase in the file that TESSERA_PASSPHRASE_FILE names; a copied file is useless without it), --store file (not encrypted, only its owner may read it; protects from other users of this machine), --store keychain (encrypted with a key in the keychain of a desktop session; protects from a stolen disk as well)";

/** What to do about errors whose own message is written for programmers. */
const REMEDIES: Readonly<Record<string, string>> = {
  keychain_unavailable: `There is no keychain here: choose ${STORES}.`,
  keychain_locked: `The keychain is locked: unlock it, or choose ${STORES}.`,
  wrong_passphrase:
    "The passphrase is not the one that the profile's tokens were stored with: correct the file that TESSERA_PASSPHRASE_FILE names, or run tessera login with a new profile.",
  device_code_expired: "The code expired before anybody signed in: run the command again.",
  access_denied: "The sign-in was declined: run the command again to sign in after all.",
  authorization_declined: "The sign-in was declined: run the command again to sign in after all.",
  untrusted_authority:
    "The authority is not known to Microsoft: pass the issuer of an OpenID Provider with --issuer.",
};

/** Returns what is said about an error, in one line. */
export function explain(error: unknown): string {
  const remedy = error instanceof CommandError ? undefined : REMEDIES[codeOf(error)];
  return oneLine(remedy ?? messageOf(error));
}

/** Returns the text of an error without its code. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = "errorMessage" in error && typeof error.errorMessage === "string" ? error.errorMessage : "";
  return text || error.message;
}

/** Returns more about an error, for `--verbose`: its code, its correlation ID, and the errors that caused it. */
export function details(error: unknown): readonly string[] {
  const lines: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const id = "correlationId" in at && typeof at.correlationId === "string" ? at.correlationId : "";
    const facts = [at.name, codeOf(at), id && `correlation ID ${id}`].filter(Boolean).join(", ");
    lines.push(oneLine(`${depth === 0 ? "" : "caused by "}${facts}: ${messageOf(at)}`));
  }
  return lines;
}

/** Servers' texts come with line breaks. */
function oneLine(text: string): string {
  return text
    .split(/[\r\n\t]+/)
    .map((line) => line.trim())
    .filter(Boolean)
    .join(" ");
}
