import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { PersistenceError } from "./errors.js";
import type { ScryptParameters } from "./passphrase.js";

/**
 * The protected header of the file: a JWE in compact form (RFC 7516 §7.1), encrypted directly with a 256-bit key
 * (RFC 7518 §4.5, §5.3). Nothing in it is secret, and all of it is authenticated.
 */
export interface EnvelopeHeader {
  readonly alg: "dir";
  readonly enc: "A256GCM";
  readonly typ: "tessera-token-cache";
  /** Version of the format. */
  readonly v: 1;
  /** Which key it is: see {@link keyId}. */
  readonly kid: string;
  /** How the key is made of a passphrase. */
  readonly kdf?: ScryptParameters;
}

/** A file taken apart, not yet decrypted. */
export interface Envelope {
  readonly header: EnvelopeHeader;
  readonly parts: readonly [header: string, key: string, iv: string, ciphertext: string, tag: string];
}

const VERSION = 1;

/** Tells one key from another without saying anything about it. */
export function keyId(key: Buffer): string {
  return Buffer.from(hkdfSync("sha256", key, "", "tessera-token-cache key id", 9)).toString("base64url");
}

/** Encrypts a text. */
export function seal(text: string, key: Buffer, kdf?: ScryptParameters): string {
  const header = {
    alg: "dir",
    enc: "A256GCM",
    typ: "tessera-token-cache",
    v: VERSION,
    kid: keyId(key),
    ...(kdf && { kdf }),
  };
  const encodedHeader = Buffer.from(JSON.stringify(header)).toString("base64url");
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(encodedHeader, "ascii"));
  const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return [
    encodedHeader,
    "",
    ...[iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString("base64url")),
  ].join(".");
}

/**
 * Takes a file apart.
 *
 * @returns `undefined` when it is torn or something else
 * @throws PersistenceError `newer_format`
 */
export function parseEnvelope(content: string): Envelope | undefined {
  const [header, key, iv, ciphertext, tag, ...rest] = content.split(".");
  if (!header || key !== "" || !iv || ciphertext === undefined || !tag || rest.length > 0) return undefined;
  const parsed = parseHeader(header);
  return parsed && { header: parsed, parts: [header, key, iv, ciphertext, tag] };
}

/** Decrypts; `undefined` when anything in it was changed, or the key is another. */
export function unseal(
  { parts: [header, , iv, ciphertext, tag] }: Envelope,
  key: Buffer,
): string | undefined {
  const [nonce, authTag] = [Buffer.from(iv, "base64url"), Buffer.from(tag, "base64url")];
  if (nonce.length !== 12 || authTag.length !== 16) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce)
    .setAAD(Buffer.from(header, "ascii"))
    .setAuthTag(authTag);
  try {
    const text = decipher.update(Buffer.from(ciphertext, "base64url"));
    return Buffer.concat([text, decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

function parseHeader(encoded: string): EnvelopeHeader | undefined {
  let header: Partial<Record<keyof EnvelopeHeader, unknown>> | null;
  try {
    header = JSON.parse(Buffer.from(encoded, "base64url").toString("utf8")) as typeof header;
  } catch {
    return undefined;
  }
  if (header?.typ !== "tessera-token-cache") return undefined;
  if (typeof header.v === "number" && header.v > VERSION) {
    throw new PersistenceError(
      "newer_format",
      `The token cache was written by a later version of @tessera/persistence (format ${header.v}): update this app.`,
    );
  }
  const known = header.alg === "dir" && header.enc === "A256GCM" && header.v === VERSION;
  return known && typeof header.kid === "string" ? (header as EnvelopeHeader) : undefined;
}
