// RSA keys for tests. Making one takes a tenth of a second of processor time, and nearly every test file needs some: they
// are made once, and kept beside the other caches of the tests.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../node_modules/.cache/tessera-test-keys", import.meta.url));

/** `NODE_OPTIONS` of a process that runs local authorities, which makes no RSA keys. */
export const keptKeys = `--import ${new URL("kept-keys.mjs", import.meta.url).href}`;

/**
 * Returns the key pair of 2048 bits with a name. Those with different names are different.
 *
 * @param {string} name
 */
export function rsaKeyPair(name) {
  const privateKey = createPrivateKey(keptPem(name));
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** @param {string} name */
function keptPem(name) {
  const file = join(folder, `${name}.pem`);
  try {
    return readFileSync(file, "utf8");
  } catch {
    return newPem(file);
  }
}

/**
 * Another process may do the same at the same time: each goes on with its own key, and the last one stays.
 *
 * @param {string} file
 */
function newPem(file) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  mkdirSync(folder, { recursive: true });
  const unfinished = `${file}.${randomUUID()}`;
  writeFileSync(unfinished, pem, { mode: 0o600 });
  renameSync(unfinished, file);
  return pem;
}
