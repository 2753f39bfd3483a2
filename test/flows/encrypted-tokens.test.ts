// ID tokens that the provider encrypts for the client (OpenID Connect Core §10.2): only with what is registered.
// proves: core/src/response/decrypt-jwt.ts, core/src/credential/decryption-keys.ts, node/src/check-responses.ts
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ClientMetadata, DecryptionKeyOptions } from "@tessera/node";
import { CompactEncrypt } from "jose";
import { accountOf } from "../support/entra.js";
import { keys, redeem, secrets, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";
import { rsaKeyPair } from "../support/rsa-keys.mjs";

const rsa = rsaKeyPair("encryption");
const older = rsaKeyPair("older-encryption");
const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" });
const x25519 = generateKeyPairSync("x25519");
const pem = ({ privateKey }: { readonly privateKey: KeyObject }): string =>
  privateKey.export({ type: "pkcs8", format: "pem" }).toString();

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => provider.reset());

interface Encryption {
  readonly alg: string;
  readonly enc?: string;
  readonly kid?: string | undefined;
  readonly to?: { readonly publicKey: KeyObject };
}

const encrypted = (
  jwt: string,
  { alg, enc = "A128CBC-HS256", kid = "enc-1", to = rsa }: Encryption,
): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(jwt))
    .setProtectedHeader({ alg, enc, cty: "JWT", ...(kid ? { kid } : {}) })
    .encrypt(to.publicKey);

const own: readonly DecryptionKeyOptions[] = [{ privateKey: pem(rsa), kid: "enc-1" }];
const registered = (
  metadata: ClientMetadata = { id_token_encrypted_response_alg: "RSA-OAEP-256" },
  decryptionKeys: readonly DecryptionKeyOptions[] = own,
) => ({ auth: { clientMetadata: metadata, decryptionKeys: [...decryptionKeys] } });

describe.each(["confidential", "publicClient"] as const)("%s", (kind) => {
  it.each([
    ["RSA-OAEP", "A256GCM", rsa],
    ["RSA-OAEP-256", "A128CBC-HS256", rsa],
    ["ECDH-ES", "A128GCM", elliptic],
    ["ECDH-ES+A256KW", "A256CBC-HS512", x25519],
  ])("decrypts %s with %s, then verifies what is inside", async (alg, enc, pair) => {
    const idToken = await encrypted(provider.idToken(), { alg, enc, to: pair });
    provider.answers.token = () => ({ body: provider.tokens({ id_token: idToken }) });
    const app = provider[kind](
      registered({ id_token_encrypted_response_alg: alg, id_token_encrypted_response_enc: enc }, [
        { privateKey: pem(pair), kid: "enc-1" },
      ]),
    );
    const result = await redeem(app);
    expect(result.account).toMatchObject({ homeAccountId: "user-1" });
    expect(result.idToken.split(".")).toHaveLength(3);
    expect(provider.count("keys")).toBeGreaterThan(0);
  });
});

it("what is cached is the decrypted ID token, which a restart reads without the key", async () => {
  provider.answers.token = async () => ({
    body: provider.tokens({ id_token: await encrypted(provider.idToken(), { alg: "RSA-OAEP-256" }) }),
  });
  const app = provider.confidential(registered());
  const { idToken } = await redeem(app);
  const restarted = provider.confidential();
  restarted.getTokenCache().deserialize(app.getTokenCache().serialize());
  const [account] = await restarted.getAllAccounts();
  expect(account).toMatchObject({ idToken, idTokenClaims: { sub: "user-1" } });
});

it("a refresh decrypts as well", async () => {
  provider.answers.token = async () => ({
    body: provider.tokens({ id_token: await encrypted(provider.idToken(), { alg: "RSA-OAEP-256" }) }),
  });
  const app = provider.confidential(registered());
  const account = accountOf(await redeem(app));
  const again = await app.acquireTokenSilent({ scopes: ["api:read"], account, forceRefresh: true });
  expect(again).toMatchObject({ fromCache: false, idTokenClaims: { sub: "user-1" } });
});

it.each([
  ["names the older key", "enc-0", older],
  ["names no key", "", older],
  ["names no key, and is for the newer one", "", rsa],
])("while keys are rotated, both decrypt: a token that %s", async (_, kid, to) => {
  provider.answers.token = async () => ({
    body: provider.tokens({
      id_token: await encrypted(provider.idToken(), { alg: "RSA-OAEP-256", kid, to }),
    }),
  });
  const both = [{ privateKey: pem(older), kid: "enc-0" }, ...own];
  expect((await redeem(provider.confidential(registered(undefined, both)))).account).not.toBeNull();
});

describe("an ID token that is refused", () => {
  interface Row {
    readonly title: string;
    readonly idToken: () => string | Promise<string>;
    readonly metadata?: ClientMetadata;
    readonly reason: RegExp;
  }
  const alg = "RSA-OAEP-256";

  it.each<Row>([
    {
      title: "comes unencrypted, although it is registered as encrypted",
      idToken: () => provider.idToken(),
      reason: /not encrypted.*id_token_encrypted_response_alg/,
    },
    {
      title: "has another algorithm than the registered one",
      idToken: () => encrypted(provider.idToken(), { alg: "RSA-OAEP" }),
      reason: /"RSA-OAEP", the client is registered with RSA-OAEP-256/,
    },
    {
      title: "is encrypted with RSA1_5, open to padding oracles",
      idToken: async () => {
        const [, ...rest] = (await encrypted(provider.idToken(), { alg })).split(".");
        const header = { alg: "RSA1_5", enc: "A128CBC-HS256", kid: "enc-1" };
        return [Buffer.from(JSON.stringify(header)).toString("base64url"), ...rest].join(".");
      },
      reason: /"RSA1_5", the client is registered with/,
    },
    {
      title: "has another content encryption",
      idToken: () => encrypted(provider.idToken(), { alg, enc: "A256GCM" }),
      reason: /cannot be decrypted.*enc/,
    },
    {
      title: "is for a key that is not here",
      idToken: () => encrypted(provider.idToken(), { alg, kid: "other" }),
      reason: /key "other", which is not one of auth.decryptionKeys/,
    },
    {
      title: "is for another key under our name",
      idToken: () => encrypted(provider.idToken(), { alg, to: older }),
      reason: /cannot be decrypted/,
    },
    {
      title: "was changed on its way",
      idToken: async () => (await encrypted(provider.idToken(), { alg })).replace(/.{22}$/, "A".repeat(22)),
      reason: /cannot be decrypted/,
    },
    {
      title: "is not signed inside",
      idToken: () => encrypted(provider.idToken({ header: { alg: "none" } }), { alg }),
      reason: /alg is "none"/,
    },
    {
      title: "is signed by another key inside",
      idToken: () => encrypted(provider.idToken({ key: keys.two.privateKey }), { alg }),
      reason: /signature/,
    },
    {
      title: "holds claims without a signature",
      idToken: () => encrypted('{"sub":"user-1"}', { alg }),
      reason: /not a signed JWT/,
    },
    {
      title: "is another client's inside",
      idToken: () => encrypted(provider.idToken({ claims: { aud: "other" } }), { alg }),
      reason: /aud is/,
    },
    {
      title: "is encrypted, although the client is not registered for it",
      idToken: () => encrypted(provider.idToken(), { alg }),
      metadata: { userinfo_encrypted_response_alg: alg },
      reason: /encrypted, and this client is not configured.*id_token_encrypted_response_alg/,
    },
  ])("$title", async ({ idToken, metadata, reason }) => {
    const body = provider.tokens({ id_token: await idToken() });
    provider.answers.token = () => ({ body });
    const app = provider.confidential(registered(metadata));
    const error: unknown = await redeem(app).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "ClientAuthError", errorMessage: expect.stringMatching(reason) });
    expectNoSecretIn(error, [...secrets, "PRIVATE KEY"]);
    await expectNothingKept(app);
  });
});

describe("user info", () => {
  const metadata = { userinfo_encrypted_response_alg: "RSA-OAEP-256" };
  const answer = (content: string) => async () => ({
    headers: { "content-type": "application/jwt" },
    body: await encrypted(content, { alg: "RSA-OAEP-256" }),
  });
  beforeEach(() => {
    provider.answers.discovery = () => ({
      body: provider.metadata({ userinfo_endpoint: `${provider.url}/userinfo` }),
    });
  });

  it("is decrypted, and verified if it is signed inside", async () => {
    provider.answers.userinfo = answer(provider.idToken());
    const claims = await provider.confidential(registered(metadata)).userInfo({ accessToken: "a-token" });
    expect(claims).toMatchObject({ sub: "user-1" });
  });

  it("may hold the claims themselves, unless a signature is registered", async () => {
    provider.answers.userinfo = answer('{"sub":"user-1"}');
    const app = provider.confidential(registered(metadata));
    expect(await app.userInfo({ accessToken: "a-token" })).toEqual({ sub: "user-1" });
    const both = registered({ ...metadata, userinfo_signed_response_alg: "RS256" });
    await expect(provider.confidential(both).userInfo({ accessToken: "a-token" })).rejects.toMatchObject({
      errorMessage: expect.stringMatching(/not a signed JWT/),
    });
  });

  it("that comes in the clear is refused", async () => {
    const result = provider.confidential(registered(metadata)).userInfo({ accessToken: "a-token" });
    await expect(result).rejects.toMatchObject({
      errorCode: "invalid_user_info",
      errorMessage: expect.stringContaining("userinfo_encrypted_response_alg"),
    });
  });
});

describe("a configuration that is refused", () => {
  const small = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const ed25519 = generateKeyPairSync("ed25519");
  const oaep = { id_token_encrypted_response_alg: "RSA-OAEP-256" };

  it.each<readonly [string, ClientMetadata, unknown, RegExp]>([
    [
      "RSA1_5",
      { id_token_encrypted_response_alg: "RSA1_5" },
      own,
      /id_token_encrypted_response_alg is "RSA1_5"/,
    ],
    ["a symmetric algorithm", { id_token_encrypted_response_alg: "dir" }, own, /is "dir"/],
    [
      "an unknown content encryption",
      { ...oaep, id_token_encrypted_response_enc: "none" },
      own,
      /response_enc is "none"/,
    ],
    [
      "a content encryption alone",
      { id_token_encrypted_response_enc: "A256GCM" },
      undefined,
      /without id_token_encrypted_response_alg/,
    ],
    ["no key", oaep, undefined, /auth.decryptionKeys has no key for/],
    ["a key of another kind", oaep, [{ privateKey: pem(elliptic) }], /auth.decryptionKeys has no key for/],
    ["keys and nothing to decrypt", {}, own, /auth.decryptionKeys is set, but nothing is encrypted/],
    ["keys that are no list", oaep, { privateKey: pem(rsa) }, /auth.decryptionKeys is not an array/],
    ["a key that is no object", oaep, [pem(rsa)], /auth.decryptionKeys\[0\] is not an object/],
    ["a key that cannot be read", oaep, [{ privateKey: "secret-ish" }], /auth.decryptionKeys\[0\]/],
    ["a public key", oaep, [{ privateKey: rsa.publicKey.export({ type: "spki", format: "pem" }) }], /\[0\]/],
    ["an RSA key that is too short", oaep, [...own, { privateKey: pem(small) }], /\[1\].*2048/],
    ["a key that cannot decrypt", oaep, [...own, { privateKey: pem(ed25519) }], /\[1\]/],
    ["two keys of one name", oaep, [...own, ...own], /two keys named "enc-1"/],
    ["a name that is no text", oaep, [{ privateKey: pem(rsa), kid: 1 }], /kid/],
    ["an unsigned user info", { userinfo_signed_response_alg: "none" }, undefined, /none is never accepted/],
    [
      "an unsigned authorization response",
      { authorization_signed_response_alg: "none" },
      undefined,
      /authorization_signed_response_alg is "none"/,
    ],
  ])("%s", (_, clientMetadata, decryptionKeys, reason) => {
    const auth = { clientMetadata, ...(decryptionKeys ? { decryptionKeys: decryptionKeys as [] } : {}) };
    const make = () => provider.publicClient({ auth });
    expect(make).toThrow(reason);
    try {
      make();
    } catch (error) {
      expect(error).toMatchObject({
        name: "ClientConfigurationError",
        errorCode: expect.stringMatching(/^invalid_(option|certificate)$/),
      });
      expectNoSecretIn(error, ["secret-ish", "MII"]);
    }
  });
});
