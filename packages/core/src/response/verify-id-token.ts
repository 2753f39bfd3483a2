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

/** The facts of a client that ID tokens are checked against. */
export interface Verifier {
  readonly clientId: string;
  readonly clock: Clock;
  readonly keys: KeySource;
  /** Secret of a confidential client: the key of HS256 signatures. */
  readonly secret: () => string | undefined;
  /** The `alg` the client is registered with (`id_token_signed_response_alg`), if it says. */
  readonly idTokenAlgorithm: string | undefined;
}

/** What an ID token is checked against. */
export interface IdTokenExpectations {
  readonly client: Verifier;
  readonly authority: Authority;
  /** `"unchecked"` where no authorization request was made (refresh). */
  readonly nonce: { readonly expected: string | undefined } | "unchecked";
  /** Most seconds since the user last authenticated (`max_age` of the request). */
  readonly maxAge?: number | undefined;
  /** `sub` of the ID token that came with the code (OpenID Connect Core §3.3.3.6). */
  readonly subject?: string | undefined;
  /** `"always"` where no TLS connection to the issuer vouches for the token. */
  readonly signature?: "always";
}

/** Asymmetric algorithms that are accepted when the provider lists them (RFC 7518 §3.1, RFC 8037, RFC 9864). */
const ASYMMETRIC = /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/;

/**
 * Validates an ID token (OpenID Connect Core §3.1.3.7): issuer, audience, authorized party, expiry, nonce always;
 * the signature for every OpenID Provider that is not Entra. For Entra, TLS to the token endpoint stands in for it
 * (rule 6), as MSAL has it.
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
  // As they came: a claim that decides must be refused with the wrong type, and not count as absent.
  checkClaims(claims, expected, call.correlationId);
  if (!dialectOf(expected.authority.url).tlsVouches || expected.signature === "always")
    await checkSignature(idToken, claims, expected, call);
  return typedClaims(claims);
}

/** RFC 7515 §4.1.11: whoever does not understand what `crit` lists must refuse the token, and nothing of it is understood. */
function checkHeader(idToken: string, correlationId: string): void {
  const header = parseJsonObject(base64Decode(idToken.split(".", 1)[0] ?? ""));
  if (header?.["crit"] === undefined) return;
  throw clientAuthError(
    "invalid_id_token",
    `The ID token is refused: its header lists critical extensions, ${JSON.stringify(header["crit"])} (crit), none of which is known here.`,
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
    return refuse("its sub is another than that of the ID token that came with the code");
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

/** Seconds since the epoch (RFC 7519 §2). JSON can also say `1e999`, which never comes. */
function isNumericDate(value: unknown): value is number {
  return Number.isFinite(value);
}

function checkNonce(actual: unknown, expected: string | undefined, correlationId: string): void {
  if (actual === undefined && expected === undefined) return;
  if (typeof actual === "string" && expected !== undefined && sameText(actual, expected)) return;
  const what =
    expected === undefined
      ? "it has a nonce, but the request says none: pass the nonce you gave to getAuthCodeUrl"
      : "it does not have the nonce of the request: it was made for another sign-in";
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
    // The algorithm was allowed above; a symmetric one is only ever checked with this client's own secret.
    if (alg === "HS256") await compactVerify(idToken, hs256Key(secret() ?? ""), { algorithms: ["HS256"] });
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

/** What the client is registered with; else the asymmetric algorithms the provider lists; else RS256. */
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

/** Compares in a time that does not tell how much is equal. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && nodeCrypto().timingSafeEqual(left, right);
}
