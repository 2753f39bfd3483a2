import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  sign,
  constants,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import { LocalAuthorityConfigurationError } from "../config/checks.js";
import { publicJwk, signBytes } from "./jwt.js";

/**
 * `authority`: the right one. `unknown`: a key that is published nowhere. `impostor`: another key under the name of the right
 * one. `tampered`: the right key, and claims that were changed afterwards. `none`: not signed. `hmac`: the public key as a
 * shared secret, which a verifier accepts that believes the token's `alg`.
 */
export const forgeryKeys = ["authority", "unknown", "impostor", "tampered", "none", "hmac"] as const;

/** A kind of key, or a private key as a JWK (RFC 7517). */
export type ForgeryKey = (typeof forgeryKeys)[number] | Readonly<Record<string, unknown>>;

export interface Forgery {
  readonly claims: object;
  /** Members of the header that differ; `null` removes one. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly key: ForgeryKey;
}

/** Signs a JWT that no authority would issue. @throws {LocalAuthorityConfigurationError} for a key that cannot sign */
export async function forgeJwt({ claims, header: given, key }: Forgery): Promise<ForgedJwt> {
  const { kid, alg, sign: signText } = await signerOf(key);
  const header = Object.fromEntries(
    Object.entries({ typ: "JWT", alg, kid, ...given }).filter(([, value]) => value != null),
  );
  const first = encode(header);
  const signed = key === "tampered" ? { ...claims, before: true } : claims;
  return { header, token: `${first}.${encode(claims)}.${await signText(`${first}.${encode(signed)}`)}` };
}

export interface ForgedJwt {
  readonly token: string;
  readonly header: Readonly<Record<string, unknown>>;
}

interface Signer {
  readonly alg: string;
  readonly kid?: string;
  readonly sign: (text: string) => string | Promise<string>;
}

async function signerOf(key: ForgeryKey): Promise<Signer> {
  if (typeof key === "object") return signerOfJwk(key);
  const jwk = await publicJwk();
  const { kid } = jwk;
  switch (key) {
    case "authority":
    case "tampered":
      return { alg: "RS256", kid, sign: async (text) => toUrl(await signBytes(text)) };
    case "none":
      return { alg: "none", sign: () => "" };
    case "hmac": {
      const { kty, n, e } = jwk;
      const pem = createPublicKey({ key: { kty, n, e }, format: "jwk" }).export({
        type: "spki",
        format: "pem",
      });
      return {
        alg: "HS256",
        kid,
        sign: (text) => createHmac("sha256", pem.toString()).update(text).digest("base64url"),
      };
    }
    case "impostor":
    case "unknown": {
      const privateKey = await strangersKey();
      return {
        alg: "RS256",
        kid: key === "impostor" ? kid : "unknown",
        sign: (text) => sign("sha256", Buffer.from(text), privateKey).toString("base64url"),
      };
    }
  }
}

/** The algorithms of a JWK that does not name one (RFC 7518, RFC 8037). */
const defaultAlgorithms: Readonly<Record<string, string>> = {
  "P-256": "ES256",
  "P-384": "ES384",
  "P-521": "ES512",
  Ed25519: "EdDSA",
};

function signerOfJwk(jwk: Readonly<Record<string, unknown>>): Signer {
  const { kty, crv, kid, k, alg: chosen } = jwk;
  const usual = kty === "oct" ? "HS256" : (defaultAlgorithms[String(crv)] ?? "RS256");
  const alg = typeof chosen === "string" ? chosen : usual;
  const hash = alg === "EdDSA" ? null : `sha${alg.slice(2)}`;
  const own = typeof kid === "string" ? { kid } : {};
  if (kty === "oct" && typeof k === "string") {
    const secret = Buffer.from(k, "base64url");
    return {
      alg,
      ...own,
      sign: (text) =>
        createHmac(hash ?? "sha256", secret)
          .update(text)
          .digest("base64url"),
    };
  }
  const privateKey = readPrivateKey(jwk);
  const padding = alg.startsWith("PS")
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  const signText = (text: string) =>
    sign(hash, Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363", ...padding });
  try {
    signText("");
  } catch (cause) {
    throw unusable(jwk, cause);
  }
  return { alg, ...own, sign: (text) => signText(text).toString("base64url") };
}

function readPrivateKey(jwk: Readonly<Record<string, unknown>>): KeyObject {
  try {
    return createPrivateKey({ key: jwk as JsonWebKey, format: "jwk" });
  } catch (cause) {
    throw unusable(jwk, cause);
  }
}

function unusable(jwk: object, cause: unknown): LocalAuthorityConfigurationError {
  const remedy = "use a private key as a JWK (RFC 7517) whose alg fits it";
  return new LocalAuthorityConfigurationError("key", jwk, remedy, { cause });
}

let stranger: Promise<KeyObject> | undefined;

/** One for each process, since it takes long to make. */
function strangersKey(): Promise<KeyObject> {
  stranger ??= promisify(generateKeyPair)("rsa", { modulusLength: 2048 }).then(
    ({ privateKey }) => privateKey,
  );
  return stranger;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function toUrl(base64: string): string {
  return Buffer.from(base64, "base64").toString("base64url");
}
