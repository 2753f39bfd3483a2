import { sha256Base64Url } from "../encoding.js";
import { nodeCrypto } from "../node-crypto.js";

/** A PKCE pair (RFC 7636 §4). */
export interface PkceCodes {
  /** The secret half: 43 characters, sent with the code. */
  readonly verifier: string;
  /** base64url of the verifier's SHA-256, sent with the authorization request; method `S256`. */
  readonly challenge: string;
}

/**
 * Makes a PKCE pair from 256 random bits.
 *
 * @example
 * ```ts
 * const { verifier, challenge } = generatePkceCodes();
 * ```
 */
export function generatePkceCodes(): PkceCodes {
  const verifier = nodeCrypto().randomBytes(32).toString("base64url");
  return { verifier, challenge: sha256Base64Url(verifier) };
}
