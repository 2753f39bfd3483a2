import { textIn } from "../encoding.js";
import { nodeCrypto } from "../node-crypto.js";

/**
 * Returns the left half of the hash for a token's algorithm, in base64url (OpenID Connect Core §3.3.2.11). That of Ed25519
 * is SHA-512 (RFC 8032 §5.1).
 *
 * @param alg of the ID token's header
 */
export function tokenHash(text: string, alg: unknown): string {
  const name = textIn(alg);
  const size = /^Ed/.test(name) ? "512" : (/(384|512)$/.exec(name)?.[1] ?? "256");
  const hash = nodeCrypto().createHash(`sha${size}`).update(text).digest();
  return hash.subarray(0, hash.length / 2).toString("base64url");
}
