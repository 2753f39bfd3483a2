// RSA keys for tests. Making one takes a tenth of a second of processor time, and nearly every test file needs some: they
// are made once, and kept beside the other caches of the tests.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  type KeyObject,
} from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../node_modules/.cache/tessera-test-keys", import.meta.url));

/** `NODE_OPTIONS` of a process that runs local authorities, which makes no RSA keys. */
export const keptKeys = `--import ${new URL("kept-keys-preload.mjs", import.meta.url).href}`;

export interface RsaKeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Returns the key pair of 2048 bits with a name. Those with different names are different. */
export function rsaKeyPair(name: string): RsaKeyPair {
  const privateKey = createPrivateKey(keptPem(name));
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function keptPem(name: string): string {
  const file = join(folder, `${name}.pem`);
  try {
    return readFileSync(file, "utf8");
  } catch {
    return newPem(file);
  }
}

/** Another worker may do the same at the same time: the first key that is there stays. */
function newPem(file: string): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  mkdirSync(folder, { recursive: true });
  const unfinished = `${file}.${randomUUID()}`;
  writeFileSync(unfinished, pem, { mode: 0o600 });
  renameSync(unfinished, file);
  return pem;
}
