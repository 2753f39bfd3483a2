import type { KeyObject } from "node:crypto";
import type { AssertionHeader } from "../dialect/dialect.js";
import { base64UrlEncode } from "../encoding.js";
import { nodeCrypto } from "../node-crypto.js";
import { invalid } from "./certificate-chain.js";
import { joinedSignature } from "./ecdsa-der.js";

/** The last argument of a function that returns a certificate or signs. */
export interface CredentialContext {
  /**
   * Aborts when no call waits for the function any more, or its time (`system.callTimeoutMs`) is over. Pass it on to what the
   * function waits for.
   */
  readonly signal?: AbortSignal;
}

/** Signs with a key that cannot be exported. The algorithm is that of the JOSE header (RFC 7518 §3.1). */
export type SignCallback = (
  data: Uint8Array,
  algorithm: string,
  context?: CredentialContext,
) => Promise<Uint8Array>;

/** Length of R and of S, in bytes (RFC 7518 §3.4). */
const COORDINATE_LENGTH: Readonly<Record<string, number>> = { ES256: 32, ES384: 48, ES512: 66 };

/** The public key, and the callback that signs with the private one. */
interface ExternalKey {
  readonly key: KeyObject;
  readonly sign: SignCallback;
  readonly signal: AbortSignal | undefined;
}

/**
 * Lets a callback sign a JWT, and checks the signature with the public key before it is sent, because a server only says
 * that it is wrong.
 *
 * @throws ClientConfigurationError `invalid_certificate`, or whatever the callback throws
 */
export async function externallySigned(
  { key, sign, signal }: ExternalKey,
  header: AssertionHeader,
  claims: object,
): Promise<string> {
  const data = [header, claims].map((part) => base64UrlEncode(JSON.stringify(part))).join(".");
  const { alg: algorithm } = header;
  const given: unknown = await sign(Buffer.from(data), algorithm, signal ? { signal } : {});
  if (!ArrayBuffer.isView(given))
    throw invalid("sign did not return bytes: return the signature as a Uint8Array");
  const signature = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const length = COORDINATE_LENGTH[algorithm];
  const joined = length === undefined ? undefined : joinedSignature(signature, length);
  const valid = [signature, joined].find((form) => form && verifies(form, key, data, algorithm));
  if (valid) return `${data}.${valid.toString("base64url")}`;
  throw invalid(
    `sign returned ${signature.length} bytes that are not a signature by the key of publicCertificate${otherAlgorithm(signature, key, data, algorithm)}: sign the data itself, not its hash, with ${algorithm} and that key`,
  );
}

function verifies(signature: Buffer, key: KeyObject, data: string, algorithm: string): boolean {
  const { constants, verify } = nodeCrypto();
  const bits = /\d{3}$/.exec(algorithm)?.[0];
  const hash = bits && !algorithm.startsWith("Ed") ? `sha${bits}` : null;
  const padding = algorithm.startsWith("PS")
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  return verify(hash, Buffer.from(data), { key, dsaEncoding: "ieee-p1363", ...padding }, signature);
}

/** The usual mistake with RSA: a callback that does not read its argument `algorithm`. */
function otherAlgorithm(signature: Buffer, key: KeyObject, data: string, algorithm: string): string {
  if (key.asymmetricKeyType !== "rsa") return "";
  const other = `${algorithm.startsWith("PS") ? "RS" : "PS"}${algorithm.slice(2)}`;
  return verifies(signature, key, data, other) ? ` with ${algorithm} (but with ${other})` : "";
}
