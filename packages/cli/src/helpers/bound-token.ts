import type { AuthenticationResult } from "@tessera/node";
import type { Context } from "../context.js";
import { tokenOfProfile, wantedToken } from "../commands/token.js";
import { profileFor } from "../profiles/bindings.js";
import type { Binding, Profile } from "../profiles/profile.js";

/** A token for a bound host. */
export interface BoundToken {
  readonly result: AuthenticationResult;
  readonly profile: Profile;
  readonly binding: Binding;
}

/**
 * Returns a token for a host.
 *
 * @param refusedToken a token that the host has refused
 * @returns `undefined` for a host that no profile is bound to
 */
export async function boundToken(
  url: URL,
  context: Context,
  refusedToken?: string,
): Promise<BoundToken | undefined> {
  const found = profileFor(url, context.given.text("profile"));
  if (!found) return undefined;
  const { profile, binding } = found;
  const wanted = wantedToken(context.given);
  const isNamed = wanted.scopes.length > 0 || wanted.resource !== undefined;
  const result = await tokenOfProfile(
    profile,
    {
      ...wanted,
      ...(isNamed || !binding.scopes ? {} : { scopes: binding.scopes }),
      ...(refusedToken === undefined ? {} : { refusedToken }),
    },
    context,
  );
  return { result, profile, binding };
}

/** The user name for protocols that want one beside a token, if none is bound: servers take any, or this one. */
export const TOKEN_USER = "oauth2";

/** Reads standard input to its end. */
export async function standardInput(): Promise<string> {
  const { readFileSync } = await import("node:fs");
  return readFileSync(0, "utf8");
}
