import { realmOf } from "../dialects/dialects.js";
import { refuse } from "../errors/errors.js";
import { sha256 } from "../crypto/opaque.js";
import type { Parameters } from "../http/parameters.js";
import type { CodeGrant } from "../stores/codes.js";
import { respondToUser } from "./token-response.js";
import type { Grant } from "./grant.js";

/** Redeems an authorization code (RFC 6749 §4.1.3) with PKCE (RFC 7636 §4.6). */
export const authorizationCode: Grant = (state, request) => {
  const { form, at, app } = request;
  const redirectUri = required(form, "redirect_uri");
  const issued = state.codes.find(required(form, "code"));
  if (issued?.grant.realm !== realmOf(at)) throw refuse(9002313, {}, { error: "invalid_grant" });
  const { grant } = issued;
  if (grant.clientId !== app.clientId) throw refuse(70000);
  if (at.tenant !== undefined && at.tenant.id !== grant.tenantId) throw refuse(700005);
  if (issued.redeemed) throw refuse(54005);
  if (state.clock.seconds() >= issued.expiresAt) throw refuse(70008);
  if (redirectUri !== grant.redirectUri) throw refuse(500112, { redirectUri, expected: grant.redirectUri });
  checkVerifier(form["code_verifier"], grant);
  // Before the first await, so that the second of two concurrent redemptions fails.
  issued.redeemed = true;
  return respondToUser(state, request, {
    signIn: grant,
    scope: form["scope"] ?? grant.scope,
    resource: grant.resource,
    nonce: grant.nonce,
    claims: form["claims"] ?? grant.claims,
    withAuthTime: grant.maxAge !== undefined,
  });
};

function required(form: Parameters, parameter: string): string {
  const value = form[parameter];
  if (!value) throw refuse(900144, { parameter });
  return value;
}

function checkVerifier(verifier: string | undefined, grant: CodeGrant): void {
  if (grant.codeChallenge === undefined) return;
  if (!verifier) throw refuse(50148);
  const challenge = grant.codeChallengeMethod === "S256" ? sha256(verifier) : verifier;
  if (challenge !== grant.codeChallenge) throw refuse(501481);
}
