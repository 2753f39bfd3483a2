import { keyId, parseEnvelope, seal, unseal } from "./envelope.js";
import { PersistenceError } from "../errors.js";
import { nodeCrypto } from "../node-crypto.js";
import type { OpenResult, Protection } from "./protection.js";

/** The part of `keytar` that this package uses. */
export interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

/** The keychain entry that holds the key. */
export interface KeychainEntry {
  readonly service: string;
  readonly account: string;
}

/** Returns the keychain entry for the cache in a folder. */
export function keychainEntry(appName: string, folder: string): KeychainEntry {
  const place = nodeCrypto().createHash("sha256").update(folder).digest("hex").slice(0, 16);
  return { service: `${appName} token cache`, account: `key-${place}` };
}

/**
 * Encrypts the cache with a random key in the operating system's keychain: Keychain (macOS), Credential Manager (Windows),
 * Secret Service (Linux).
 *
 * @param exclusive runs work while no other process runs its own
 * @throws PersistenceError `keychain_unavailable`, `keychain_locked`
 */
export async function keychainProtection(
  entry: KeychainEntry,
  exclusive: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<Protection> {
  const keytar = await loadKeytar();
  const sharedKey = async (ownKey?: Buffer): Promise<Buffer> =>
    (await readKey(keytar, entry)) ??
    exclusive(async () => (await findKey(keytar, entry)) ?? createKey(keytar, entry, ownKey));
  let key = await sharedKey();

  return {
    fileName: "token-cache.jwe",
    async open(content): Promise<OpenResult> {
      const envelope = parseEnvelope(content);
      if (!envelope || envelope.header.kdf) return { unreadable: "corrupt" };
      const { kid } = envelope.header;
      // Another process may have created a new key after the old one was lost.
      if (keyId(key) !== kid) key = (await findKey(keytar, entry)) ?? key;
      if (keyId(key) !== kid) return { unreadable: "key_lost" };
      const text = unseal(envelope, key);
      return text === undefined ? { unreadable: "corrupt" } : { text };
    },
    async seal(text, isFirst) {
      // The previous file may have been set aside because its key was lost. The new one must be readable for the next
      // process.
      if (isFirst) key = await sharedKey(key).catch(() => key);
      return seal(text, key);
    },
  };
}

/** @throws PersistenceError `keychain_unavailable` */
export async function loadKeytar(): Promise<Keytar> {
  try {
    const module: Keytar & { readonly default?: Keytar } = await import("keytar");
    // In the CommonJS build, it is loaded with `require` and has no default export.
    return module.default ?? module;
  } catch (error) {
    throw unavailable(error);
  }
}

/** Reads a keychain entry; `undefined` if there is none, and on Linux also if the keychain is locked. */
export async function readEntry(
  keytar: Keytar,
  { service, account }: KeychainEntry,
): Promise<string | undefined> {
  try {
    return (await keytar.getPassword(service, account)) ?? undefined;
  } catch (error) {
    throw unavailable(error);
  }
}

async function readKey(keytar: Keytar, entry: KeychainEntry): Promise<Buffer | undefined> {
  const key = Buffer.from((await readEntry(keytar, entry)) ?? "", "base64url");
  return key.length === 32 ? key : undefined;
}

/**
 * Reads the key. If there is none, it writes a trial entry: a locked Secret Service reports missing entries, but also fails to
 * store one.
 */
async function findKey(keytar: Keytar, entry: KeychainEntry): Promise<Buffer | undefined> {
  const found = await readKey(keytar, entry);
  if (found) return found;
  const trial = {
    ...entry,
    account: `${entry.account}-trial-${nodeCrypto().randomBytes(4).toString("hex")}`,
  };
  await writeEntry(keytar, trial, "trial");
  await keytar.deletePassword(trial.service, trial.account).catch(() => false);
  return readKey(keytar, entry);
}

async function createKey(
  keytar: Keytar,
  entry: KeychainEntry,
  key: Buffer = nodeCrypto().randomBytes(32),
): Promise<Buffer> {
  await writeEntry(keytar, entry, key.toString("base64url"));
  if ((await readKey(keytar, entry))?.equals(key)) return key;
  throw unavailable(new Error("the keychain does not return the stored value"));
}

async function writeEntry(
  keytar: Keytar,
  { service, account }: KeychainEntry,
  secret: string,
): Promise<void> {
  try {
    await keytar.setPassword(service, account, secret);
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(error: unknown): PersistenceError {
  const reason = error instanceof Error ? error.message : String(error);
  // macOS reports that user interaction is not allowed, for example over SSH.
  if (/\block|interaction is not allowed/i.test(reason)) {
    return new PersistenceError(
      "keychain_locked",
      `The keychain is locked (${reason}): unlock it (sign in to the desktop, or unlock the login keyring) and try again.`,
      error,
    );
  }
  return new PersistenceError(
    "keychain_unavailable",
    `The keychain of the operating system cannot be used (${reason}). On a Linux desktop install libsecret-1-0 and a keyring, and run inside the user's session. In a container or over SSH, choose another protection: { passphrase }, or "none" for a file without encryption.`,
    error,
  );
}
