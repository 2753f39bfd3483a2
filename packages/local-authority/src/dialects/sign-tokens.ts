import { dialectOf } from "./dialects.js";
import type { TenantScope } from "../directory.js";
import { signJwt } from "../crypto/jwt.js";
import type { AuthorityState } from "../state.js";
import type { AppTokenInput, IdTokenInput, UserTokenInput } from "../tokens/tokens.js";

/** Issues an ID token. */
export function signIdToken(state: AuthorityState, input: IdTokenInput): Promise<string> {
  return signJwt(dialectOf(input.at).idTokenClaims(state, input), includesThumbprint(input));
}

/** Issues an access token for a user. */
export function signUserAccessToken(state: AuthorityState, input: UserTokenInput): Promise<string> {
  return signJwt(dialectOf(input.at).userTokenClaims(state, input), includesThumbprint(input));
}

/** Issues an access token for an app. */
export function signAppAccessToken(state: AuthorityState, input: AppTokenInput): Promise<string> {
  return signJwt(dialectOf(input.at).appTokenClaims(state, input), includesThumbprint(input));
}

/** AD FS includes the thumbprint of its certificate in the header. */
function includesThumbprint({ at }: { readonly at: TenantScope }): boolean {
  return at.kind === "adfs";
}
