// Preloaded into a process that runs local authorities: their RSA keys are those that test/support/kept-keys.ts keeps. A key that
// is not there yet is made, as without this file.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";

const { subtle } = globalThis.crypto;
const { generateKey } = Object.getPrototypeOf(subtle);
let made = 0;

Object.defineProperty(subtle, "generateKey", {
  value: async (algorithm, extractable, usages) => {
    const { name, hash, modulusLength } = algorithm;
    const isKept = name === "RSASSA-PKCS1-v1_5" && modulusLength === 2048;
    const kept = isKept ? keptKey((made += 1)) : undefined;
    if (!kept) return generateKey.call(subtle, algorithm, extractable, usages);
    const pkcs8 = kept.export({ type: "pkcs8", format: "der" });
    const spki = createPublicKey(kept).export({ type: "spki", format: "der" });
    return {
      privateKey: await subtle.importKey("pkcs8", pkcs8, { name, hash }, extractable, ["sign"]),
      publicKey: await subtle.importKey("spki", spki, { name, hash }, true, ["verify"]),
    };
  },
});

function keptKey(number) {
  const folder = new URL("../../node_modules/.cache/tessera-test-keys/", import.meta.url);
  try {
    return createPrivateKey(readFileSync(new URL(`webcrypto-${number}.pem`, folder)));
  } catch {
    return undefined;
  }
}
