import type { KeyObject, webcrypto } from "node:crypto";
import { nodeCrypto } from "../node-crypto.js";

/** The hash of each algorithm with a curve or RSA (RFC 7518 §3.1); Ed25519 has its own (RFC 8037 §3.1). */
const HASHES: Readonly<Record<string, string>> = { 256: "sha256", 384: "sha384", 512: "sha512" };

/** Shorter RSA keys must not be used (RFC 7518 §3.3). */
const MIN_RSA_BITS = 2048;

/** What `jose` decodes as a signature: base64url (RFC 7515 §2), and base64. */
const SIGNATURE = /^[\w+/-]+={0,2}$/;

/**
 * Verifies the signature of a JWT with a key that `jose` has chosen and imported for the algorithm. `jose` would leave the
 * verification to a thread, and the way there and back takes longer than the verification itself.
 *
 * @param jwt three parts, of which the first names `alg`
 * @throws an error with the code that `jose` has for it
 */
export function verifySignature(jwt: string, alg: string, key: webcrypto.CryptoKey): void {
  const end = jwt.lastIndexOf(".");
  const signature = jwt.slice(end + 1);
  const { verify } = nodeCrypto();
  const isGood =
    SIGNATURE.test(signature) &&
    verify(
      HASHES[alg.slice(2)],
      // A single-byte encoding would drop the upper byte of other letters, and a changed token would have the same bytes.
      Buffer.from(jwt.slice(0, end), "utf8"),
      { key: keyObjectOf(key), ...parametersOf(alg) },
      Buffer.from(signature, "base64url"),
    );
  if (!isGood)
    throw Object.assign(new Error("signature verification failed"), {
      code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    });
}

function parametersOf(alg: string): object {
  if (alg.startsWith("ES")) return { dsaEncoding: "ieee-p1363" };
  if (!alg.startsWith("PS")) return {};
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = nodeCrypto().constants;
  return { padding, saltLength };
}

/** Keys in the form of `node:crypto`, which is made once for each. */
const keyObjects = new WeakMap<webcrypto.CryptoKey, KeyObject>();

function keyObjectOf(key: webcrypto.CryptoKey): KeyObject {
  const known = keyObjects.get(key);
  if (known) return known;
  const made = nodeCrypto().KeyObject.from(key);
  const bits = made.asymmetricKeyDetails?.modulusLength ?? Infinity;
  if (bits < MIN_RSA_BITS) throw new Error(`its key has ${bits} bits, fewer than ${MIN_RSA_BITS}`);
  keyObjects.set(key, made);
  return made;
}
