import { parseEnvelope, keyId, seal, unseal, type ScryptParameters } from "./envelope.js";
import { PersistenceError } from "../errors.js";
import { nodeCrypto } from "../node-crypto.js";
import type { OpenResult, Protection } from "./protection.js";

interface Derived {
  readonly parameters: ScryptParameters;
  readonly key: Buffer;
}

/** Cost of the derivation: 128 MiB and about 0.3 s, as OWASP's Password Storage Cheat Sheet recommends. */
const COST = { N: 2 ** 17, r: 8, p: 1 };

/** Memory limit for the parameters in a file, in bytes. */
const MAX_MEMORY = 2 ** 30;

/** Encrypts the cache with a key derived from a passphrase. The key is derived once, and again if another process chose a new salt. */
export function passphraseProtection(passphrase: string): Protection {
  let current: Derived | undefined;

  const deriveWith = async (parameters: ScryptParameters): Promise<Derived> =>
    current && JSON.stringify(current.parameters) === JSON.stringify(parameters)
      ? current
      : { parameters, key: await derive(passphrase, parameters) };

  return {
    fileName: "token-cache.passphrase.jwe",
    async open(content): Promise<OpenResult> {
      const envelope = parseEnvelope(content);
      const parameters = envelope?.header.kdf;
      if (!envelope || !parameters || !isUsable(parameters)) return { unreadable: "corrupt" };
      const derived = await deriveWith(parameters);
      if (keyId(derived.key) !== envelope.header.kid) {
        throw new PersistenceError(
          "wrong_passphrase",
          "The passphrase does not open the token cache: pass the passphrase it was created with, or remove the file to start over.",
        );
      }
      // Parameters are adopted only after the check: an attacker without the passphrase must not be able to weaken them.
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
      current = await deriveWith(parameters);
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

/** Rejects parameters from a manipulated file that would block this process for hours. */
function isUsable({ name, N, r, p, salt }: Partial<ScryptParameters>): boolean {
  const areIntegers = [N, r, p].every((value) => Number.isSafeInteger(value) && Number(value) > 0);
  if (name !== "scrypt" || !areIntegers || typeof salt !== "string") return false;
  const [cost, block, lanes] = [Number(N), Number(r), Number(p)];
  const powerOfTwo = cost > 1 && Number.isInteger(Math.log2(cost));
  return (
    powerOfTwo &&
    128 * cost * block <= MAX_MEMORY &&
    lanes <= 16 &&
    Buffer.from(salt, "base64url").length >= 16
  );
}
