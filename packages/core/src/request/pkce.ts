import { sha256Base64Url } from "../encoding.js";
import { nodeCrypto } from "../node-crypto.js";

/** A PKCE verifier and challenge (RFC 7636 §4). */
export interface PkceCodes {
  /** The secret: 43 characters, sent with the code. */
  readonly verifier: string;
  /** SHA-256 of the verifier in base64url (method `S256`), sent with the authorization request. */
  readonly challenge: string;
}

/**
 * Generates a PKCE verifier from 256 random bits, and its challenge.
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
