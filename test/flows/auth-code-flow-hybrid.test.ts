// `code id_token`: an ID token comes through the browser, too, and binds the code (OpenID Connect Core §3.3.2.10-11).
// proves: core/src/flows/hybrid-response.ts, core/src/flows/authorization-url.ts
import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { authorizationUrl, createClient } from "@tessera/core";
import type { AuthCodeFlow, AuthCodeFlowRequest, ConfidentialClientApplication } from "@tessera/node";
import { startEntra, type Entra } from "../support/entra.js";
import { keys, startFakeProvider, type FakeProvider, type IdTokenOptions } from "../support/fake-provider.js";
import { expectNothingKept } from "../support/nothing-kept.js";
import { signIn } from "../support/sign-in.js";

const code = "the-code";
const redirectUri = "https://app.example/signed-in";
const leftHalf = (text: string) =>
  createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");

describe("the hybrid flow", () => {
  let provider: FakeProvider;
  let app: ConfidentialClientApplication;
  let flow: AuthCodeFlow;

  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(() => provider.close());
  beforeEach(async () => {
    provider.reset();
    app = provider.confidential();
    flow = await app.initiateAuthCodeFlow({
      scopes: ["api:read"],
      redirectUri,
      responseType: "code id_token",
    });
    provider.answers.token = () => ({ body: provider.tokens({}, { claims: { nonce: flow.nonce } }) });
  });

  const hybrid = (over: Partial<AuthCodeFlowRequest>) => ({
    scopes: ["api:read"],
    redirectUri,
    responseType: "code id_token" as const,
    ...over,
  });
  const core = () => ({
    clientId: "c",
    authority: "https://login.microsoftonline.com/b4a4a4a4-0000-4000-8000-0000000000f1",
    http: { send: () => Promise.reject(new Error("nothing is sent")) },
  });

  /** The ID token that comes with the code. */
  const front = ({ claims, ...rest }: IdTokenOptions = {}) =>
    provider.idToken({ ...rest, claims: { nonce: flow.nonce, c_hash: leftHalf(code), ...claims } });
  const finish = (response: object) =>
    app.acquireTokenByAuthCodeFlow(flow, { code, state: flow.state, ...response });

  it("asks for both, in a form", () => {
    const asked = Object.fromEntries(new URL(flow.authUrl).searchParams);
    expect(asked).toMatchObject({
      response_type: "code id_token",
      response_mode: "form_post",
      nonce: flow.nonce,
    });
  });

  describe.each<[string, (over: Partial<AuthCodeFlowRequest>) => Promise<string>]>([
    ["initiateAuthCodeFlow", async (over) => (await app.initiateAuthCodeFlow(hybrid(over))).authUrl],
    ["getAuthCodeUrl", (over) => app.getAuthCodeUrl(hybrid(over))],
    ["authorizationUrl of core", (over) => authorizationUrl(createClient(core()), hybrid(over))],
  ])("the URL of %s never asks for the ID token in a query:", (_, url) => {
    it.each([undefined, "", "form_post", "fragment"])("responseMode %j", async (responseMode) => {
      const asked = new URL(await url({ responseMode })).searchParams;
      expect(asked.getAll("response_type")).toEqual(["code id_token"]);
      expect(asked.getAll("response_mode")).toEqual([responseMode || "form_post"]);
    });

    it("responseMode query is refused", async () => {
      const refused = { name: "ClientConfigurationError", errorCode: "invalid_response_mode" };
      await expect(url({ responseMode: "query" })).rejects.toMatchObject(refused);
    });

    it("the extra parameters cannot bring it back", async () => {
      const asked = new URL(await url({ extraQueryParameters: { response_mode: "query" } })).searchParams;
      expect(asked.getAll("response_mode")).toEqual(["form_post"]);
    });
  });

  describe("at a provider that announces iss in its responses (RFC 9207)", () => {
    beforeEach(async () => {
      const iss = { authorization_response_iss_parameter_supported: true };
      provider.answers.discovery = () => ({ body: provider.metadata(iss) });
      app = provider.confidential();
      flow = await app.initiateAuthCodeFlow(hybrid({}));
    });

    it("the ID token names the issuer, so the response need not", async () => {
      expect(await finish({ id_token: front() })).toMatchObject({ uniqueId: "user-1" });
    });

    it("another issuer in the response is refused all the same", async () => {
      const response = { id_token: front(), iss: "https://evil.example" };
      await expect(finish(response)).rejects.toMatchObject({ errorCode: "invalid_state" });
      expect(provider.count("token")).toBe(0);
    });
  });

  it("ends well when the ID token vouches for the code", async () => {
    expect(await finish({ id_token: front() })).toMatchObject({ uniqueId: "user-1", fromCache: false });
  });

  it.each<[string, () => object, string]>([
    ["no ID token", () => ({}), "id_token is missing"],
    ["no c_hash", () => ({ id_token: front({ claims: { c_hash: undefined } }) }), "c_hash"],
    [
      "the c_hash of another code",
      () => ({ id_token: front({ claims: { c_hash: leftHalf("other") } }) }),
      "c_hash",
    ],
    ["another code", () => ({ id_token: front(), code: "of-the-attacker" }), "c_hash"],
    ["another nonce", () => ({ id_token: front({ claims: { nonce: "other" } }) }), "nonce"],
    ["another audience", () => ({ id_token: front({ claims: { aud: "other" } }) }), "aud"],
    ["another issuer", () => ({ id_token: front({ claims: { iss: "https://evil.example" } }) }), "iss"],
    ["an expired one", () => ({ id_token: front({ claims: { exp: 1 } }) }), "expired"],
    ["one that somebody else signed", () => ({ id_token: front({ key: keys.two.privateKey }) }), "signature"],
    [
      "an unsigned one",
      () => ({
        id_token: `${front({ header: { alg: "none" } })
          .split(".", 2)
          .join(".")}.`,
      }),
      "alg",
    ],
    ["no JWT", () => ({ id_token: "no.jwt" }), "token_parsing_error"],
  ])("with %s is refused: the code is not sent, and nothing is kept", async (_, response, reason) => {
    await expect(finish(response())).rejects.toMatchObject({
      name: "ClientAuthError",
      message: expect.stringContaining(reason),
    });
    expect(provider.count("token")).toBe(0);
    await expectNothingKept(app);
  });

  it("is refused when the two ID tokens name two users (OpenID Connect Core §3.3.3.6)", async () => {
    const call = finish({ id_token: front({ claims: { sub: "user-2" } }) });
    await expect(call).rejects.toMatchObject({
      errorCode: "invalid_id_token",
      message: expect.stringContaining("sub"),
    });
    await expectNothingKept(app);
  });
});

describe("a sign-in at the local authority", () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterAll(() => entra.close());
  const user = { username: "alice@contoso.example", password: "alice-password" };
  const local = "http://localhost:3000/redirect";

  it.each([
    ["query", {}],
    ["form_post", {}],
    ["form_post", { maxAge: 60, prompt: "login", loginHint: user.username }],
    ["query", { resource: undefined, claims: '{"id_token":{"auth_time":{"essential":true}}}' }],
  ])("with response_mode %s and %j", async (responseMode, over) => {
    const app = entra.confidential();
    const scopes = ["User.Read"];
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: local, responseMode, ...over });
    const session = JSON.parse(JSON.stringify(flow)) as AuthCodeFlow;
    const answer = await signIn(flow.authUrl, { ...user, ca: entra.authority.caPem });
    const result = await app.acquireTokenByAuthCodeFlow(session, Object.fromEntries(answer.searchParams));
    expect(result.account).toMatchObject({ username: user.username, tenantId: entra.tenantId });
    const { account } = result;
    if (!account) throw new Error("no account");
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
  });
});
