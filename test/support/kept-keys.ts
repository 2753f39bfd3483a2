// Runs with every test file: the RSA keys that the local authority and `jose` make with WebCrypto are kept ones, of which
// each call in a file gets another.
import { rsaKeyPair } from "./rsa-keys.js";

interface Algorithm {
  readonly name: string;
  readonly hash: string;
  readonly modulusLength?: number;
}
type Usages = ("sign" | "verify" | "encrypt" | "decrypt")[];

const { subtle } = globalThis.crypto;
// All test files of a worker have the same object, which the one before may have left changed.
const { generateKey } = Object.getPrototypeOf(subtle) as typeof subtle;
let made = 0;

async function keptOrMade(algorithm: Algorithm, extractable: boolean, usages: Usages) {
  const isKept = algorithm.name === "RSASSA-PKCS1-v1_5" && algorithm.modulusLength === 2048;
  if (!isKept) return Reflect.apply(generateKey, subtle, [algorithm, extractable, usages]);
  const pair = rsaKeyPair(`webcrypto-${(made += 1)}`);
  const { name, hash } = algorithm;
  const [privateKey, publicKey] = await Promise.all([
    subtle.importKey(
      "pkcs8",
      pair.privateKey.export({ type: "pkcs8", format: "der" }),
      { name, hash },
      extractable,
      ["sign"],
    ),
    subtle.importKey("spki", pair.publicKey.export({ type: "spki", format: "der" }), { name, hash }, true, [
      "verify",
    ]),
  ]);
  return { privateKey, publicKey };
}

Object.defineProperty(subtle, "generateKey", { configurable: true, writable: true, value: keptOrMade });
