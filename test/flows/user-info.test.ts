// A user's claims from the provider (OpenID Connect Core §5.3): whose they are, how they are signed, what a refusal says.
// proves: core/src/endpoints/user-info.ts, core/src/endpoints/at-provider.ts, node/src/endpoints-application.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AccountInfo, NodeAuthOptions } from "@tessera/node";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import {
  clientId,
  keys,
  redeem,
  secrets,
  sign,
  startFakeProvider,
  type Answer,
  type FakeProvider,
} from "../support/fake-provider.js";
import { expectNoSecretIn } from "../support/nothing-kept.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  provider.answers.discovery = () => ({
    body: provider.metadata({ userinfo_endpoint: `${provider.url}/userinfo` }),
  });
});

const accessToken = "an-access-token";
const user: Partial<AccountInfo> = { homeAccountId: "user-1", localAccountId: "user-1", tenantId: "" };
const account = (): AccountInfo => ({
  ...(user as AccountInfo),
  environment: new URL(provider.url).host,
  username: "one",
});
const jwt = (claims: object, header: object = {}, key = keys.one.privateKey): string =>
  sign(
    { iss: provider.url, aud: clientId, sub: "user-1", ...claims },
    { alg: "RS256", kid: "one", ...header },
    key,
  );
const asJwt = (body: string): Answer => ({ headers: { "content-type": "application/jwt" }, body });
const signed = { auth: { clientMetadata: { userinfo_signed_response_alg: "RS256" } } };

it("comes by GET, with the token in the header and nothing in the URL", async () => {
  const claims = await provider.publicClient().userInfo({ accessToken });
  expect(claims).toEqual({ sub: "user-1", name: "User One" });
  const [request] = provider.requests.filter(({ path }) => path === "/userinfo");
  expect(request).toMatchObject({ method: "GET", query: {}, text: "" });
  expect(request?.headers).toMatchObject({
    authorization: `Bearer ${accessToken}`,
    accept: "application/json",
  });
});

it("is asked with a token of the account's own when none is passed", async () => {
  const app = provider.confidential();
  const signedIn = accountOf(await redeem(app));
  expect(await app.userInfo({ account: signedIn })).toMatchObject({ sub: "user-1" });
  expect(provider.count("token")).toBe(1);
  expect(provider.count("userinfo")).toBe(1);
});

it("is never taken from a cache", async () => {
  const app = provider.publicClient();
  await app.userInfo({ accessToken });
  await app.userInfo({ accessToken });
  expect(provider.count("userinfo")).toBe(2);
});

it.each([
  ["neither a token nor an account", {}, "token_request_empty"],
  ["a token that is not a string", { accessToken: 7 as never }, "invalid_option"],
  ["an account that is not one", { account: "user-1" as never }, "invalid_option"],
])("%s is refused before anything is sent to the endpoint", async (_, request, errorCode) => {
  await expect(provider.publicClient().userInfo(request)).rejects.toMatchObject({ errorCode });
  expect(provider.count("userinfo")).toBe(0);
});

it("an account of another provider is refused, and its token stays here", async () => {
  const other = { ...account(), environment: "elsewhere.example", authorityType: "Generic" };
  const result = provider.publicClient().userInfo({ accessToken, account: other });
  await expect(result).rejects.toMatchObject({ name: "InteractionRequiredAuthError" });
  expect(provider.count("userinfo")).toBe(0);
});

it("a provider without the endpoint is named", async () => {
  provider.answers.discovery = () => ({ body: provider.metadata() });
  await expect(provider.publicClient().userInfo({ accessToken })).rejects.toMatchObject({
    errorCode: "openid_config_error",
    errorMessage: expect.stringContaining("userinfo_endpoint"),
  });
});

describe("a response that is refused", () => {
  interface Row {
    readonly title: string;
    readonly auth?: Partial<NodeAuthOptions>;
    readonly answer: () => Answer;
    readonly reason: RegExp;
  }

  it.each<Row>([
    { title: "is of another user", answer: () => ({ body: { sub: "user-2" } }), reason: /another user/ },
    { title: "has no sub", answer: () => ({ body: { name: "One" } }), reason: /sub is missing/ },
    { title: "has a sub of another type", answer: () => ({ body: { sub: 1 } }), reason: /sub is missing/ },
    { title: "is not an object", answer: () => ({ body: [] }), reason: /not a JSON object/ },
    {
      title: "is plain where a signed one is registered",
      ...signed,
      answer: () => ({ body: { sub: "user-1" } }),
      reason: /not a JWT.*userinfo_signed_response_alg/,
    },
    {
      title: "is signed by another key",
      answer: () => asJwt(jwt({}, {}, keys.two.privateKey)),
      reason: /signature/,
    },
    { title: "is not signed", answer: () => asJwt(jwt({}, { alg: "none" })), reason: /alg is "none"/ },
    {
      title: "is signed with another algorithm than the registered one",
      auth: { clientMetadata: { userinfo_signed_response_alg: "ES256" } },
      answer: () => asJwt(jwt({})),
      reason: /alg is "RS256".*userinfo_signed_response_alg/,
    },
    {
      title: "is another issuer's",
      answer: () => asJwt(jwt({ iss: "https://elsewhere.example" })),
      reason: /iss is/,
    },
    { title: "is for another client", answer: () => asJwt(jwt({ aud: "other" })), reason: /aud is/ },
    { title: "has expired", answer: () => asJwt(jwt({ exp: 1 })), reason: /expired/ },
    { title: "is a JWT without sub", answer: () => asJwt(jwt({ sub: undefined })), reason: /sub is missing/ },
    {
      title: "is a JWT of another user",
      answer: () => asJwt(jwt({ sub: "user-2" })),
      reason: /another user/,
    },
    { title: "is no JWT at all", answer: () => asJwt("nothing"), reason: /not a signed JWT/ },
    {
      title: "is encrypted without being asked for",
      answer: () => asJwt("eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d"),
      reason: /encrypted.*userinfo_encrypted_response_alg/,
    },
  ])("$title", async ({ auth, answer, reason }) => {
    provider.answers.userinfo = answer;
    const app = provider.confidential(auth ? { auth } : {});
    const error: unknown = await app
      .userInfo({ accessToken, account: account() })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "ClientAuthError", errorMessage: expect.stringMatching(reason) });
    expectNoSecretIn(error, secrets);
  });
});

it.each([
  ["registered for it", signed],
  ["not registered for it, which the provider may do", {}],
])("a signed response is accepted by a client %s", async (_, over) => {
  provider.answers.userinfo = () => asJwt(jwt({ email: "one@example.org" }));
  const claims = await provider.confidential(over).userInfo({ accessToken, account: account() });
  expect(claims).toMatchObject({ sub: "user-1", email: "one@example.org" });
});

it.each([
  [
    "the header's error",
    { "www-authenticate": 'Bearer error="invalid_token", error_description="expired an-access-token"' },
    "",
    { errorCode: "invalid_token", errorMessage: "expired (hidden)", status: 401 },
  ],
  [
    "the body's error",
    {},
    { error: "insufficient_scope", error_description: "openid is missing" },
    { errorCode: "insufficient_scope", errorMessage: "openid is missing", status: 401 },
  ],
  [
    "the status of a response without an error",
    { "www-authenticate": "Bearer" },
    "no",
    { errorCode: "server_error", errorMessage: expect.stringContaining("HTTP 401"), status: 401 },
  ],
])("a refused token is reported with %s", async (_, headers, body, expected) => {
  provider.answers.userinfo = () => ({ status: 401, headers, body });
  const error: unknown = await provider
    .publicClient()
    .userInfo({ accessToken })
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ name: "ServerError", ...expected });
  expectNoSecretIn(error, secrets);
});

it("a pause that the endpoint asks for is in the error", async () => {
  provider.answers.userinfo = () => ({ status: 429, headers: { "retry-after": "17" }, body: "" });
  await expect(provider.publicClient().userInfo({ accessToken })).rejects.toMatchObject({
    retryAfterSeconds: 17,
  });
});

it("a redirect is not followed, because it would take the token with it", async () => {
  provider.answers.userinfo = () => ({ status: 302, headers: { location: `${provider.url}/api` }, body: "" });
  await expect(provider.publicClient().userInfo({ accessToken })).rejects.toMatchObject({ status: 302 });
  expect(provider.count("api")).toBe(0);
});

describe("at Entra", () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterAll(() => entra.close());

  it.each(["confidential", "publicClient"] as const)(
    "the endpoint of the document answers for Graph's token of the user: %s",
    async (kind) => {
      const app = entra[kind]();
      const signedIn = accountOf(await signInWithCode(entra, app, ["openid", "profile", "User.Read"]));
      const claims = await app.userInfo({ account: signedIn });
      expect(claims).toMatchObject({ sub: signedIn.idTokenClaims?.sub, name: expect.any(String) });
    },
  );

  it("another user's token is refused", async () => {
    const app = entra.confidential();
    const alice = accountOf(await signInWithCode(entra, app, ["User.Read"]));
    const bob = await signInWithCode(entra, app, ["User.Read"], "bob@contoso.example");
    const result = app.userInfo({ accessToken: bob.accessToken, account: alice });
    await expect(result).rejects.toMatchObject({ errorCode: "invalid_user_info" });
  });
});
