import type { Authority } from "../authority/authority.js";
import { epochSeconds } from "../clock.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import { typedClaims, type IdTokenClaims, type RawClaims } from "./id-token.js";
import { ID_TOKEN } from "./jwt-kind.js";
import { sameText } from "./same-text.js";
import { audiencesIn, isNumericDate, verifyJwt, type Refuse, type Verifier } from "./verify-jwt.js";

/** The values an ID token is validated against. */
export interface IdTokenExpectations {
  readonly client: Verifier;
  readonly authority: Authority;
  /** `"unchecked"` when there was no authorization request (refresh). */
  readonly nonce: { readonly expected: string | undefined } | "unchecked";
  /** Maximum seconds since the user last authenticated (`max_age` of the request). */
  readonly maxAge?: number | undefined;
  /** `sub` of the ID token that came with the code (OpenID Connect Core §3.3.3.6). */
  readonly subject?: string | undefined;
  /** `"always"` when the token did not come over a TLS connection to the issuer. */
  readonly signature?: "always";
}

/**
 * Validates an ID token (OpenID Connect Core §3.1.3.7). Issuer, audience, authorized party, expiry and nonce are
 * always checked. The signature is checked for every OpenID Provider except Entra, where TLS to the token endpoint
 * replaces it (rule 6), as in MSAL.
 *
 * @returns the claims, trusted from here on
 * @throws ClientAuthError `invalid_id_token`, `nonce_mismatch`, `token_parsing_error`
 */
export async function verifyIdToken(
  idToken: string,
  expected: IdTokenExpectations,
  call: Call,
): Promise<IdTokenClaims> {
  const { client, authority, signature } = expected;
  const tlsVouches = dialectOf(authority.url).tlsVouches && signature !== "always";
  const check = (claims: RawClaims, refuse: Refuse): void => {
    checkSignIn(claims, expected, refuse);
    if (expected.nonce !== "unchecked")
      checkNonce(claims["nonce"], expected.nonce.expected, call.correlationId);
  };
  return typedClaims(
    await verifyJwt(idToken, { kind: ID_TOKEN, client, authority, tlsVouches, check }, call),
  );
}

/** Checks the claims that only an ID token has. */
function checkSignIn(claims: RawClaims, expected: IdTokenExpectations, refuse: Refuse): void {
  const { authority, client, maxAge, subject } = expected;
  const { clientId, clock } = client;
  const { sub, aud, azp, auth_time: authTime } = claims;
  if (subject !== undefined && sub !== subject)
    return refuse("its sub differs from that of the ID token that came with the code");
  if (azp !== undefined ? azp !== clientId : audiencesIn(aud).length > 1)
    return refuse(`azp is ${JSON.stringify(azp)}, this client is "${clientId}"`);
  const now = epochSeconds(clock);
  const tolerance = dialectOf(authority.url).clockTolerance;
  if (maxAge !== undefined && !(isNumericDate(authTime) && authTime + maxAge + tolerance >= now))
    return refuse(`auth_time is ${JSON.stringify(authTime)}, more than ${maxAge} seconds before now, ${now}`);
}

function checkNonce(actual: unknown, expected: string | undefined, correlationId: string): void {
  if (actual === undefined && expected === undefined) return;
  if (typeof actual === "string" && expected !== undefined && sameText(actual, expected)) return;
  const what =
    expected === undefined
      ? "it has a nonce, but the request does not: pass the nonce that you passed to getAuthCodeUrl"
      : "its nonce is not that of the request: it was issued for another sign-in";
  throw clientAuthError("nonce_mismatch", `The ID token is refused: ${what}.`, { correlationId });
}
