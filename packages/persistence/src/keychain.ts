import { keyId, parseEnvelope, seal, unseal } from "./envelope.js";
import { PersistenceError } from "./errors.js";
import { nodeCrypto } from "./node-crypto.js";
import type { Opened, Protection } from "./protection.js";

/** The part of `keytar` that is used. */
export interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

/** Where the key is kept. */
export interface KeychainEntry {
  readonly service: string;
  readonly account: string;
}

/** The entry for the cache in a folder. */
export function keychainEntry(appName: string, folder: string): KeychainEntry {
  const place = nodeCrypto().createHash("sha256").update(folder).digest("hex").slice(0, 16);
  return { service: `${appName} token cache`, account: `key-${place}` };
}

/**
 * Protects the cache with a random key in the operating system's keychain: Keychain (macOS), Credential Manager (Windows),
 * Secret Service (Linux).
 *
 * @param alone runs work while no other process does
 * @throws PersistenceError `keychain_unavailable`, `keychain_locked`
 */
export async function keychainProtection(
  entry: KeychainEntry,
  alone: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<Protection> {
  const keytar = await loadKeytar();
  const agreedKey = async (own?: Buffer): Promise<Buffer> =>
    (await readKey(keytar, entry)) ??
    alone(async () => (await searchKey(keytar, entry)) ?? createKey(keytar, entry, own));
  let key = await agreedKey();

  return {
    fileName: "token-cache.jwe",
    async open(content): Promise<Opened> {
      const envelope = parseEnvelope(content);
      if (!envelope || envelope.header.kdf) return { unreadable: "corrupt" };
      const { kid } = envelope.header;
      // Another process may have made a new key, after the old one was lost.
      if (keyId(key) !== kid) key = (await searchKey(keytar, entry)) ?? key;
      if (keyId(key) !== kid) return { unreadable: "key_lost" };
      const text = unseal(envelope, key);
      return text === undefined ? { unreadable: "corrupt" } : { text };
    },
    async seal(text, isFirst) {
      // The file may be gone because the key was lost: what the next process cannot read must not take its place.
      if (isFirst) key = await agreedKey(key).catch(() => key);
      return seal(text, key);
    },
  };
}

/** @throws PersistenceError `keychain_unavailable` */
export async function loadKeytar(): Promise<Keytar> {
  try {
    const module: Keytar & { readonly default?: Keytar } = await import("keytar");
    // The CommonJS build requires it, and then it has no default.
    return module.default ?? module;
  } catch (error) {
    throw unavailable(error);
  }
}

/** A keychain entry; `undefined` when there is none, and on Linux also when the keychain is locked. */
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
 * Reads the key, and makes sure of it when there is none: a locked Secret Service says that there is no entry, but it
 * cannot take one, either.
 */
async function searchKey(keytar: Keytar, entry: KeychainEntry): Promise<Buffer | undefined> {
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
  throw unavailable(new Error("the keychain does not return what was stored in it"));
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
  // macOS says that it must not ask for the password, as over SSH.
  if (/\block|interaction is not allowed/i.test(reason)) {
    return new PersistenceError(
      "keychain_locked",
      `The keychain is locked (${reason}): unlock it (sign in to the desktop, or unlock the login keyring) and try again.`,
      error,
    );
  }
  return new PersistenceError(
    "keychain_unavailable",
    `The keychain of the operating system cannot be used (${reason}). On a Linux desktop install libsecret-1-0 and a keyring, and run inside the user's session. In a container or over SSH choose another protection: { passphrase }, or "none" for a clear file, guarded by file permissions alone.`,
    error,
  );
}
