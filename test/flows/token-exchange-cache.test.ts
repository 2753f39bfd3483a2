// A token exchange is cached by everything that is exchanged, and its answer is taken for what it is (RFC 8693 §2.2.1).
// proves: core/src/flows/token-exchange.ts, core/src/response/issued-token.ts, core/src/cache/storable.ts,
// proves: node/src/auth0-token-vault.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { auth0TokenVault, type TokenExchangeRequest } from "@tessera/node";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";

const type = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
const exchange: TokenExchangeRequest = { subjectToken: "the-subject", subjectTokenType: "access_token" };
let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => {
  provider.reset();
  let count = 0;
  answer(() => ({ access_token: `token-${(count += 1)}` }));
});
afterAll(() => provider.close());

/** Answers token requests with a good response and changes to it. */
function answer(over: () => object): void {
  provider.answers.token = () => ({
    body: { token_type: "Bearer", expires_in: 3600, issued_token_type: type("access_token"), ...over() },
  });
}

/** What makes another exchange; each is compared with the plain one. */
const others: Readonly<Record<string, Partial<TokenExchangeRequest>>> = {
  "another subject": { subjectToken: "another-subject" },
  "the same text as another type": { subjectTokenType: "id_token" },
  "an actor": { actorToken: "the-actor", actorTokenType: "access_token" },
  "another audience": { audience: "orders" },
  "several audiences": { audience: ["orders", "stock"] },
  "a resource": { resource: "https://orders.example" },
  scopes: { scopes: ["orders:read"] },
  "another type": { requestedTokenType: "jwt" },
  "a provider's own grant": { grantType: "urn:provider:exchange" },
  "a provider's own parameter": { extraParameters: { connection: "google" } },
  "a hint, which may decide whose token it is": { extraParameters: { login_hint: "anna" } },
};

test.each(Object.entries(others))("%s is another exchange", async (_, over) => {
  const app = provider.confidential();
  const plain = await app.acquireTokenByTokenExchange(exchange);
  const other = await app.acquireTokenByTokenExchange({ ...exchange, ...over });
  expect(other).toMatchObject({ fromCache: false });
  expect(other.accessToken).not.toBe(plain.accessToken);
  const [again, otherAgain] = [
    await app.acquireTokenByTokenExchange(exchange),
    await app.acquireTokenByTokenExchange({ ...exchange, ...over }),
  ];
  expect(again).toMatchObject({ fromCache: true, accessToken: plain.accessToken });
  expect(otherAgain).toMatchObject({ fromCache: true, accessToken: other.accessToken });
});

test.each<[string, TokenExchangeRequest, TokenExchangeRequest]>([
  [
    "a type by its short name and by its URI",
    exchange,
    { ...exchange, subjectTokenType: type("access_token") },
  ],
  [
    "audiences in another order",
    { ...exchange, audience: ["a", "b"] },
    { ...exchange, audience: ["b", "a"] },
  ],
  ["one audience and a list of it", { ...exchange, audience: "a" }, { ...exchange, audience: ["a"] }],
])("%s are the same exchange", async (_, one, other) => {
  const app = provider.confidential();
  await app.acquireTokenByTokenExchange(one);
  expect((await app.acquireTokenByTokenExchange(other)).fromCache).toBe(true);
});

describe("the tokens of an exchange", () => {
  test("are not the user's own: an ID token beside them makes no account", async () => {
    answer(() => provider.tokens({ issued_token_type: type("access_token") }));
    const app = provider.confidential();
    const { account } = await app.acquireTokenByTokenExchange({ ...exchange, scopes: ["openid"] });
    expect(account).toMatchObject({ homeAccountId: "user-1" });
    if (!account) return;
    await expect(app.acquireTokenSilent({ scopes: ["openid"], account })).rejects.toMatchObject({
      errorCode: "no_tokens_found",
    });
  });

  test("are renewed with the refresh token that came with them, else exchanged again", async () => {
    answer(() => ({ access_token: "first", refresh_token: "renewing", expires_in: 600 }));
    const app = provider.confidential();
    await app.acquireTokenByTokenExchange(exchange);
    provider.clock.advance(400);
    answer(() => ({ access_token: "second", expires_in: 600, issued_token_type: undefined }));
    expect(await app.acquireTokenByTokenExchange(exchange)).toMatchObject({ accessToken: "second" });
    expect(provider.requests.at(-1)?.form).toMatchObject({
      grant_type: "refresh_token",
      refresh_token: "renewing",
    });
    provider.clock.advance(400);
    provider.answers.token = ({ form }) =>
      form["grant_type"] === "refresh_token"
        ? { status: 400, body: { error: "invalid_grant" } }
        : { body: { access_token: "third", token_type: "Bearer", expires_in: 600 } };
    expect(await app.acquireTokenByTokenExchange(exchange)).toMatchObject({ accessToken: "third" });
  });

  test.each<[string, object, Partial<TokenExchangeRequest>]>([
    ["a refresh token", { issued_token_type: type("refresh_token"), token_type: "N_A" }, {}],
    ["an ID token of unknown life", { issued_token_type: type("id_token"), expires_in: undefined }, {}],
    ["an access token, if the caller wants it so", {}, { storeInCache: { accessToken: false } }],
  ])("%s is for one call and not cached", async (_, over, asked) => {
    answer(() => ({ access_token: "issued", ...over }));
    const app = provider.confidential();
    await app.acquireTokenByTokenExchange({ ...exchange, ...asked });
    expect((await app.acquireTokenByTokenExchange({ ...exchange, ...asked })).fromCache).toBe(false);
    expect(app.getTokenCache().serialize()).not.toContain('"issued"');
  });
});

const idToken = type("id_token");
const saml = type("saml2");
const own = "http://provider.example/token-type/vault";
/** The type that is asked for, the answer, and what the caller gets. */
const answers: readonly {
  readonly when: string;
  readonly asked?: string;
  readonly over: object;
  readonly gets: object | "refused";
}[] = [
  { when: "an access token", over: {}, gets: { tokenType: "Bearer", issuedTokenType: type("access_token") } },
  {
    when: "a token whose type is not said is of the type that was asked for",
    asked: own,
    over: { issued_token_type: undefined },
    gets: { tokenType: "Bearer", issuedTokenType: own },
  },
  {
    when: "a token whose type is null is an access token",
    over: { issued_token_type: null },
    gets: { tokenType: "Bearer", issuedTokenType: type("access_token") },
  },
  {
    when: "an access token that is a JWT",
    asked: "access_token",
    over: { issued_token_type: type("jwt") },
    gets: { tokenType: "Bearer" },
  },
  {
    when: "an access token for a type of the provider's own",
    asked: own,
    over: {},
    gets: { tokenType: "Bearer", issuedTokenType: type("access_token") },
  },
  {
    when: "an ID token that the server calls a bearer token",
    asked: "id_token",
    over: { issued_token_type: idToken },
    gets: { tokenType: "N_A", issuedTokenType: idToken },
  },
  {
    when: "a SAML assertion",
    asked: "saml2",
    over: { issued_token_type: saml, token_type: "n_a", access_token: "PHNhbWw" },
    gets: { tokenType: "N_A", issuedTokenType: saml, accessToken: "PHNhbWw" },
  },
  {
    when: "an ID token instead of an access token",
    asked: "access_token",
    over: { issued_token_type: idToken },
    gets: "refused",
  },
  { when: "an access token instead of an ID token", asked: "id_token", over: {}, gets: "refused" },
  {
    when: "a SAML assertion instead of an ID token",
    asked: "id_token",
    over: { issued_token_type: saml },
    gets: "refused",
  },
  { when: "an access token that is none", over: { token_type: "N_A" }, gets: "refused" },
  { when: "a type that is no text", over: { issued_token_type: ["jwt"] }, gets: "refused" },
  { when: "a token type that is neither", over: { token_type: "mac" }, gets: "refused" },
  { when: "no token", over: { access_token: undefined }, gets: "refused" },
];
test.each(answers)("the answer: $when", async ({ asked, over, gets }) => {
  answer(() => ({ access_token: "issued", ...over }));
  const app = provider.publicClient();
  const requestedTokenType = asked;
  const result = app.acquireTokenByTokenExchange({ ...exchange, ...(asked ? { requestedTokenType } : {}) });
  if (gets !== "refused") {
    expect(await result).toMatchObject(gets);
    return;
  }
  await expect(result).rejects.toMatchObject({ errorCode: "invalid_token_response" });
  expect(app.getTokenCache().serialize()).not.toContain('"issued"');
});

test("the answer that comes as a form is checked for its type as one in JSON is", async () => {
  const form = { access_token: "issued", token_type: "Bearer", issued_token_type: saml };
  provider.answers.token = () => ({
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
  });
  const app = provider.publicClient();
  await expect(
    app.acquireTokenByTokenExchange({ ...exchange, requestedTokenType: "id_token" }),
  ).rejects.toMatchObject({ errorCode: "invalid_token_response" });
  const result = await app.acquireTokenByTokenExchange({ ...exchange, requestedTokenType: "saml2" });
  expect(result).toMatchObject({ tokenType: "N_A", issuedTokenType: saml });
});

test("N_A is refused where no token is exchanged", async () => {
  answer(() => ({ access_token: "issued", token_type: "N_A", issued_token_type: idToken }));
  const app = provider.confidential();
  await expect(app.acquireTokenByClientCredential({ scopes: ["api"] })).rejects.toMatchObject({
    errorCode: "invalid_token_response",
  });
});

test.each<[string, object, string]>([
  ["no subject token", { subjectToken: undefined }, "token_request_empty"],
  ["an empty subject token", { subjectToken: "" }, "token_request_empty"],
  ["no type", { subjectTokenType: undefined }, "token_request_empty"],
  ["an actor without a type", { actorToken: "one" }, "invalid_option"],
  ["a type of no actor", { actorTokenType: "jwt" }, "invalid_option"],
  ["an audience that is no text", { audience: [1] }, "invalid_option"],
  ["an empty audience", { audience: "" }, "invalid_option"],
  ["a requested type that is no text", { requestedTokenType: 1 }, "invalid_option"],
  ["an empty grant type", { grantType: "" }, "invalid_option"],
])("%s is refused before anything is sent", async (_, over, errorCode) => {
  const app = provider.confidential();
  const request = { ...exchange, ...over };
  await expect(app.acquireTokenByTokenExchange(request)).rejects.toMatchObject({ errorCode });
  expect(provider.requests).toHaveLength(0);
});

test("Auth0's Token Vault is an exchange of its own for each connection and account", async () => {
  const app = provider.confidential();
  const google = auth0TokenVault({ connection: "google-oauth2" });
  await app.acquireTokenByTokenExchange({ ...exchange, ...google });
  expect(provider.requests.at(-1)?.form).toMatchObject({
    grant_type: "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token",
    requested_token_type: "http://auth0.com/oauth/token-type/federated-connection-access-token",
    subject_token: "the-subject",
    subject_token_type: type("access_token"),
    connection: "google-oauth2",
  });
  const others = [
    auth0TokenVault({ connection: "google-oauth2", loginHint: "one" }),
    auth0TokenVault({ connection: "google-oauth2", loginHint: "two" }),
    auth0TokenVault({ connection: "github" }),
  ];
  for (const other of others)
    expect((await app.acquireTokenByTokenExchange({ ...exchange, ...other })).fromCache).toBe(false);
  expect((await app.acquireTokenByTokenExchange({ ...exchange, ...google })).fromCache).toBe(true);
  expect(() => auth0TokenVault({ connection: "" })).toThrow("connection");
});
