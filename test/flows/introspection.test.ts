// What a provider says of a token (RFC 7662), also signed (RFC 9701).
// proves: core/src/endpoints/introspection.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import {
  clientId,
  clientSecret,
  keys,
  secrets,
  sign,
  startFakeProvider,
  type Answer,
  type FakeProvider,
} from "../support/fake-provider.js";
import { expectNoSecretIn } from "../support/nothing-kept.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  provider.answers.discovery = () => ({
    body: provider.metadata({ introspection_endpoint: `${provider.url}/introspect` }),
  });
});

const token = "an-access-token";
const now = () => Math.floor(provider.clock.now() / 1000);
const type = "application/token-introspection+jwt";
const header = { alg: "RS256", kid: "one", typ: "token-introspection+jwt" };
const jwt = (claims: object = {}, over: object = {}, key = keys.one.privateKey): string =>
  sign(
    {
      iss: provider.url,
      aud: clientId,
      iat: now(),
      token_introspection: { active: true, sub: "user-1" },
      ...claims,
    },
    { ...header, ...over },
    key,
  );
const asJwt = (body: string): Answer => ({ headers: { "content-type": type }, body });
const signed = { auth: { clientMetadata: { introspection_signed_response_alg: "RS256" } } };

it("is asked by POST, with the client's authentication and the token in the form", async () => {
  const app = provider.confidential();
  expect(await app.introspect({ token, tokenTypeHint: "access_token" })).toEqual({
    active: true,
    sub: "user-1",
  });
  const [request] = provider.requests.filter(({ path }) => path === "/introspect");
  expect(request?.method).toBe("POST");
  expect(request?.form).toEqual({
    client_id: clientId,
    client_secret: clientSecret,
    token,
    token_type_hint: "access_token",
  });
});

it("is never taken from a cache, and leaves nothing in it", async () => {
  const app = provider.confidential();
  await app.introspect({ token });
  provider.answers.introspection = () => ({ body: { active: false } });
  expect(await app.introspect({ token })).toEqual({ active: false });
  expect(provider.count("introspection")).toBe(2);
  expect(app.getTokenCache().serialize()).not.toContain(token);
});

it("has nothing to say of a token that is not active, whatever the provider sends", async () => {
  provider.answers.introspection = () => ({ body: { active: false, sub: "user-1", scope: "admin" } });
  expect(await provider.confidential().introspect({ token })).toEqual({ active: false });
});

it("a signed response is asked for and accepted, of an inactive token too", async () => {
  const app = provider.confidential(signed);
  provider.answers.introspection = () => asJwt(jwt());
  expect(await app.introspect({ token })).toEqual({ active: true, sub: "user-1" });
  expect(provider.requests.find(({ path }) => path === "/introspect")?.headers["accept"]).toBe(type);
  provider.answers.introspection = () => asJwt(jwt({ token_introspection: { active: false, sub: "x" } }));
  expect(await app.introspect({ token })).toEqual({ active: false });
});

describe("a response that is refused", () => {
  it.each<readonly [string, boolean, () => Answer, RegExp]>([
    ["has no active", false, () => ({ body: { sub: "user-1" } }), /active is not a boolean/],
    ["has a text for active", false, () => ({ body: { active: "true" } }), /active is not a boolean/],
    ["is not an object", false, () => ({ body: "yes" }), /not a JSON object/],
    ["is plain where a signed one is registered", true, () => ({ body: { active: true } }), /not a JWT/],
    ["is signed by another key", true, () => asJwt(jwt({}, {}, keys.two.privateKey)), /signature/],
    ["is not signed", true, () => asJwt(jwt({}, { alg: "none" })), /alg is "none"/],
    ["has no typ, as other JWTs", true, () => asJwt(jwt({}, { typ: undefined })), /typ is undefined/],
    ["is an ID token", true, () => asJwt(provider.idToken({ header: { typ: "JWT" } })), /typ is "JWT"/],
    ["is another issuer's", true, () => asJwt(jwt({ iss: "https://elsewhere.example" })), /iss is/],
    ["has no iss", true, () => asJwt(jwt({ iss: undefined })), /iss is missing/],
    ["is for another client", true, () => asJwt(jwt({ aud: "other" })), /aud is/],
    ["has no iat", true, () => asJwt(jwt({ iat: undefined })), /iat is missing/],
    ["is about no token", true, () => asJwt(jwt({ token_introspection: undefined })), /token_introspection/],
    ["has a critical extension", true, () => asJwt(jwt({}, { crit: ["x"] })), /crit/],
  ])("%s", async (_, isSigned, answer, reason) => {
    provider.answers.introspection = answer;
    const error: unknown = await provider
      .confidential(isSigned ? signed : {})
      .introspect({ token })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      name: "ClientAuthError",
      errorCode: "invalid_introspection_response",
      errorMessage: expect.stringMatching(reason),
    });
    expectNoSecretIn(error, secrets);
  });
});

it("the server's error is reported, without the token that it repeats", async () => {
  provider.answers.introspection = () => ({
    status: 401,
    body: { error: "invalid_client", error_description: "who are you to ask about an-access-token" },
  });
  const error: unknown = await provider
    .confidential()
    .introspect({ token })
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ name: "ServerError", errorCode: "invalid_client", status: 401 });
  expectNoSecretIn(error, secrets);
});

it("a status without an error is reported, with the pause that it asks for", async () => {
  provider.answers.introspection = () => ({ status: 503, headers: { "retry-after": "9" }, body: "" });
  await expect(provider.confidential().introspect({ token })).rejects.toMatchObject({
    errorCode: "server_error",
    status: 503,
    retryAfterSeconds: 9,
  });
});

it.each([
  ["no token", {} as { token: string }, "token_request_empty"],
  ["an empty token", { token: "" }, "token_request_empty"],
  ["a token that is not a string", { token: 7 as never }, "invalid_option"],
])("%s is refused before anything is sent", async (_, request, errorCode) => {
  await expect(provider.confidential().introspect(request)).rejects.toMatchObject({ errorCode });
  expect(provider.requests).toEqual([]);
});

it("a provider without the endpoint is named", async () => {
  provider.answers.discovery = () => ({ body: provider.metadata() });
  await expect(provider.confidential().introspect({ token })).rejects.toMatchObject({
    errorCode: "openid_config_error",
    errorMessage: expect.stringContaining("introspection_endpoint"),
  });
});

it("is for confidential clients only", () => {
  expect(PublicClientApplication.prototype).not.toHaveProperty("introspect");
});
