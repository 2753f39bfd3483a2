import type { JWTPayload } from "jose";
import { verifyJwt } from "../crypto/jwt.js";
import type { AuthorityState } from "../state.js";
import { audienceOf } from "../tokens/scopes.js";

/** Returns the claims of an access token that an issuer of this authority issued for a resource, otherwise `undefined`. */
export async function acceptedClaims(
  state: AuthorityState,
  { token, resource, issuer }: { readonly token: string; readonly resource: string; readonly issuer: string },
): Promise<JWTPayload | undefined> {
  const now = new Date(state.clock.milliseconds());
  // Entra writes the client ID of an API that is registered under the URL.
  for (const audience of new Set([resource, audienceOf(resource, state.directory)])) {
    const claims = await verifyJwt(token, audience, now);
    if (claims?.iss === issuer) return claims;
  }
  return undefined;
}

/** Whether a token has every scope. Entra writes scopes without the resource before them, and roles for apps. */
export function hasScopes(claims: JWTPayload, scopes: readonly string[]): boolean {
  const { scope, scp, roles } = claims as Readonly<Record<string, unknown>>;
  const text = (value: unknown) => (typeof value === "string" ? value.split(" ") : []);
  const named: readonly unknown[] = Array.isArray(roles) ? roles : [];
  const granted = [...text(scope), ...text(scp), ...named];
  return scopes.every(
    (wanted) => granted.includes(wanted) || granted.includes(wanted.slice(wanted.lastIndexOf("/") + 1)),
  );
}
