// Signatures of JWTs: the verdict is that of jose, for every algorithm that is accepted.
// proves: core/src/response/verify-signature.ts, core/src/response/key-set.ts
import { generateKeyPairSync, type webcrypto } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { compactVerify, exportJWK, generateKeyPair, SignJWT } from "jose";
import { finderIn } from "../../packages/core/src/response/key-set.js";
import { verifySignature } from "../../packages/core/src/response/verify-signature.js";

const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

const REFUSED = {
  message: "signature verification failed",
  code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
};

/** Changes a part of a JWT. */
const changed = (jwt: string, part: number, change: (text: string) => string) =>
  jwt
    .split(".")
    .map((text, index) => (index === part ? change(text) : text))
    .join(".");

const SPOILED: Readonly<Record<string, (jwt: string) => string>> = {
  "claims that were changed": (jwt) =>
    changed(jwt, 1, () => Buffer.from('{"sub":"bob"}').toString("base64url")),
  "a header that was changed": (jwt) => changed(jwt, 0, (text) => `${text}AA`),
  "a letter of another alphabet with the same low byte": (jwt) =>
    changed(jwt, 1, (text) => `${String.fromCharCode(text.charCodeAt(0) + 0x100)}${text.slice(1)}`),
  "no signature": (jwt) => changed(jwt, 2, () => ""),
  "half a signature": (jwt) => changed(jwt, 2, (text) => text.slice(0, text.length / 2)),
  "a signature with other characters": (jwt) => changed(jwt, 2, (text) => `${text}!`),
  "a signature of zeros": (jwt) => changed(jwt, 2, (text) => "A".repeat(text.length)),
};

describe.each(ALGORITHMS)("a JWT with %s", (alg) => {
  const made = Promise.all(
    [1, 2].map(async () => {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const jwt = await new SignJWT({ sub: "alice" }).setProtectedHeader({ alg }).sign(privateKey);
      const find = await finderIn([{ ...(await exportJWK(publicKey)), alg, use: "sig" }]);
      return { jwt, publicKey, key: await find({ alg, kid: undefined }) };
    }),
  );

  it("is accepted with the key that has signed it, and with no other", async () => {
    const [one, other] = await made;
    expect(() => verifySignature(one?.jwt ?? "", alg, one?.key as webcrypto.CryptoKey)).not.toThrow();
    expect(() => verifySignature(one?.jwt ?? "", alg, other?.key as webcrypto.CryptoKey)).toThrow(
      expect.objectContaining(REFUSED),
    );
  });

  it.each(Object.entries(SPOILED))("is refused with %s, as by jose", async (_name, spoil) => {
    const [one] = await made;
    const jwt = spoil(one?.jwt ?? "");
    expect(() => verifySignature(jwt, alg, one?.key as webcrypto.CryptoKey)).toThrow(
      expect.objectContaining(REFUSED),
    );
    await expect(compactVerify(jwt, one?.publicKey as webcrypto.CryptoKey)).rejects.toThrow();
  });
});

it("an RSA key that is too short verifies nothing", async () => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const find = await finderIn([{ ...publicKey.export({ format: "jwk" }), kid: "short" }]);
  const key = await find({ alg: "RS256", kid: "short" });
  expect(() => verifySignature("a.b.c", "RS256", key)).toThrow("its key has 1024 bits, fewer than 2048");
});
