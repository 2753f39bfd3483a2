import { PersistenceError } from "../errors.js";
import { nodeCrypto } from "../node-crypto.js";

/**
 * The protected header of the file, a JWE in compact form (RFC 7516 §7.1), encrypted directly with a 256-bit key (RFC 7518
 * §4.5, §5.3). The header is authenticated but not encrypted.
 */
export interface EnvelopeHeader {
  readonly alg: "dir";
  readonly enc: "A256GCM";
  readonly typ: "tessera-token-cache";
  /** Version of the format. */
  readonly v: 1;
  /** Identifies the key: see {@link keyId}. */
  readonly kid: string;
  /** How the key is derived from a passphrase. */
  readonly kdf?: ScryptParameters;
}

/** How a key is derived from a passphrase (RFC 7914); stored in the file. */
export interface ScryptParameters {
  readonly name: "scrypt";
  /** Cost: a power of two. */
  readonly N: number;
  /** Block size. */
  readonly r: number;
  /** Parallelization. */
  readonly p: number;
  /** base64url of at least 16 bytes. */
  readonly salt: string;
}

/** A parsed file, not yet decrypted. */
export interface Envelope {
  readonly header: EnvelopeHeader;
  /** Encoded, like the following fields. */
  readonly protectedHeader: string;
  readonly iv: string;
  readonly ciphertext: Buffer;
  readonly tag: string;
}

const VERSION = 1;

/**
 * Number of bytes encrypted or decrypted at a time. Chunks that fit the processor's cache take a quarter of the time.
 */
const CHUNK = 48 * 1024;

/** Length of the tag: a dot and 16 bytes in base64url. */
const TAG_LENGTH = 23;

const DOT = ".".charCodeAt(0);

/** Identifies a key without revealing anything about it. */
export function keyId(key: Buffer): string {
  return Buffer.from(nodeCrypto().hkdfSync("sha256", key, "", "tessera-token-cache key id", 9)).toString(
    "base64url",
  );
}

/** Encrypts a string. */
export function seal(text: string, key: Buffer, kdf?: ScryptParameters): Buffer {
  const header = {
    alg: "dir",
    enc: "A256GCM",
    typ: "tessera-token-cache",
    v: VERSION,
    kid: keyId(key),
    ...(kdf && { kdf }),
  };
  const encodedHeader = Buffer.from(JSON.stringify(header)).toString("base64url");
  const iv = nodeCrypto().randomBytes(12);
  const cipher = nodeCrypto()
    .createCipheriv("aes-256-gcm", key, iv)
    .setAAD(Buffer.from(encodedHeader, "ascii"));
  const prefix = `${encodedHeader}..${iv.toString("base64url")}.`;
  const content = Buffer.allocUnsafe(prefix.length + Math.ceil(Buffer.byteLength(text) / 3) * 4 + TAG_LENGTH);
  let end = 0;
  const append = (part: string): void => {
    end += content.write(part, end, "latin1");
  };
  append(prefix);
  for (const piece of pieces(text)) append(cipher.update(piece, "utf8", "base64url"));
  append(cipher.final("base64url"));
  append(`.${cipher.getAuthTag().toString("base64url")}`);
  return content.subarray(0, end);
}

/** Splits a string into chunks, never between the halves of a surrogate pair. */
function* pieces(text: string): Generator<string> {
  for (let from = 0, to; from < text.length; from = to) {
    to = from + CHUNK;
    const last = text.charCodeAt(to - 1);
    if (last >= 0xd800 && last < 0xdc00) to += 1;
    yield text.slice(from, to);
  }
}

/**
 * Parses a file.
 *
 * @returns `undefined` if it is damaged or not a token cache
 * @throws PersistenceError `newer_format`
 */
export function parseEnvelope(content: Buffer): Envelope | undefined {
  const dots: number[] = [];
  for (let dot = content.indexOf(DOT); dot >= 0; dot = content.indexOf(DOT, dot + 1)) {
    if (dots.push(dot) > 4) return undefined;
  }
  const [header = 0, key = 0, iv = 0, ciphertext] = dots;
  if (ciphertext === undefined || key !== header + 1) return undefined;
  const protectedHeader = content.toString("latin1", 0, header);
  const parsed = parseHeader(protectedHeader);
  return (
    parsed && {
      header: parsed,
      protectedHeader,
      iv: content.toString("latin1", key + 1, iv),
      ciphertext: content.subarray(iv + 1, ciphertext),
      tag: content.toString("latin1", ciphertext + 1),
    }
  );
}

/** Decrypts; returns `undefined` if the content was modified or the key differs. */
export function unseal({ protectedHeader, iv, ciphertext, tag }: Envelope, key: Buffer): string | undefined {
  const [nonce, authTag] = [Buffer.from(iv, "base64url"), Buffer.from(tag, "base64url")];
  if (nonce.length !== 12 || authTag.length !== 16) return undefined;
  const decipher = nodeCrypto()
    .createDecipheriv("aes-256-gcm", key, nonce)
    .setAAD(Buffer.from(protectedHeader, "ascii"))
    .setAuthTag(authTag);
  const text = Buffer.allocUnsafe(ciphertext.length);
  let end = 0;
  for (let from = 0; from < ciphertext.length; from += CHUNK) {
    const bytes = Buffer.from(ciphertext.toString("latin1", from, from + CHUNK), "base64url");
    end += decipher.update(bytes).copy(text, end);
  }
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return text.toString("utf8", 0, end);
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
