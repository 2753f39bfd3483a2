// A sign-in that brings an ID token and nothing else (OpenID Connect Core §3.2), and the hashes in ID tokens.
// proves: core/src/flows/id-token-response.ts, core/src/response/token-hash.ts, core/src/flows/response-issuer.ts
import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AuthCodeFlow, ClientApplication } from "@tessera/node";
import {
  code,
  keys,
  redeem,
  secrets,
  startFakeProvider,
  type FakeProvider,
  type IdTokenOptions,
} from "../support/fake-provider.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";
import { applicationAt } from "../support/oidc-applications.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { signIn } from "../support/sign-in.js";
import { createTestClock } from "../support/test-clock.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => provider.reset());

const redirectUri = "http://localhost/signed-in";
const begin = (app: ClientApplication, over: object = {}) =>
  app.initiateAuthCodeFlow({ scopes: ["openid", "profile"], redirectUri, responseType: "id_token", ...over });
const idTokenOf = ({ nonce }: AuthCodeFlow, { claims, ...over }: IdTokenOptions = {}): string =>
  provider.idToken({ ...over, claims: { nonce, ...claims } });
const hashOf = (text: string, size = 256): string => {
  const hash = createHash(`sha${size}`).update(text).digest();
  return hash.subarray(0, hash.length / 2).toString("base64url");
};

it("asks for a form with an ID token, without PKCE and without a refresh token", async () => {
  const { searchParams } = new URL((await begin(provider.confidential())).authUrl);
  expect(Object.fromEntries(searchParams)).toMatchObject({
    response_type: "id_token",
    response_mode: "form_post",
    scope: "openid profile",
    nonce: expect.any(String),
  });
  expect(searchParams.has("code_challenge")).toBe(false);
});

it.each(["confidential", "publicClient"] as const)(
  "signs a user in without a token request: %s",
  async (kind) => {
    const app = provider[kind]();
    const flow = await begin(app);
    const result = await app.acquireTokenByAuthCodeFlow(flow, {
      state: flow.state,
      id_token: idTokenOf(flow, { claims: { s_hash: hashOf(flow.state) } }),
    });
    expect(result).toMatchObject({
      accessToken: "",
      scopes: [],
      expiresOn: null,
      account: { homeAccountId: "user-1" },
      idTokenClaims: { sub: "user-1" },
    });
    expect(provider.count("token")).toBe(0);
    const [account] = await app.getAllAccounts();
    expect(account).toMatchObject({ homeAccountId: "user-1" });
    // Nothing here can be renewed: the next token needs another sign-in.
    const silent = app.acquireTokenSilent({ scopes: ["api:read"], account: account ?? ({} as never) });
    await expect(silent).rejects.toMatchObject({ errorCode: "no_tokens_found" });
  },
);

describe("a response that is refused", () => {
  it.each<readonly [string, (flow: AuthCodeFlow) => object, RegExp]>([
    ["has no ID token", () => ({}), /id_token is missing/],
    ["has a code in its place", () => ({ code }), /id_token is missing/],
    ["has two ID tokens", (flow) => ({ id_token: [idTokenOf(flow), idTokenOf(flow)] }), /more than once/],
    ["has another nonce", (flow) => ({ id_token: idTokenOf(flow, { claims: { nonce: "x" } }) }), /nonce/],
    ["has no nonce", (flow) => ({ id_token: idTokenOf(flow, { claims: { nonce: undefined } }) }), /nonce/],
    [
      "is signed by another key",
      (flow) => ({ id_token: idTokenOf(flow, { key: keys.two.privateKey }) }),
      /signature/,
    ],
    [
      "is not signed",
      (flow) => ({ id_token: idTokenOf(flow, { header: { alg: "none" } }) }),
      /alg is "none"/,
    ],
    ["is for another client", (flow) => ({ id_token: idTokenOf(flow, { claims: { aud: "x" } }) }), /aud is/],
    ["is of another state", (flow) => ({ id_token: idTokenOf(flow, { claims: { s_hash: "x" } }) }), /s_hash/],
    [
      "has another iss beside it",
      (flow) => ({ id_token: idTokenOf(flow), iss: "https://x.example" }),
      /issued by/,
    ],
  ])("%s", async (_, respond, reason) => {
    const app = provider.confidential();
    const flow = await begin(app);
    const error: unknown = await app
      .acquireTokenByAuthCodeFlow(flow, { state: flow.state, ...respond(flow) })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "ClientAuthError", errorMessage: expect.stringMatching(reason) });
    expectNoSecretIn(error, secrets);
    await expectNothingKept(app);
  });
});

it.each([
  ["code token", "invalid_option", /access token through the browser/],
  ["id_token token", "invalid_option", /access token through the browser/],
  ["token", "invalid_option", /access token through the browser/],
  ["none", "invalid_option", /use one of code, code id_token, id_token/],
])("responseType %s is refused by name", async (responseType, errorCode, reason) => {
  await expect(begin(provider.confidential(), { responseType })).rejects.toMatchObject({
    errorCode,
    errorMessage: expect.stringMatching(reason),
  });
});

it.each(["query", "query.jwt"])("an ID token in the %s is refused", async (responseMode) => {
  await expect(begin(provider.confidential(), { responseMode })).rejects.toMatchObject({
    errorCode: "invalid_response_mode",
  });
});

describe("the hashes of an ID token", () => {
  const other = hashOf("another");

  it.each<readonly [string, IdTokenOptions, RegExp]>([
    ["at_hash of another access token", { claims: { at_hash: other } }, /at_hash.*access token was replaced/],
    ["at_hash of another type", { claims: { at_hash: 1 } }, /at_hash/],
    ["c_hash of another code", { claims: { c_hash: other } }, /c_hash.*code was replaced/],
    ["s_hash of another state", { claims: { s_hash: other } }, /s_hash.*state was replaced/],
  ])("%s is refused where a code is redeemed", async (_, idToken, reason) => {
    provider.answers.token = () => ({ body: provider.tokens({}, idToken) });
    const app = provider.confidential();
    const result = redeem(app, { state: "a-state" }, { code, state: "a-state" });
    await expect(result).rejects.toMatchObject({
      errorCode: "invalid_id_token",
      errorMessage: expect.stringMatching(reason),
    });
    await expectNothingKept(app);
  });

  it("the right ones are accepted", async () => {
    const claims = { at_hash: hashOf("an-access-token"), c_hash: hashOf(code), s_hash: hashOf("a-state") };
    provider.answers.token = () => ({ body: provider.tokens({}, { claims }) });
    const result = await redeem(provider.confidential(), { state: "a-state" }, { code, state: "a-state" });
    expect(result.account).not.toBeNull();
  });

  it("at_hash is checked where a token is refreshed", async () => {
    const app = provider.confidential();
    const { account } = await redeem(app);
    provider.answers.token = () => ({ body: provider.tokens({}, { claims: { at_hash: other } }) });
    const ask = { scopes: ["api:read"], account: account ?? ({} as never), forceRefresh: true };
    await expect(app.acquireTokenSilent(ask)).rejects.toMatchObject({ errorCode: "invalid_id_token" });
  });
});

describe("an error response", () => {
  const promising = () => ({
    body: provider.metadata({ authorization_response_iss_parameter_supported: true }),
  });
  const other = { iss: "https://elsewhere.example" };

  it.each<readonly [string, boolean, object, string]>([
    ["of another issuer", false, other, "invalid_state"],
    ["without an issuer, where one is promised", true, {}, "invalid_state"],
    ["of the provider", true, { iss: "own" }, "access_denied"],
    ["without an issuer, where none is promised", false, {}, "access_denied"],
  ])("%s is reported as what it is", async (_, isPromised, given, errorCode) => {
    if (isPromised) provider.answers.discovery = promising;
    const iss = "iss" in given && given.iss === "own" ? { iss: provider.url } : given;
    const response = { error: "access_denied", state: "a-state", ...iss };
    const app = provider.confidential();
    const byCode = redeem(app, { state: "a-state" }, { code: "", ...response });
    await expect(byCode).rejects.toMatchObject({ errorCode });
    const flow = await app.initiateAuthCodeFlow({ scopes: ["api:read"], redirectUri });
    const byFlow = app.acquireTokenByAuthCodeFlow(flow, { ...response, state: flow.state });
    await expect(byFlow).rejects.toMatchObject({ errorCode });
  });

  it("a code without the promised issuer is refused by acquireTokenByCode too, if it gets the response", async () => {
    provider.answers.discovery = promising;
    const app = provider.confidential();
    await expect(redeem(app, {}, { code, state: "a-state" })).rejects.toMatchObject({
      errorCode: "invalid_state",
      errorMessage: expect.stringContaining("iss is missing"),
    });
    expect(provider.count("token")).toBe(0);
    expect((await redeem(app)).accessToken).toBe("an-access-token");
    const whole = { code, state: "a-state", iss: provider.url };
    expect((await redeem(app, {}, whole)).accessToken).toBe("an-access-token");
  });

  it.each(["code", "iss", "state", "error"])("a response with two of %s is refused", async (name) => {
    const query = new URLSearchParams({ code, state: "a-state" });
    query.append(name, "a");
    query.append(name, "b");
    const result = redeem(provider.confidential(), { state: "a-state" }, query);
    await expect(result).rejects.toMatchObject({ errorCode: expect.any(String) });
    expect(provider.count("token")).toBe(0);
  });
});

describe("at oidc-provider", () => {
  let real: OpenIdProvider;
  beforeAll(async () => {
    real = await startOpenIdProvider({
      configure: (usual) => ({
        ...usual,
        responseTypes: ["code", "id_token", "code id_token"],
        clients: (usual.clients ?? []).map((one) =>
          one.client_id === "daemon"
            ? one
            : {
                ...one,
                application_type: "web",
                redirect_uris: ["https://app.example/signed-in"],
                post_logout_redirect_uris: [],
                response_types: ["code", "id_token", "code id_token"],
                grant_types: ["authorization_code", "refresh_token", "implicit"],
              },
        ),
      }),
    });
  });
  afterAll(() => real.close());

  it.each(["publicClient", "post"] as const)("%s signs a user in with a posted ID token", async (name) => {
    const app = applicationAt(real, createTestClock(), name);
    const asked = { scopes: ["openid", "profile"], redirectUri: "https://app.example/signed-in" };
    const flow = await app.initiateAuthCodeFlow({ ...asked, responseType: "id_token" });
    const back = await signIn(flow.authUrl, { username: "olga@example.org", password: "any" });
    const { account, accessToken } = await app.acquireTokenByAuthCodeFlow(flow, back);
    expect(account).toMatchObject({ username: "olga@example.org" });
    expect(accessToken).toBe("");
  });
});
