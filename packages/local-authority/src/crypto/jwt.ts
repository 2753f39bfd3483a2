import { createHash } from "node:crypto";
import type { CompactVerifyGetKey, CryptoKey, JWK, JWTPayload } from "jose";
import { parsedObject, type JsonObject } from "../json.js";
import { createSigningCertificate, loadCertificateLibraries } from "./certificates.js";

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

// One key per process: generating an RSA key dominates the start time, and tests start many authorities.
let current: Promise<SigningKey> | undefined;

/** Starts generating the key, so that it is ready when the first token is requested. */
export function prepareSigningKey(): void {
  // Failures surface where the key is used; here they must not become unhandled rejections.
  signingKey().catch(() => undefined);
}

/**
 * Signs an RS256 JWT (RFC 7519, RFC 7518 §3.3).
 *
 * @param withThumbprint `true` to add the certificate's thumbprint (`x5t`) to the header
 */
export async function signJwt(payload: JWTPayload, withThumbprint = false): Promise<string> {
  const { SignJWT } = await loadJose();
  const { kid, privateKey } = await signingKey();
  return new SignJWT(payload)
    .setProtectedHeader({ typ: "JWT", alg: "RS256", ...(withThumbprint ? { x5t: kid } : {}), kid })
    .sign(privateKey);
}

/** Returns the claims of an unexpired JWT that this process signed for `audience`, otherwise `undefined`. */
export async function verifyJwt(jwt: string, audience: string, now: Date): Promise<JWTPayload | undefined> {
  const { jwtVerify, errors } = await loadJose();
  const { publicKey } = await signingKey();
  try {
    const { payload } = await jwtVerify(jwt, publicKey, {
      audience,
      currentDate: now,
      algorithms: ["RS256"],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/**
 * Returns the claims of a JWT that this process signed, regardless of its audience and age, otherwise `undefined`.
 */
export async function verifyOwnJwt(text: string): Promise<JWTPayload | undefined> {
  const jwt = readJwt(text);
  if (jwt === undefined) return undefined;
  const { publicKey } = await signingKey();
  return (await hasValidSignature(jwt, () => publicKey, ["RS256"])) ? jwt.claims : undefined;
}

/** A parsed JWT whose signature has not been verified. */
export interface Jwt {
  /** The encoded JWT. */
  readonly text: string;
  readonly header: JsonObject;
  readonly claims: JWTPayload;
}

/** Parses a signed JWT (RFC 7515 §7.1); returns `undefined` for any other string. */
export function readJwt(text: string): Jwt | undefined {
  const [header, claims, signature, ...rest] = text.split(".");
  if (!header || !claims || !signature || rest.length > 0) return undefined;
  const [first, second] = [header, claims].map((part) =>
    parsedObject(Buffer.from(part, "base64url").toString()),
  );
  if (!first || !second) return undefined;
  return { text, header: first, claims: second };
}

/** Selects the key for a JWT by its header. */
export type KeyChoice = CompactVerifyGetKey;

/** Whether the signature is valid for the key and one of the algorithms. */
export async function hasValidSignature(
  { text }: Jwt,
  key: KeyChoice,
  algorithms: readonly string[],
): Promise<boolean> {
  const { compactVerify, errors } = await loadJose();
  try {
    await compactVerify(text, key, { algorithms: [...algorithms] });
    return true;
  } catch (error) {
    // A key that does not match the algorithm causes a TypeError.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false;
    throw error;
  }
}

const rsa = "RSASSA-PKCS1-v1_5";

/** Signs a string with RSA and SHA-256 (RFC 8017 §8.2). @returns the signature, base64 */
export async function signBytes(text: string): Promise<string> {
  const { privateKey } = await signingKey();
  return Buffer.from(await crypto.subtle.sign(rsa, privateKey, Buffer.from(text))).toString("base64");
}

/** Verifies a signature from `signBytes`. */
export async function verifyBytes(text: string, signature: string): Promise<boolean> {
  const { publicKey } = await signingKey();
  return crypto.subtle.verify(rsa, publicKey, Buffer.from(signature, "base64"), Buffer.from(text));
}

/** Returns the public key as a JWK (RFC 7517). */
export async function publicJwk(): Promise<JWK> {
  return (await signingKey()).jwk;
}

let jose: ReturnType<typeof importJose> | undefined;

// Imported on first use, since it is ESM only and CommonJS cannot require it.
export function loadJose() {
  jose ??= importJose();
  return jose;
}

function importJose() {
  return import("jose");
}

function signingKey(): Promise<SigningKey> {
  current ??= createSigningKey();
  return current;
}

async function createSigningKey(): Promise<SigningKey> {
  // All imports start at once, so that none starts after a test has ended.
  const [{ exportJWK, generateKeyPair }] = await Promise.all([loadJose(), loadCertificateLibraries()]);
  const keys = await generateKeyPair("RS256", { modulusLength: 2048 });
  const { kty = "RSA", n, e } = await exportJWK(keys.publicKey);
  const certificate = Buffer.from(await createSigningCertificate(keys));
  // Microsoft's services use the SHA-1 thumbprint of the certificate as the key ID.
  const kid = createHash("sha1").update(certificate).digest("base64url");
  const x5c = [certificate.toString("base64")];
  return { kid, ...keys, jwk: { kty, use: "sig", kid, x5t: kid, n, e, x5c } };
}
