import { createHash, hkdfSync } from "node:crypto";

/** What a sealed text is for, and what it contains: a text of one purpose cannot be opened as one of another. */
export interface Seal<T extends object> {
  readonly purpose: string;
  /** Only for its type. */
  readonly content?: T;
}

/** A text that was opened. */
export interface Opened<T> {
  readonly content: T;
  /** Whether it was sealed with the current key, and not with one that is being phased out. */
  readonly isCurrent: boolean;
}

/** Seals and opens what browsers keep for the site. */
export interface KeyRing {
  /** Encrypts with the first secret (JWE, `dir` with `A256GCM`). */
  seal<T extends object>(seal: Seal<T>, content: T): Promise<string>;
  /** Decrypts with whichever secret it was sealed with. Returns `undefined` for anything that this site has not sealed. */
  open<T extends object>(seal: Seal<T>, text: string): Promise<Opened<T> | undefined>;
}

interface Key {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Longer texts are refused unread. */
const LONGEST_TEXT = 16_384;

/**
 * Creates the key ring of the secrets: the first one seals, all open. A new secret is put in front, and the last one is
 * removed when the cookies that it has sealed are too old.
 */
export function createKeyRing(secrets: readonly string[]): KeyRing {
  const rings = new Map<string, readonly Key[]>();
  const ringOf = (purpose: string): readonly Key[] => {
    const known = rings.get(purpose);
    if (known) return known;
    const keys = secrets.map((secret) => derivedKey(secret, purpose));
    rings.set(purpose, keys);
    return keys;
  };
  return {
    async seal({ purpose }, content) {
      const [key] = ringOf(purpose);
      const { CompactEncrypt } = await import("jose");
      return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
        .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: key?.id ?? "" })
        .encrypt(key?.bytes ?? new Uint8Array());
    },
    async open<T extends object>({ purpose }: Seal<T>, text: string) {
      if (text === "" || text.length > LONGEST_TEXT) return undefined;
      const keys = ringOf(purpose);
      const { compactDecrypt } = await import("jose");
      const algorithms = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };
      let opened: Key | undefined;
      try {
        const { plaintext } = await compactDecrypt(
          text,
          (header: { readonly kid?: string | undefined }) => {
            opened = keys.find(({ id }) => id === header.kid);
            return opened?.bytes ?? new Uint8Array(32);
          },
          algorithms,
        );
        // Authenticated: the site itself has written it.
        const content = JSON.parse(new TextDecoder().decode(plaintext)) as T;
        return { content, isCurrent: opened === keys[0] };
      } catch {
        return undefined;
      }
    },
  };
}

function derivedKey(secret: string, purpose: string): Key {
  const bytes = new Uint8Array(hkdfSync("sha256", secret, "", `@tessera/web ${purpose}`, 32));
  const id = createHash("sha256").update(bytes).digest("base64url").slice(0, 8);
  return { id, bytes };
}
