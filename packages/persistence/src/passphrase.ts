import { parseEnvelope, keyId, seal, unseal } from "./envelope.js";
import { PersistenceError } from "./errors.js";
import { nodeCrypto } from "./node-crypto.js";
import type { Opened, Protection } from "./protection.js";

/** How a key is made of a passphrase (RFC 7914); stored in the file. */
export interface ScryptParameters {
  readonly name: "scrypt";
  /** Cost: a power of two. */
  readonly N: number;
  /** Block size. */
  readonly r: number;
  /** Parallelisation. */
  readonly p: number;
  /** base64url of at least 16 bytes. */
  readonly salt: string;
}

interface Derived {
  readonly parameters: ScryptParameters;
  readonly key: Buffer;
}

/** 128 MiB and some 0.3 s: what OWASP's Password Storage Cheat Sheet asks for. */
const COST = { N: 2 ** 17, r: 8, p: 1 };

/** Most memory that the parameters in a file may ask for, in bytes. */
const MAX_MEMORY = 2 ** 30;

/** Protects the cache with a key made of a passphrase. The key is made once, and again when another process chose a new salt. */
export function passphraseProtection(passphrase: string): Protection {
  let current: Derived | undefined;

  const derivedWith = async (parameters: ScryptParameters): Promise<Derived> =>
    current && JSON.stringify(current.parameters) === JSON.stringify(parameters)
      ? current
      : { parameters, key: await derive(passphrase, parameters) };

  return {
    fileName: "token-cache.passphrase.jwe",
    async open(content): Promise<Opened> {
      const envelope = parseEnvelope(content);
      const parameters = envelope?.header.kdf;
      if (!envelope || !parameters || !isUsable(parameters)) return { unreadable: "corrupt" };
      const derived = await derivedWith(parameters);
      if (keyId(derived.key) !== envelope.header.kid) {
        throw new PersistenceError(
          "wrong_passphrase",
          "The passphrase does not open the token cache: pass the one it was made with, or remove the file to begin anew.",
        );
      }
      // Only now: whoever does not know the passphrase must not choose how little its key costs.
      current = derived;
      const text = unseal(envelope, derived.key);
      return text === undefined ? { unreadable: "corrupt" } : { text };
    },
    async seal(text) {
      const parameters = current?.parameters ?? {
        name: "scrypt",
        ...COST,
        salt: nodeCrypto().randomBytes(16).toString("base64url"),
      };
      current = await derivedWith(parameters);
      return seal(text, current.key, parameters);
    },
  };
}

function derive(passphrase: string, { N, r, p, salt }: ScryptParameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(salt, "base64url");
    nodeCrypto().scrypt(
      passphrase.normalize("NFKC"),
      bytes,
      32,
      { N, r, p, maxmem: 2 * MAX_MEMORY },
      (error, key) => {
        if (error) reject(error);
        else resolve(key);
      },
    );
  });
}

/** A file may come from anybody: it must not make this process work for hours. */
function isUsable({ name, N, r, p, salt }: Partial<ScryptParameters>): boolean {
  const whole = [N, r, p].every((value) => Number.isSafeInteger(value) && Number(value) > 0);
  if (name !== "scrypt" || !whole || typeof salt !== "string") return false;
  const [cost, block, lanes] = [Number(N), Number(r), Number(p)];
  const powerOfTwo = cost > 1 && Number.isInteger(Math.log2(cost));
  return (
    powerOfTwo &&
    128 * cost * block <= MAX_MEMORY &&
    lanes <= 16 &&
    Buffer.from(salt, "base64url").length >= 16
  );
}
