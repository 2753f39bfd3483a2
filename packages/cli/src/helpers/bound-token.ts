import type { AuthenticationResult } from "@tessera/node";
import type { Context } from "../context.js";
import { profileFor } from "../profiles/bindings.js";
import type { Binding, Profile } from "../profiles/profile.js";
import { tokenOfProfile } from "../tokens/token-of-profile.js";
import { namesApi, wantedToken, type WantedToken } from "../tokens/wanted-token.js";

/** A token for a bound host. */
export interface BoundToken {
  readonly result: AuthenticationResult;
  readonly profile: Profile;
  readonly binding: Binding;
}

/**
 * Returns a token for a host.
 *
 * @param renewal why a token in the cache will not do
 * @returns `undefined` for a host that no profile is bound to
 */
export async function boundToken(
  url: URL,
  context: Context,
  renewal: Pick<WantedToken, "refusedToken" | "forceRefresh"> = {},
): Promise<BoundToken | undefined> {
  const found = profileFor(url, context.given.text("profile"));
  if (!found) return undefined;
  const { profile, binding } = found;
  const wanted = wantedToken(context.given);
  const result = await tokenOfProfile(
    profile,
    {
      ...wanted,
      ...(namesApi(wanted) || !binding.scopes ? {} : { scopes: binding.scopes }),
      ...renewal,
    },
    context,
  );
  return { result, profile, binding };
}

/** The user name for protocols that want one beside a token, if none is bound: servers take any, or this one. */
export const TOKEN_USER = "oauth2";

/** The same with an ID token that is good for some minutes more: one from the cache may be older than the access token. */
export async function boundIdToken(url: URL, context: Context): Promise<BoundToken | undefined> {
  const found = await boundToken(url, context);
  if (!found || found.result.idToken === "" || isGood(found.result.idTokenClaims)) return found;
  return boundToken(url, context, { forceRefresh: true });
}

/** Time in seconds that an ID token has to be good for. */
const MARGIN = 300;

function isGood(claims: object): boolean {
  const exp: unknown = Reflect.get(claims, "exp");
  return typeof exp === "number" && exp > Date.now() / 1000 + MARGIN;
}
