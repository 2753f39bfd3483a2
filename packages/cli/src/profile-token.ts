import type { AuthenticationResult } from "@tessera/node";
import { userMustAct } from "./errors.js";
import { Given } from "./options.js";
import { selectedProfile } from "./profiles/profiles.js";
import type { StoreName } from "./profiles/profile.js";
import { openSession } from "./tokens/session.js";
import { silentToken } from "./tokens/silent-token.js";

/** Options of {@link profileToken}. */
export interface ProfileTokenOptions {
  /** Name of the profile; `TESSERA_PROFILE`, `default` or the only one by default. */
  readonly profile?: string;
  /** Scopes of the token; those of the profile by default. */
  readonly scopes?: readonly string[];
  /** Where the profile's tokens are kept, if it is not as the profile says. */
  readonly store?: StoreName;
  /** Ends the call. */
  readonly signal?: AbortSignal;
}

/**
 * Returns a token of the user who has signed in with `tessera login`: from the cache, or renewed. The user is never asked.
 *
 * @throws an error with `exitCode`, as the command has it: {@link ExitCodes}`.userMustAct` if nobody is signed in
 * @example
 * ```ts
 * import { ExitCodes, profileToken } from "@tessera/cli";
 *
 * try {
 *   const { accessToken } = await profileToken({ profile: "a-profile-of-nobody", scopes: ["User.Read"] });
 *   console.log(accessToken.length);
 * } catch (error) {
 *   console.log((error as { exitCode?: number }).exitCode === ExitCodes.usage); // there is no such profile
 * }
 * ```
 */
export async function profileToken(options: ProfileTokenOptions = {}): Promise<AuthenticationResult> {
  const profile = selectedProfile(options.profile);
  const given = new Given(options.store === undefined ? {} : { store: options.store }, []);
  const session = await openSession(profile, {
    given,
    say: (text) => process.emitWarning(text),
    log: undefined,
  });
  const found = await silentToken(session, { scopes: options.scopes ?? profile.scopes }, options.signal);
  if ("accessToken" in found) return found;
  throw userMustAct(
    `The user of the profile "${profile.name}" has to sign in: run tessera login --profile ${profile.name}.`,
    found.reason,
  );
}
