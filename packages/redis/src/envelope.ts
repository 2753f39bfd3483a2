import { invalidOption } from "@tessera/core/internal";
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";

/** A key of the ring. */
export interface EncryptionKey {
  /** Stands beside each value in clear text: a date, never a secret. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** The parts of a partition. */
export interface Content {
  readonly partition: string;
  readonly group: string;
  readonly document: string;
}

/** A value as it was found under a key. */
export type Opened =
  | (Content & { readonly version: string })
  /** It has a version, and cannot be read for this reason. */
  | { readonly version: string; readonly unreadable: Unreadable }
  /** Another program has written it. */
  | "foreign";

/** `"unknown key"`: encrypted with a key that is not in the ring. `"damaged"`: modified, or moved from another key. */
export type Unreadable = "unknown key" | "not encrypted" | "damaged";

/** Packs and unpacks the stored values. */
export interface Envelope {
  /** @param key the key under which it will be stored: elsewhere it cannot be read */
  seal(key: string, version: string, content: Content): Buffer;
  open(key: string, value: Buffer): Opened;
}

/*
 * A value is `TSR`, the format, 16 characters of version, and then
 * format 1: the content
 * format 2: the length of the key's ID, the ID, a nonce, a tag, and the encrypted content
 * The content is the length of a JSON text with names, that text, and the document.
 */
export const MAGIC = "TSR";
const CLEAR = "1".charCodeAt(0);
const SEALED = "2".charCodeAt(0);
export const VERSION_AT = 4;
export const HEAD_LENGTH = 20;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/** Returns a version that nothing else has. */
export const newVersion = (): string => randomBytes(NONCE_LENGTH).toString("base64url");

/** @param keys the first one encrypts, all decrypt; empty for no encryption */
export function envelopeOf(keys: readonly EncryptionKey[]): Envelope {
  const [first] = keys;
  const ring = new Map(keys.map(({ id, key }) => [id, Buffer.from(key)]));
  return {
    seal: (key, version, content) => {
      const packed = pack(content);
      const start = `${MAGIC}${String.fromCharCode(first ? SEALED : CLEAR)}${version}`;
      if (!first) return Buffer.concat([Buffer.from(start, "latin1"), packed]);
      const id = Buffer.from(first.id);
      const head = Buffer.concat([Buffer.from(start, "latin1"), Buffer.from([id.length]), id]);
      const nonce = randomBytes(NONCE_LENGTH);
      const cipher = createCipheriv("aes-256-gcm", valueKey(Buffer.from(first.key), key), nonce);
      cipher.setAAD(boundTo(head, key));
      const encrypted = [cipher.update(packed), cipher.final()];
      return Buffer.concat([head, nonce, cipher.getAuthTag(), ...encrypted]);
    },
    open: (key, value) => {
      if (value.length < HEAD_LENGTH || value.toString("latin1", 0, MAGIC.length) !== MAGIC) return "foreign";
      const version = value.toString("latin1", VERSION_AT, HEAD_LENGTH);
      const format = value[MAGIC.length];
      if (format === CLEAR) {
        if (first) return { version, unreadable: "not encrypted" };
        return opened(version, value.subarray(HEAD_LENGTH));
      }
      if (format !== SEALED) return "foreign";
      const end = HEAD_LENGTH + 1 + (value[HEAD_LENGTH] ?? 0);
      const secret = ring.get(value.toString("utf8", HEAD_LENGTH + 1, end));
      if (!secret) return { version, unreadable: "unknown key" };
      const packed = decrypted(value, end, { key, secret });
      return packed ? opened(version, packed) : { version, unreadable: "damaged" };
    },
  };
}

/** The keys of `encryption`, checked. */
export function requireKey(field: string, key: unknown): Buffer {
  if (key instanceof Uint8Array && key.length === 32) return Buffer.from(key);
  // The value is not shown, since it is a secret.
  const what = key instanceof Uint8Array ? `has ${key.length} bytes` : "is not a Buffer or Uint8Array";
  throw invalidOption(field, what, "pass 32 random bytes, for instance from a key vault");
}

function decrypted(
  value: Buffer,
  end: number,
  { key, secret }: { readonly key: string; readonly secret: Buffer },
): Buffer | undefined {
  const tagAt = end + NONCE_LENGTH;
  const start = tagAt + TAG_LENGTH;
  if (value.length < start) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", valueKey(secret, key), value.subarray(end, tagAt));
  decipher.setAAD(boundTo(value.subarray(0, end), key)).setAuthTag(value.subarray(tagAt, start));
  const packed = decipher.update(value.subarray(start));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return packed;
}

/** A random nonce is unique among the values of one key, not among those of a hundred million. */
function valueKey(secret: Buffer, key: string): Buffer {
  return createHmac("sha256", secret).update(`tessera value ${key}`).digest();
}

function boundTo(head: Buffer, key: string): Buffer {
  return Buffer.concat([head, Buffer.from(key)]);
}

function pack({ partition, group, document }: Content): Buffer {
  const names = Buffer.from(JSON.stringify([partition, group]));
  const packed = Buffer.allocUnsafe(4 + names.length + Buffer.byteLength(document));
  packed.writeUInt32BE(names.length);
  names.copy(packed, 4);
  packed.write(document, 4 + names.length);
  return packed;
}

function opened(version: string, packed: Buffer): Opened {
  const end = packed.length < 4 ? Infinity : 4 + packed.readUInt32BE();
  if (end > packed.length) return { version, unreadable: "damaged" };
  let names: unknown;
  try {
    names = JSON.parse(packed.toString("utf8", 4, end));
  } catch {
    return { version, unreadable: "damaged" };
  }
  const [partition, group] = Array.isArray(names) ? (names as readonly unknown[]) : [];
  if (typeof partition !== "string" || typeof group !== "string") return { version, unreadable: "damaged" };
  return { version, partition, group, document: packed.toString("utf8", end) };
}
