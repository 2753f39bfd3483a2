// proves: core/src/response/key-source.ts, core/src/response/verify-id-token.ts, core/src/authority/issuer.ts,
// core/src/hs256-key.ts, core/src/credential/signed-assertion.ts
// An ID token counts only with a key that may speak for its issuer, and a secret is a key only if it is long enough.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type AuthCodeFlow } from "@tessera/node";
import { SignJWT } from "jose";
import {
  clientId,
  clientSecret,
  jwk,
  keys,
  redeem,
  secrets,
  startFakeProvider,
  type FakeProvider,
} from "../support/fake-provider.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";
import { recordedNetwork } from "../support/recorded-network.js";

const tenant = "20000000-0000-4000-8000-00000000c0de";
const otherTenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
const entra = "https://login.microsoftonline.com";
const code = "the-code";
const redirectUri = "https://app.example/signed-in";
const halfHash = createHash("sha256").update(code).digest().subarray(0, 16).toString("base64url");

describe("the ID token of Entra's front channel", () => {
  /** A sign-in whose ID token is signed with key `one`, at an Entra that publishes these keys. */
  async function play(published: readonly object[], authority = `${entra}/${tenant}`) {
    const network = recordedNetwork(({ line }) =>
      line.endsWith("/discovery/v2.0/keys")
        ? { body: { keys: published } }
        : { status: 400, body: { error: "invalid_grant" } },
    );
    const iss = `${entra}/${tenant}/v2.0`;
    const app = new ConfidentialClientApplication({
      auth: { clientId, clientSecret, authority },
      system: { networkClient: network },
    });
    const flow: AuthCodeFlow = await app.initiateAuthCodeFlow({
      ...{ scopes: ["User.Read"], redirectUri, responseType: "code id_token" },
    });
    const claims = {
      iss,
      aud: clientId,
      sub: "s",
      oid: "o",
      tid: tenant,
      nonce: flow.nonce,
      c_hash: halfHash,
    };
    const idToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: "one" })
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(keys.one.privateKey);
    const call = app.acquireTokenByAuthCodeFlow(flow, { state: flow.state, code, id_token: idToken });
    return { app, call, codeWasSent: () => network.lines().some((line) => line.endsWith("/token")) };
  }
  const one = (over: object) => jwk(keys.one, { kid: "one", ...over });

  it.each<[string, readonly object[], string?]>([
    ["names no issuer", [one({})]],
    ["has null for an issuer", [one({ issuer: null })]],
    ["is for every tenant", [one({ issuer: `${entra}/{tenantid}/v2.0` })]],
    [
      "is for every tenant, at a multi-tenant authority",
      [one({ issuer: `${entra}/{tenantid}/v2.0` })],
      `${entra}/common`,
    ],
    ["is for the token's tenant", [one({ issuer: `${entra}/${tenant}/v2.0` })]],
    [
      "is for the token's tenant by another name of the cloud",
      [one({ issuer: "https://login.windows.net/{tenantid}/v2.0" })],
    ],
    [
      "is for every tenant, by the name of version 1",
      [one({ issuer: "https://sts.windows.net/{tenantid}/" })],
    ],
    [
      "shares its id with another issuer's",
      [
        jwk(keys.two, { kid: "one", issuer: `${entra}/${otherTenant}/v2.0` }),
        one({ issuer: `${entra}/${tenant}/v2.0` }),
      ],
    ],
  ])("is accepted when its key %s", async (...[, published, authority]) => {
    const { call, codeWasSent } = await play(published, authority);
    await expect(call).rejects.toMatchObject({ errorCode: "invalid_grant" });
    expect(codeWasSent()).toBe(true);
  });

  it.each<[string, object, string?]>([
    ["another tenant's", { issuer: `${entra}/${otherTenant}/v2.0` }],
    [
      "another tenant's, at a multi-tenant authority",
      { issuer: `${entra}/${otherTenant}/v2.0` },
      `${entra}/common`,
    ],
    ["another tenant's, by the name of version 1", { issuer: `https://sts.windows.net/${otherTenant}/` }],
    ["another cloud's", { issuer: "https://login.partner.microsoftonline.cn/{tenantid}/v2.0" }],
    ["a stranger's", { issuer: `https://evil.example/${tenant}/v2.0` }],
    ["a number", { issuer: 5 }],
    ["an object", { issuer: { toString: 1 } }],
    ["empty", { issuer: "" }],
  ])(
    "is refused when the issuer of its key is %s: the code is not sent",
    async (...[, member, authority]) => {
      const other = jwk(keys.two, { kid: "two", issuer: `${entra}/{tenantid}/v2.0` });
      const { app, call, codeWasSent } = await play([one(member), other], authority);
      await expect(call).rejects.toMatchObject({
        errorCode: "invalid_id_token",
        errorMessage: expect.stringMatching(/key "one" is for the issuer/),
      });
      expect(codeWasSent()).toBe(false);
      await expectNothingKept(app);
    },
  );
});

describe("at an OpenID Provider", () => {
  let provider: FakeProvider;
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(() => provider.close());
  beforeEach(() => provider.reset());

  const publish = (issuer: unknown) => {
    provider.answers.keys = () => ({ body: { keys: [jwk(keys.one, { kid: "one", issuer })] } });
  };

  it("a key that names another issuer is refused", async () => {
    publish("https://evil.example");
    const app = provider.confidential();
    await expect(redeem(app)).rejects.toMatchObject({ errorCode: "invalid_id_token" });
    await expectNothingKept(app);
  });

  it.each([
    ["the issuer", () => provider.url],
    ["who certified it", () => "CN=Example CA"],
  ])("a key that names %s is accepted", async (_, issuer) => {
    publish(issuer());
    expect(await redeem(provider.confidential())).toMatchObject({ uniqueId: "user-1" });
  });

  const hs256 = (secret: string) => ({
    app: provider.confidential({
      auth: { clientSecret: secret, clientMetadata: { id_token_signed_response_alg: "HS256" } },
    }),
    idToken: { header: { alg: "HS256", kid: undefined }, key: Buffer.from(secret) },
  });
  const tooShort = "a-secret-of-thirty-one-bytes-xx";
  const short = { errorCode: "invalid_option", message: expect.stringMatching(/clientSecret.*32 bytes/) };

  it.each([
    ["32 bytes", `${tooShort}x`],
    ["32 bytes in fewer characters", "ä".repeat(16)],
  ])("HS256 is accepted with a secret of %s", async (_, secret) => {
    const { app, idToken } = hs256(secret);
    provider.answers.token = () => ({ body: provider.tokens({}, idToken) });
    expect(await redeem(app)).toMatchObject({ uniqueId: "user-1" });
  });

  it.each([
    ["31 bytes", tooShort],
    ["1 byte", "x"],
  ])(
    "HS256 is refused with a secret of %s (RFC 7518 §3.2), and the error does not quote it",
    async (_, secret) => {
      const { app, idToken } = hs256(secret);
      provider.answers.token = () => ({ body: provider.tokens({}, idToken) });
      const error: unknown = await redeem(app).catch((reason: unknown) => reason);
      expect(error).toMatchObject(short);
      expectNoSecretIn(error, [...secrets, tooShort]);
      await expectNothingKept(app);
    },
  );

  it("a short secret does where it is not a key", async () => {
    const metadata = provider.metadata({ id_token_signing_alg_values_supported: ["RS256", "HS256"] });
    provider.answers.discovery = () => ({ body: metadata });
    const app = provider.confidential({ auth: { clientSecret: tooShort } });
    expect(await redeem(app)).toMatchObject({ uniqueId: "user-1" });
  });

  it("a short secret signs no client assertion either (client_secret_jwt)", async () => {
    const clientMetadata = { token_endpoint_auth_method: "client_secret_jwt" };
    const app = provider.confidential({ auth: { clientSecret: tooShort, clientMetadata } });
    await expect(redeem(app)).rejects.toMatchObject(short);
    expect(provider.count("token")).toBe(0);
  });

  it.each(["exp", "iat", "nbf"])("%s beyond all numbers is refused", async (claim) => {
    const payload = {
      iss: provider.url,
      sub: "user-1",
      aud: clientId,
      exp: 2e9,
      iat: 1,
      nonce: "the-nonce",
      [claim]: 0,
    };
    const text = JSON.stringify(payload).replace(`"${claim}":0`, `"${claim}":1e999`);
    const input = `${Buffer.from('{"alg":"RS256","kid":"one"}').toString("base64url")}.${Buffer.from(text).toString("base64url")}`;
    const { sign } = await import("node:crypto");
    const idToken = `${input}.${sign("sha256", Buffer.from(input), keys.one.privateKey).toString("base64url")}`;
    provider.answers.token = () => ({ body: provider.tokens({ id_token: idToken }) });
    await expect(redeem(provider.confidential())).rejects.toMatchObject({ errorCode: "invalid_id_token" });
  });
});
