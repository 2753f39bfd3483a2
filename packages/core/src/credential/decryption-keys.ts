import type { KeyObject } from "node:crypto";
import { clientConfigurationError } from "../errors/errors.js";
import { checkStrength, readPrivateKey } from "./private-key.js";

/** A private key of the client, whose public key the provider encrypts with. */
export interface DecryptionKeyOptions {
  /** PEM (PKCS#8, PKCS#1 or SEC 1) of an RSA, elliptic or X25519 key; in `@tessera/node` also the path of its file. */
  readonly privateKey: string;
  /** Passphrase of an encrypted key. */
  readonly passphrase?: string;
  /** Key id under which the public key is registered. */
  readonly kid?: string;
}

/** A key that has been read. */
export interface DecryptionKey {
  readonly key: KeyObject;
  readonly kid: string | undefined;
}

const CURVES: ReadonlySet<string | undefined> = new Set(["prime256v1", "secp384r1", "secp521r1"]);

/**
 * Reads the keys with which what the provider encrypts is decrypted.
 *
 * @throws ClientConfigurationError `invalid_option`, naming the key by its place and never its content
 */
export function readDecryptionKeys(keys: unknown): readonly DecryptionKey[] {
  if (!Array.isArray(keys)) throw invalid("", "is not an array");
  const read = keys.map((options: unknown, index) => readKey(options, `[${index}]`));
  const named = read.flatMap(({ kid }) => kid ?? []);
  const repeated = named.find((kid, index) => named.indexOf(kid) !== index);
  if (repeated !== undefined) throw invalid("", `has two keys named ${JSON.stringify(repeated)} (kid)`);
  return read;
}

/** Whether a key can be the one of a JWE with an algorithm. */
export function decrypts({ key }: DecryptionKey, alg: string): boolean {
  return (key.asymmetricKeyType === "rsa") === alg.startsWith("RSA");
}

function readKey(options: unknown, place: string): DecryptionKey {
  if (typeof options !== "object" || options === null) throw invalid(place, "is not an object");
  const { privateKey, passphrase, kid } = options as Partial<Record<string, unknown>>;
  for (const [name, value] of Object.entries({ passphrase, kid })) {
    if (value !== undefined && value !== null && typeof value !== "string")
      throw invalid(place, `has a ${name} that is not a string`);
  }
  if (typeof privateKey !== "string") throw invalid(place, "has no privateKey");
  const asInvalid = (what: string): Error => invalid(place, what);
  const key = readPrivateKey(
    { privateKey, passphrase: typeof passphrase === "string" ? passphrase : undefined },
    asInvalid,
  );
  checkStrength(key, asInvalid);
  if (!canDecrypt(key)) {
    throw invalid(
      place,
      "has a key that cannot decrypt: use RSA, an elliptic key on P-256, P-384 or P-521, or X25519",
    );
  }
  return { key, kid: typeof kid === "string" && kid !== "" ? kid : undefined };
}

function canDecrypt({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  return type === "rsa" || type === "x25519" || (type === "ec" && CURVES.has(details?.namedCurve));
}

function invalid(place: string, what: string): Error {
  return clientConfigurationError(
    "invalid_option",
    `auth.decryptionKeys${place} ${what}. Pass the private keys whose public keys are registered for encryption, as [{ privateKey, kid }].`,
  );
}
