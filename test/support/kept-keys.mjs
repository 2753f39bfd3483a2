// Runs with every test file, and in processes that run local authorities: the RSA keys that the local authority and `jose`
// make with WebCrypto are kept ones, of which each call in a file or process gets another.
import { rsaKeyPair } from "./rsa-keys.mjs";

const { subtle } = globalThis.crypto;
// All test files of a worker have the same object, which the one before may have left changed.
const { generateKey } = Object.getPrototypeOf(subtle);
let made = 0;

async function keptOrMade(algorithm, extractable, usages) {
  const { name, hash, modulusLength } = algorithm;
  if (name !== "RSASSA-PKCS1-v1_5" || modulusLength !== 2048)
    return generateKey.call(subtle, algorithm, extractable, usages);
  const pair = rsaKeyPair(`webcrypto-${(made += 1)}`);
  const pkcs8 = pair.privateKey.export({ type: "pkcs8", format: "der" });
  const spki = pair.publicKey.export({ type: "spki", format: "der" });
  const [privateKey, publicKey] = await Promise.all([
    subtle.importKey("pkcs8", pkcs8, { name, hash }, extractable, ["sign"]),
    subtle.importKey("spki", spki, { name, hash }, true, ["verify"]),
  ]);
  return { privateKey, publicKey };
}

Object.defineProperty(subtle, "generateKey", { configurable: true, writable: true, value: keptOrMade });
