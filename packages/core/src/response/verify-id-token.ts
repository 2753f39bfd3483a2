import type { Authority } from "../authority/authority.js";
import { idTokenIssuerMatches, keySpeaksFor } from "../authority/issuer.js";
import { epochSeconds, type Clock } from "../clock.js";
import { dialectOf } from "../dialect/dialects.js";
import { base64Decode, parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import { hs256Key } from "../hs256-key.js";
import { nodeCrypto } from "../node-crypto.js";
import { decodeIdToken, typedClaims, type IdTokenClaims, type RawClaims } from "./id-token.js";
import type { KeySource } from "./key-source.js";

/** The client's settings that ID tokens are validated against. */
export interface Verifier {
  readonly clientId: string;
  readonly clock: Clock;
  readonly keys: KeySource;
  /** Secret of a confidential client: the key of HS256 signatures. */
  readonly secret: () => string | undefined | Promise<string>;
  /** The `alg` the client is registered with (`id_token_signed_response_alg`), if configured. */
  readonly idTokenAlgorithm: string | undefined;
}

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

/** Asymmetric algorithms that are accepted when the provider lists them (RFC 7518 §3.1, RFC 8037, RFC 9864). */
const ASYMMETRIC = /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/;

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
  const claims = decodeIdToken(idToken, call.correlationId);
  checkHeader(idToken, call.correlationId);
  // Untyped claims: a security-relevant claim of the wrong type must be refused, not treated as absent.
  checkClaims(claims, expected, call.correlationId);
  if (!dialectOf(expected.authority.url).tlsVouches || expected.signature === "always")
    await checkSignature(idToken, claims, expected, call);
  return typedClaims(claims);
}

/** Refuses a token with `crit` (RFC 7515 §4.1.11): no critical extension is supported. */
function checkHeader(idToken: string, correlationId: string): void {
  const header = parseJsonObject(base64Decode(idToken.split(".", 1)[0] ?? ""));
  if (header?.["crit"] === undefined) return;
  throw clientAuthError(
    "invalid_id_token",
    `The ID token is refused: its header lists critical extensions, ${JSON.stringify(header["crit"])} (crit), none of which is supported.`,
    { correlationId },
  );
}

function checkClaims(claims: RawClaims, expected: IdTokenExpectations, correlationId: string): void {
  const { authority, client, nonce } = expected;
  const { clientId, clock } = client;
  const tolerance = dialectOf(authority.url).clockTolerance;
  const refuse = (what: string): never => {
    throw clientAuthError("invalid_id_token", `The ID token is refused: ${what}.`, { correlationId });
  };
  const { iss, sub, aud, exp, nbf, iat, azp, tid, auth_time: authTime } = claims;
  const now = epochSeconds(clock);

  if (typeof iss !== "string") return refuse("iss is missing");
  if (!idTokenIssuerMatches(authority, { iss, tid })) {
    return refuse(`iss is "${iss}", the authority's issuer is "${authority.metadata.issuer}"`);
  }
  if (typeof sub !== "string" || sub === "") return refuse("sub is missing");
  if (expected.subject !== undefined && sub !== expected.subject)
    return refuse("its sub differs from that of the ID token that came with the code");
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audiences.includes(clientId))
    return refuse(`aud is ${JSON.stringify(aud)}, this client is "${clientId}"`);
  if (azp !== undefined ? azp !== clientId : audiences.length > 1) {
    return refuse(`azp is ${JSON.stringify(azp)}, this client is "${clientId}"`);
  }
  if (!isNumericDate(exp)) return refuse("exp is missing");
  if (exp <= now - tolerance) return refuse(`it expired at ${exp}, now is ${now}`);
  if (!isNumericDate(iat)) return refuse("iat is missing");
  if (nbf !== undefined && !(isNumericDate(nbf) && nbf <= now + tolerance)) {
    return refuse(`it is not valid before ${JSON.stringify(nbf)}, now is ${now}; check this machine's clock`);
  }
  const { maxAge } = expected;
  if (maxAge !== undefined && !(isNumericDate(authTime) && authTime + maxAge + tolerance >= now)) {
    return refuse(`auth_time is ${JSON.stringify(authTime)}, more than ${maxAge} seconds before now, ${now}`);
  }
  if (nonce !== "unchecked") checkNonce(claims["nonce"], nonce.expected, correlationId);
}

/** Seconds since the epoch (RFC 7519 §2). JSON can also hold `1e999`, which parses to Infinity. */
function isNumericDate(value: unknown): value is number {
  return Number.isFinite(value);
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

async function checkSignature(
  idToken: string,
  claims: RawClaims,
  expected: IdTokenExpectations,
  call: Call,
): Promise<void> {
  const { authority, client } = expected;
  const { secret, keys } = client;
  const { compactVerify, decodeProtectedHeader } = await import("jose");
  const allowed = allowedAlgorithms(expected);
  try {
    const { alg } = decodeProtectedHeader(idToken);
    if (typeof alg !== "string" || !allowed.includes(alg)) {
      throw new Error(`alg is ${JSON.stringify(alg)}, allowed: ${allowed.join(", ")}`);
    }
    // The algorithm was allowed above. HS256 is verified only with this client's own secret.
    if (alg === "HS256")
      await compactVerify(idToken, hs256Key((await secret()) ?? ""), { algorithms: ["HS256"] });
    else {
      await keys.verifyWith(authority.metadata.jwks_uri, call, {
        accepts: (key) => keySpeaksFor(key["issuer"], claims, authority),
        verify: (find) =>
          compactVerify(idToken, find as Parameters<typeof compactVerify>[1], { algorithms: [alg] }),
      });
    }
  } catch (cause) {
    if (call.signal?.aborted || isNetworkError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw clientAuthError(
      "invalid_id_token",
      `The signature of the ID token is refused: ${reason}. If the client is registered with another algorithm, name it in auth.clientMetadata.id_token_signed_response_alg.`,
      { correlationId: call.correlationId, cause },
    );
  }
}

/** Returns the algorithm the client is registered with, else those the provider lists, else RS256. */
function allowedAlgorithms({ client, authority }: IdTokenExpectations): readonly string[] {
  const { idTokenAlgorithm: algorithm, secret } = client;
  const usable = (alg: string): boolean =>
    ASYMMETRIC.test(alg) || (alg === "HS256" && secret() !== undefined);
  if (algorithm !== undefined) return [algorithm].filter(usable);
  const listed = authority.metadata.id_token_signing_alg_values_supported;
  const supported = Array.isArray(listed)
    ? listed.filter((alg): alg is string => typeof alg === "string")
    : [];
  const accepted = supported.filter(usable);
  return accepted.length > 0 ? accepted : ["RS256"];
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Error && "errorCode" in error;
}

/** Compares two strings in constant time. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && nodeCrypto().timingSafeEqual(left, right);
}
