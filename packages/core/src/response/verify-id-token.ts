import type { Authority } from "../authority/authority.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import { jwtHeader, typedClaims, type IdTokenClaims, type RawClaims } from "./id-token.js";
import { ID_TOKEN } from "./jwt-kind.js";
import { sameText } from "./same-text.js";
import { tokenHash } from "./token-hash.js";
import {
  audiencesIn,
  isNumericDate,
  secondsAt,
  verifyJwt,
  type Refuse,
  type Verifier,
} from "./verify-jwt.js";

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
  readonly signature?: "always" | undefined;
  /** What the token's hashes are of. A hash that is there is checked. */
  readonly hashed?: Hashed;
  /** A hash that has to be there. */
  readonly requiredHash?: keyof Hashed;
}

/** The texts that an ID token may hold a hash of (OpenID Connect Core §3.3.2.11, FAPI 1.0 Advanced §5.1): access token, code, state. */
export interface Hashed {
  readonly at_hash?: string | undefined;
  readonly c_hash?: string | undefined;
  readonly s_hash?: string | undefined;
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
    checkHashes(idToken, claims, expected, refuse);
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
  const { clientId } = client;
  const { sub, aud, azp, auth_time: authTime } = claims;
  if (subject !== undefined && sub !== subject)
    return refuse("its sub differs from that of the ID token that came with the code");
  if (azp !== undefined ? azp !== clientId : audiencesIn(aud).length > 1)
    return refuse(`azp is ${JSON.stringify(azp)}, this client is "${clientId}"`);
  const now = secondsAt(authority, client);
  const tolerance = dialectOf(authority.url).clockTolerance;
  if (maxAge !== undefined && !(isNumericDate(authTime) && authTime + maxAge + tolerance >= now))
    return refuse(`auth_time is ${JSON.stringify(authTime)}, more than ${maxAge} seconds before now, ${now}`);
}

const HASHES = { at_hash: "access token", c_hash: "code", s_hash: "state" } as const;

/** Refuses a token that came with another access token, code or state than the ones it was issued with. */
function checkHashes(
  idToken: string,
  claims: RawClaims,
  { hashed = {}, requiredHash }: IdTokenExpectations,
  refuse: Refuse,
): void {
  for (const name of ["at_hash", "c_hash", "s_hash"] as const) {
    const { [name]: text } = hashed;
    const { [name]: hash } = claims;
    if (text === undefined || (hash === undefined && name !== requiredHash)) continue;
    if (typeof hash !== "string" || !sameText(hash, tokenHash(text, jwtHeader(idToken)["alg"])))
      refuse(`its ${name} does not match the ${HASHES[name]}: the ${HASHES[name]} was replaced`);
  }
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
