import type { webcrypto } from "node:crypto";
import { BoundedMap } from "../bounded-map.js";
import { isObject, numberIn, parseJsonObject, base64Decode, sha256Base64Url } from "../encoding.js";
import { parsedUrl } from "../http/secure-url.js";
import { jwtHeader } from "../response/id-token.js";
import { sameText } from "../response/same-text.js";
import { verifySignature } from "../response/verify-signature.js";

/** The request that a proof must be for (RFC 9449 §4.3). */
export interface ProofExpectations {
  readonly method: string;
  /** URL of the request as the client sees it. Query and fragment do not count. */
  readonly url: string;
  readonly accessToken: string;
  /** Thumbprint of the key that the token is bound to: `jkt` of its `cnf`. */
  readonly thumbprint: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A proof that was verified. */
export interface VerifiedProof {
  /** Identifies the proof among all proofs of all keys. */
  readonly id: string;
  readonly nonce: unknown;
  /** Seconds after which nobody accepts the proof any more. */
  readonly expiresIn: number;
}

/** Algorithms of proofs, as announced (RFC 9728 §2). None is symmetric (RFC 9449 §4.2). */
export const PROOF_ALGORITHMS: readonly string[] = [
  ...["ES256", "ES384", "ES512"],
  ...["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
  ...["EdDSA", "Ed25519"],
];

/** Accepted difference between the time of a proof and now, in seconds. */
const TOLERANCE = 300;

/** Members of a JSON Web Key that only private and symmetric keys have. */
const PRIVATE_MEMBERS: readonly string[] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Longer proofs are not read. */
const LONGEST_PROOF = 8192;

interface ProofKey {
  readonly key: webcrypto.CryptoKey;
  readonly thumbprint: string;
}

/** Keys that have been imported, by algorithm and JSON: a client proves itself with the same one again and again. */
const imported = new BoundedMap<ProofKey>(1000);

/**
 * Verifies a proof of possession for one request. That it has not been used before is left to the caller.
 *
 * @throws an error that says what is wrong with it
 */
export async function verifyDpopProof(proof: string, expected: ProofExpectations): Promise<VerifiedProof> {
  if (proof.length > LONGEST_PROOF) throw new Error("it is too long");
  const parts = proof.split(".");
  const { typ, alg, jwk, crit } = jwtHeader(proof);
  const claims = parts.length === 3 ? parseJsonObject(base64Decode(parts[1] ?? "")) : undefined;
  if (!claims) throw new Error("it is not a signed JWT");
  if (typeof typ !== "string" || typ.toLowerCase().replace(/^application\//, "") !== "dpop+jwt")
    throw new Error('its typ is not "dpop+jwt"');
  if (crit !== undefined) throw new Error("it has critical extensions (crit)");
  if (typeof alg !== "string" || !PROOF_ALGORITHMS.includes(alg))
    throw new Error(`its alg is ${JSON.stringify(alg)}`);
  if (!isObject(jwk)) throw new Error("it does not contain its key (jwk)");
  const secret = PRIVATE_MEMBERS.find((name) => jwk[name] !== undefined);
  if (secret !== undefined) throw new Error("its jwk is not a public key");

  const { jti, htm, htu, iat, ath, nonce } = claims;
  if (typeof jti !== "string" || jti === "") throw new Error("jti is missing");
  if (htm !== expected.method) throw new Error(`htm is ${JSON.stringify(htm)}`);
  if (typeof htu !== "string" || addressOf(htu) !== addressOf(expected.url))
    throw new Error(`htu is ${JSON.stringify(htu)}`);
  const age = expected.now / 1000 - numberIn(iat);
  if (typeof iat !== "number" || !(Math.abs(age) <= TOLERANCE))
    throw new Error("iat is too long ago or ahead");
  if (typeof ath !== "string" || !sameText(ath, sha256Base64Url(expected.accessToken)))
    throw new Error("ath is not the hash of the access token");

  const { key, thumbprint } = await keyOf(jwk, alg);
  if (!sameText(thumbprint, expected.thumbprint))
    throw new Error("its key is not the one of the token (jkt)");
  verifySignature(proof, alg, key);
  const id = sha256Base64Url(JSON.stringify([thumbprint, jti]));
  return { id, nonce, expiresIn: Math.ceil(TOLERANCE - age) + 1 };
}

async function keyOf(jwk: Readonly<Record<string, unknown>>, alg: string): Promise<ProofKey> {
  const name = JSON.stringify([alg, jwk]);
  const known = imported.get(name);
  if (known) return known;
  const { importJWK, calculateJwkThumbprint } = await import("jose");
  const key = await importJWK(jwk, alg);
  if (key instanceof Uint8Array) throw new Error("its jwk is a symmetric key");
  const made = { key, thumbprint: await calculateJwkThumbprint(jwk) };
  imported.set(name, made);
  return made;
}

/** Scheme, host and path of a URL, in their normal form (RFC 3986 §6.2). */
function addressOf(url: string): string | undefined {
  const { origin, pathname } = parsedUrl(url) ?? {};
  return origin === undefined ? undefined : `${origin}${pathname ?? ""}`;
}
