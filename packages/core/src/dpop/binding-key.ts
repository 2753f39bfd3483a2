import type { webcrypto } from "node:crypto";
import { parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";

/** A public key as JSON Web Key. Its type is not that of jose, which apps need not have. */
export interface PublicJwk {
  readonly kty?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/** A key that tokens are bound to (RFC 9449). */
export interface BindingKey {
  /** SHA-256 of the public key (RFC 7638): the `jkt` of the tokens. */
  readonly thumbprint: string;
  readonly algorithm: string;
  readonly publicKey: PublicJwk;
  readonly privateKey: webcrypto.CryptoKey;
  /** The whole key as JSON, if it is to be persisted. The private key can be exported only then. */
  readonly text?: string | undefined;
}

/** Where a token keeps its key in memory. JSON does not have it. */
export const BINDING_KEY = Symbol("the key that a token is bound to");

/** The fields of a token that is bound to a key. */
export interface Bound {
  readonly [BINDING_KEY]?: BindingKey;
  /** The key as JSON, where a plugin or store persists tokens. */
  readonly dpop_key?: string;
  /** Thumbprint of the key. */
  readonly key_id?: string;
}

/** The algorithms that keys are created for, the preferred one first. */
const ALGORITHMS: readonly string[] = ["ES256", "EdDSA", "Ed25519", "ES384", "ES512", "PS256", "RS256"];
const [USUAL = ""] = ALGORITHMS;

/**
 * Chooses the algorithm of proofs (RFC 9449 §5.1).
 *
 * @throws ClientAuthError `openid_config_error` when the provider lists only others
 */
export function proofAlgorithm(metadata: Readonly<Record<string, unknown>>, call: Call): string {
  const listed: unknown = metadata["dpop_signing_alg_values_supported"];
  if (!Array.isArray(listed)) return USUAL;
  const algorithm = ALGORITHMS.find((one) => listed.includes(one));
  if (algorithm) return algorithm;
  throw clientAuthError(
    "openid_config_error",
    `The provider accepts no proof of possession that can be made here: it lists ${listed.join(", ") || "no algorithm"} (dpop_signing_alg_values_supported), and ${ALGORITHMS.join(", ")} are known.`,
    call,
  );
}

/** @param isExtractable whether the key is persisted; otherwise nobody can read its private part */
export async function newBindingKey(algorithm: string, isExtractable: boolean): Promise<BindingKey> {
  const { generateKeyPair, exportJWK, calculateJwkThumbprint } = await import("jose");
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: isExtractable });
  const jwk = await exportJWK(publicKey);
  const whole = isExtractable ? { ...(await exportJWK(privateKey)), alg: algorithm } : undefined;
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    algorithm,
    publicKey: jwk,
    privateKey,
    text: whole && JSON.stringify(whole),
  };
}

/** Reads a persisted key. Returns `undefined` for anything else. */
export async function readBindingKey(text: string): Promise<BindingKey | undefined> {
  const { importJWK, calculateJwkThumbprint } = await import("jose");
  const whole = parseJsonObject(text);
  const algorithm = whole?.["alg"];
  if (!whole || typeof algorithm !== "string" || !ALGORITHMS.includes(algorithm)) return undefined;
  try {
    const privateKey = await importJWK(whole, algorithm);
    if (privateKey instanceof Uint8Array || privateKey.type !== "private") return undefined;
    const publicKey = publicPart(whole);
    return {
      thumbprint: await calculateJwkThumbprint(publicKey),
      algorithm,
      publicKey,
      privateKey,
      text,
    };
  } catch {
    return undefined;
  }
}

const PUBLIC_MEMBERS = ["kty", "crv", "x", "y", "n", "e"] as const;

function publicPart(whole: Readonly<Record<string, unknown>>): PublicJwk {
  const members = PUBLIC_MEMBERS.flatMap((name) => {
    const value = whole[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  return Object.fromEntries(members);
}
