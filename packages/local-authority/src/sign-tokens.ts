import { dialectOf } from "./dialects/dialect.js";
import type { TenantScope } from "./directory.js";
import { signJwt } from "./jwt.js";
import type { AuthorityState } from "./state.js";
import type { AppTokenOrder, IdTokenOrder, UserTokenOrder } from "./tokens.js";

export function signIdToken(state: AuthorityState, order: IdTokenOrder): Promise<string> {
  return signJwt(dialectOf(order.at).idTokenClaims(state, order), namesCertificate(order));
}

export function signUserAccessToken(state: AuthorityState, order: UserTokenOrder): Promise<string> {
  return signJwt(dialectOf(order.at).userTokenClaims(state, order), namesCertificate(order));
}

export function signAppAccessToken(state: AuthorityState, order: AppTokenOrder): Promise<string> {
  return signJwt(dialectOf(order.at).appTokenClaims(state, order), namesCertificate(order));
}

/** AD FS puts the thumbprint of its certificate into every header. */
function namesCertificate({ at }: { readonly at: TenantScope }): boolean {
  return at.kind === "adfs";
}
