// Runs with every test file that may start a local authority, which signs with a kept key: making one takes longer than all the
// rest of its start.
import { readFileSync } from "node:fs";
import { expect } from "@jest/globals";

const own = readFileSync(expect.getState().testPath ?? "", "utf8");
if (/from "(@tessera\/local-authority|\.\.?\/.*(support\/|stage|farm))/.test(own)) {
  const { useSigningKey } = await import("../../packages/local-authority/src/crypto/jwt.js");
  const { rsaKeyPair } = await import("./rsa-keys.js");
  const keys = rsaKeyPair("local-authority");
  const pkcs8 = keys.privateKey.export({ type: "pkcs8", format: "der" });
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const { subtle } = globalThis.crypto;
  const privateKey = await subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
  const spki = keys.publicKey.export({ type: "spki", format: "der" });
  useSigningKey({ privateKey, publicKey: await subtle.importKey("spki", spki, algorithm, true, ["verify"]) });
}
