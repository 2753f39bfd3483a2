// What servers answer to requests with a proof of possession (RFC 9449), and what an API gets.
// proves: core/src/dpop/dpop.ts, core/src/dpop/wants-nonce.ts, core/src/dpop/binding-key.ts, core/src/exchange/client-form.ts,
// node/src/http/send-with-token.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  createAuthenticatedFetch,
  PublicClientApplication,
  type AuthenticationResult,
} from "@tessera/node";
import { EmbeddedJWK, decodeJwt, jwtVerify } from "jose";
import {
  redeem,
  scopes,
  startFakeProvider,
  type FakeProvider,
  type FakeRequest,
} from "../support/fake-provider.js";

const bound = { authenticationScheme: "DPoP" } as const;
let fake: FakeProvider;
beforeAll(async () => {
  fake = await startFakeProvider();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.reset();
  fake.answers.token = () => ({ body: fake.tokens({ token_type: "DPoP" }) });
});

const proofOf = ({ headers }: FakeRequest) => String(headers["dpop"]);
const proofs = (path: string) =>
  fake.requests.filter((request) => request.path === path).map((request) => decodeJwt(proofOf(request)));
const daemon = (over: object = {}) =>
  fake.confidential().acquireTokenByClientCredential({ scopes: ["api:read"], ...bound, ...over });

describe("a token endpoint", () => {
  it.each([
    { title: "a bearer token", token_type: "Bearer" },
    { title: "a bearer token in small letters", token_type: "bearer" },
    { title: "no type", token_type: undefined },
    { title: "another type", token_type: "mac" },
  ])(
    "that answers with $title in place of a bound token is refused, and nothing is cached",
    async ({ token_type }) => {
      fake.answers.token = () => ({ body: fake.tokens({ token_type }) });
      const app = fake.confidential();
      const mismatch = { errorCode: "dpop_token_type_mismatch" };
      await expect(redeem(app, bound)).rejects.toMatchObject(mismatch);
      await expect(daemon()).rejects.toMatchObject(mismatch);
      expect(app.getTokenCache().serialize()).not.toContain("an-access-token");
    },
  );

  it.each(["DPoP", "dpop", "DPOP"])("may call the type %s", async (token_type) => {
    fake.answers.token = () => ({ body: fake.tokens({ token_type }) });
    expect(await redeem(fake.publicClient(), bound)).toMatchObject({ tokenType: "DPoP" });
  });

  it("that binds a token to a key that no request has named is refused", async () => {
    await expect(redeem(fake.confidential())).rejects.toMatchObject({ errorCode: "invalid_token_response" });
  });

  it.each([
    { listed: undefined, alg: "ES256" },
    { listed: ["RS256", "ES256"], alg: "ES256" },
    { listed: ["PS256", "Ed25519"], alg: "Ed25519" },
    { listed: ["RS256"], alg: "RS256" },
  ])("that lists $listed gets proofs with $alg", async ({ listed, alg }) => {
    fake.answers.discovery = () => ({ body: fake.metadata({ dpop_signing_alg_values_supported: listed }) });
    await daemon();
    const [sent] = fake.requests.filter(({ path }) => path === "/token");
    const currentDate = new Date(fake.clock.now());
    const verified = sent && (await jwtVerify(proofOf(sent), EmbeddedJWK, { currentDate }));
    expect(verified?.protectedHeader.alg).toBe(alg);
  });

  it.each([[["HS256", "none"]], [[]]])(
    "that lists only %j is refused before a request is sent",
    async (listed) => {
      fake.answers.discovery = () => ({ body: fake.metadata({ dpop_signing_alg_values_supported: listed }) });
      await expect(daemon()).rejects.toMatchObject({
        errorCode: "openid_config_error",
        message: expect.stringContaining("dpop_signing_alg_values_supported"),
      });
      expect(fake.count("token")).toBe(0);
    },
  );
});

describe("a nonce of the token endpoint", () => {
  const refusal = (nonce?: string) => ({
    status: 400,
    ...(nonce === undefined ? {} : { headers: { "dpop-nonce": nonce } }),
    body: { error: "use_dpop_nonce" },
  });

  it("is sent with the next proof, which is another one, and remembered", async () => {
    let count = 0;
    fake.answers.token = () =>
      (count += 1) === 1
        ? refusal("nonce-1")
        : { headers: { "dpop-nonce": `nonce-${count}` }, body: fake.tokens({ token_type: "DPoP" }) };
    const app = fake.confidential();
    const ask = (skipCache: boolean) =>
      app.acquireTokenByClientCredential({ scopes: ["api:read"], skipCache, ...bound });
    await ask(false);
    await ask(true);
    expect(proofs("/token").map(({ nonce }) => nonce)).toEqual([undefined, "nonce-1", "nonce-2"]);
    expect(new Set(proofs("/token").map(({ jti }) => jti)).size).toBe(3);
  });

  it.each([
    { title: "is refused again", answer: () => refusal("another"), requests: 2 },
    { title: "is missing", answer: () => refusal(), requests: 1 },
    { title: "is no nonce", answer: () => refusal('"'), requests: 1 },
    { title: "is too long", answer: () => refusal("n".repeat(2000)), requests: 1 },
  ])("that $title ends the call with the server's error", async ({ answer, requests }) => {
    fake.answers.token = answer;
    await expect(daemon()).rejects.toMatchObject({ name: "ServerError", errorCode: "use_dpop_nonce" });
    expect(fake.count("token")).toBe(requests);
  });

  it("is not sent to another server", async () => {
    const other = await startFakeProvider();
    try {
      fake.answers.token = () => refusal("nonce-1");
      other.answers.token = () => ({ body: other.tokens({ token_type: "DPoP" }) });
      const auth = { knownAuthorities: [new URL(other.url).host] };
      const app = fake.confidential({ auth });
      const request = { scopes: ["api:read"], ...bound };
      await expect(app.acquireTokenByClientCredential(request)).rejects.toThrow();
      await app.acquireTokenByClientCredential({ ...request, authority: other.url });
      const [sent] = other.requests.filter(({ path }) => path === "/token");
      expect(sent && decodeJwt(proofOf(sent))).not.toHaveProperty("nonce");
    } finally {
      await other.close();
    }
  });
});

it("a device code yields a bound token, with a proof for each poll", async () => {
  fake.answers.discovery = () => ({
    body: fake.metadata({ device_authorization_endpoint: `${fake.url}/backchannel` }),
  });
  const device = { device_code: "device", user_code: "user", expires_in: 900, interval: 1 };
  fake.answers.backchannel = () => ({ body: { ...device, verification_uri: `${fake.url}/device` } });
  let polls = 0;
  fake.answers.token = () =>
    (polls += 1) < 3
      ? { status: 400, body: { error: "authorization_pending" } }
      : { body: fake.tokens({ token_type: "DPoP" }, { claims: { nonce: undefined } }) };
  const call = fake
    .publicClient()
    .acquireTokenByDeviceCode({ scopes, deviceCodeCallback: () => undefined, ...bound });
  expect(await call).toMatchObject({ tokenType: "DPoP" });
  expect(new Set(proofs("/token").map(({ jti }) => jti)).size).toBe(3);
});

it("a refresh token that becomes a bound one is never sent again without its proof", async () => {
  const app = fake.publicClient();
  fake.answers.token = () => ({ body: fake.tokens() });
  const { account } = await redeem(app);
  if (!account) throw new Error("no account");
  const tokens = { token_type: "DPoP", refresh_token: "a-bound-refresh-token" };
  fake.answers.token = () => ({ body: fake.tokens(tokens, { claims: { nonce: undefined } }) });
  await app.acquireTokenSilent({ scopes, account, ...bound });
  fake.clock.advance(3600);
  await expect(app.acquireTokenSilent({ scopes, account })).rejects.toMatchObject({
    errorCode: "no_tokens_found",
  });
  await app.acquireTokenSilent({ scopes, account, ...bound });
  const redeemed = fake.requests.filter(({ form }) => form["grant_type"] === "refresh_token");
  expect(redeemed.map(({ form }) => form["refresh_token"])).toEqual([
    "a-refresh-token",
    "a-bound-refresh-token",
  ]);
});

describe.each<{ readonly title: string; readonly scheme: "DPoP" | "pop"; readonly authority?: string }>([
  { title: "Entra", scheme: "DPoP", authority: "https://login.microsoftonline.com/contoso.example" },
  { title: "AD FS", scheme: "DPoP", authority: "https://adfs.contoso.example/adfs" },
  { title: "an OpenID Provider, for another scheme", scheme: "pop" },
])("$title, where only a broker holds a key", ({ scheme, authority }) => {
  it("refuses the scheme", async () => {
    const auth = { clientId: "one", clientSecret: "a-secret" };
    const app = authority
      ? new ConfidentialClientApplication({ auth: { ...auth, authority } })
      : fake.confidential();
    const call = app.acquireTokenByClientCredential({ scopes: ["api:read"], authenticationScheme: scheme });
    await expect(call).rejects.toMatchObject({ errorCode: "unsupported_authentication_scheme" });
  });
});

it.each(["account", "token"] as const)("user info is asked for with a proof, given the %s", async (given) => {
  fake.answers.discovery = () => ({ body: fake.metadata({ userinfo_endpoint: `${fake.url}/userinfo` }) });
  const app = fake.publicClient();
  const { account, accessToken } = await redeem(app, bound);
  let count = 0;
  const challenge = { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "info-1" };
  fake.answers.userinfo = () =>
    (count += 1) === 1 ? { status: 401, headers: challenge, body: {} } : { body: { sub: "user-1" } };
  const request = given === "token" ? { accessToken } : { ...(account ? { account } : {}), ...bound };
  expect(await app.userInfo(request)).toEqual({ sub: "user-1" });
  expect(proofs("/userinfo").map(({ nonce }) => nonce)).toEqual([undefined, "info-1"]);
});

it("user info is asked for once when the challenge for a nonce is of another scheme than DPoP", async () => {
  fake.answers.discovery = () => ({ body: fake.metadata({ userinfo_endpoint: `${fake.url}/userinfo` }) });
  const app = fake.publicClient();
  const { accessToken } = await redeem(app, bound);
  const challenge = { "www-authenticate": 'Bearer error="use_dpop_nonce"', "dpop-nonce": "info-1" };
  fake.answers.userinfo = () => ({ status: 401, headers: challenge, body: {} });
  await expect(app.userInfo({ accessToken })).rejects.toMatchObject({ errorCode: "use_dpop_nonce" });
  expect(fake.count("userinfo")).toBe(1);
});

describe("an authenticated fetch with DPoP", () => {
  const options = { scopes: ["api:read"], ...bound };
  const api = () => createAuthenticatedFetch(fake.confidential(), options);
  const at = (path = "/api?top=1") => fake.url + path;
  const challenge = {
    "www-authenticate": 'DPoP error="use_dpop_nonce", algs="ES256"',
    "dpop-nonce": "api-1",
  };

  it("sends the token with a proof for the request", async () => {
    const response = await api()(at(), { method: "POST", body: "an order" });
    expect(await response.json()).toEqual({ answer: 42 });
    const [sent] = fake.requests.filter(({ path }) => path === "/api");
    expect(sent?.headers).toMatchObject({ authorization: "DPoP an-access-token" });
    expect(proofs("/api")[0]).toMatchObject({ htm: "POST", htu: `${fake.url}/api`, ath: expect.any(String) });
  });

  it("repeats a request once with the API's nonce, and remembers each that it gets", async () => {
    let count = 0;
    fake.answers.api = () =>
      (count += 1) === 1
        ? { status: 401, headers: challenge, body: {} }
        : { headers: { "dpop-nonce": `api-${count}` }, body: { answer: 42 } };
    const call = api();
    expect((await call(at())).status).toBe(200);
    expect((await call(at())).status).toBe(200);
    expect(proofs("/api").map(({ nonce }) => nonce)).toEqual([undefined, "api-1", "api-2"]);
  });

  it("returns a second refusal to the caller", async () => {
    fake.answers.api = () => ({ status: 401, headers: challenge, body: {} });
    expect((await api()(at())).status).toBe(401);
    expect(fake.count("api")).toBe(2);
  });

  it("signs a proof of its own for a redirect within the origin, and sends none to another", async () => {
    const other = await startFakeProvider();
    try {
      fake.answers.api = ({ headers }) =>
        headers["x-again"] ? { status: 307, headers: { location: `${other.url}/api` } } : { body: {} };
      await api()(at(), { headers: { "x-again": "yes" } });
      const [sent] = other.requests.filter(({ path }) => path === "/api");
      expect(sent?.headers).not.toHaveProperty("dpop");
      expect(sent?.headers).not.toHaveProperty("authorization");
      fake.answers.api = () => ({ status: 307, headers: { location: "/userinfo" } });
      await api()(at());
      expect(proofs("/userinfo")[0]).toMatchObject({ htu: `${fake.url}/userinfo` });
    } finally {
      await other.close();
    }
  });

  it("works for a user of a public client as well", async () => {
    const app = fake.publicClient();
    const { account }: AuthenticationResult = await redeem(app, bound);
    if (!account) throw new Error("no account");
    await createAuthenticatedFetch(app, { scopes, account, ...bound })(at());
    expect(proofs("/api")).toHaveLength(1);
    expect(app).toBeInstanceOf(PublicClientApplication);
  });
});
