import { createHash } from "node:crypto";
import type { CompactVerifyGetKey, CryptoKey, JWK, JWTHeaderParameters, JWTPayload } from "jose";
import { createSigningCertificate, loadCertificateLibraries } from "./certificates.js";

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

// One key a process: making an RSA key takes longer than all the rest of a start, and tests start many authorities.
let current: Promise<SigningKey> | undefined;

/** Starts making the key, so that it is ready when the first token is asked for. */
export function prepareSigningKey(): void {
  // A failure surfaces where the key is used; here it must not become an unhandled rejection.
  signingKey().catch(() => undefined);
}

/**
 * Signs an RS256 JWT (RFC 7519, RFC 7518 §3.3).
 *
 * @param withThumbprint `true`: the header names the certificate, too (`x5t`)
 */
export async function signJwt(payload: JWTPayload, withThumbprint = false): Promise<string> {
  const { SignJWT } = await loadJose();
  const { kid, privateKey } = await signingKey();
  return new SignJWT(payload)
    .setProtectedHeader({ typ: "JWT", alg: "RS256", ...(withThumbprint ? { x5t: kid } : {}), kid })
    .sign(privateKey);
}

/** The claims of a JWT that this authority signed for `audience` and that has not expired; `undefined` for any other. */
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

/** The claims of a JWT that was signed with this key, whoever it is for and however old; `undefined` for any other. */
export async function verifyOwnJwt(text: string): Promise<JWTPayload | undefined> {
  const jwt = readJwt(text);
  if (jwt === undefined) return undefined;
  const { publicKey } = await signingKey();
  return (await hasValidSignature(jwt, () => publicKey, ["RS256"])) ? jwt.claims : undefined;
}

/** A JWT taken apart, and nothing yet believed. */
export interface Jwt {
  /** As it came. */
  readonly text: string;
  readonly header: JWTHeaderParameters;
  readonly claims: JWTPayload;
}

/** Takes a signed JWT apart (RFC 7515 §7.1); `undefined` for any other text. */
export function readJwt(text: string): Jwt | undefined {
  const [header, claims, signature, ...rest] = text.split(".");
  if (!header || !claims || !signature || rest.length > 0) return undefined;
  try {
    const [first, second] = [header, claims].map((part): unknown =>
      JSON.parse(Buffer.from(part, "base64url").toString()),
    );
    if (!isObject(first) || !isObject(second)) return undefined;
    return { text, header: first as unknown as JWTHeaderParameters, claims: second };
  } catch {
    return undefined;
  }
}

/** Chooses the key by the header of a JWT. */
export type KeyChoice = CompactVerifyGetKey;

/** Whether the signature was made with the key, by one of the algorithms. */
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
    // A key that does not fit the algorithm is a TypeError.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false;
    throw error;
  }
}

const rsa = "RSASSA-PKCS1-v1_5";

/** Signs a text with RSA and SHA-256 (RFC 8017 §8.2), for what is no JWT. @returns base64 */
export async function signBytes(text: string): Promise<string> {
  const { privateKey } = await signingKey();
  return Buffer.from(await crypto.subtle.sign(rsa, privateKey, Buffer.from(text))).toString("base64");
}

/** @param signature as `signBytes` returns it */
export async function verifyBytes(text: string, signature: string): Promise<boolean> {
  const { publicKey } = await signingKey();
  return crypto.subtle.verify(rsa, publicKey, Buffer.from(signature, "base64"), Buffer.from(text));
}

/** The public key as it stands in the JWKS (RFC 7517). */
export async function publicJwk(): Promise<JWK> {
  return (await signingKey()).jwk;
}

let jose: ReturnType<typeof importJose> | undefined;

// Loaded on use: it is ESM only, and CommonJS could not require it.
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
  // All that is loaded is asked for at once: a test that ends early must not meet an import afterwards.
  const [{ exportJWK, generateKeyPair }] = await Promise.all([loadJose(), loadCertificateLibraries()]);
  const keys = await generateKeyPair("RS256", { modulusLength: 2048 });
  const { kty = "RSA", n, e } = await exportJWK(keys.publicKey);
  const certificate = Buffer.from(await createSigningCertificate(keys));
  // Microsoft's services name a key by the SHA-1 thumbprint of its certificate.
  const kid = createHash("sha1").update(certificate).digest("base64url");
  const x5c = [certificate.toString("base64")];
  return { kid, ...keys, jwk: { kty, use: "sig", kid, x5t: kid, n, e, x5c } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
