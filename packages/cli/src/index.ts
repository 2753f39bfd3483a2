/**
 * The command line's own parts for programs: what its exit codes mean, and the token of a profile without a process.
 *
 * @packageDocumentation
 */
export { ExitCodes, type ExitCode } from "./exit-codes.js";
export { profileToken, type ProfileTokenOptions } from "./profile-token.js";
