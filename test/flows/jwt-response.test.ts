// Authorization responses that are signed JWTs (JARM): nothing is read from one before it has been verified.
// proves: core/src/flows/jwt-response.ts, core/src/flows/authorization-response.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AuthCodeFlow, ClientApplication, ClientMetadata } from "@tessera/node";
import { CompactEncrypt } from "jose";
import { decryptionKeys, startEndpointsProvider } from "../support/endpoints-provider.js";
import {
  clientId,
  code,
  keys,
  redeem,
  secrets,
  sign,
  startFakeProvider,
  type FakeProvider,
} from "../support/fake-provider.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";
import { applicationAt, scopes } from "../support/oidc-applications.js";
import type { OpenIdProvider } from "../support/oidc-provider.js";
import { signIn } from "../support/sign-in.js";
import { createTestClock } from "../support/test-clock.js";
import { rsaKeyPair } from "../support/rsa-keys.mjs";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => provider.reset());

const redirectUri = "http://localhost/signed-in";
const begin = (app: ClientApplication, responseMode = "query.jwt") =>
  app.initiateAuthCodeFlow({ scopes: ["api:read"], redirectUri, responseMode });
const jwt = (claims: object, header: object = {}, key = keys.one.privateKey): string => {
  const exp = Math.floor(provider.clock.now() / 1000) + 60;
  return sign(
    { iss: provider.url, aud: clientId, exp, code, ...claims },
    { alg: "RS256", kid: "one", ...header },
    key,
  );
};
const goodTokens = ({ nonce }: AuthCodeFlow) => {
  provider.answers.token = () => ({ body: provider.tokens({}, { claims: { nonce } }) });
};

it.each(["jwt", "query.jwt", "form_post.jwt", "fragment.jwt"])("%s is asked for", async (mode) => {
  const flow = await begin(provider.confidential(), mode);
  expect(new URL(flow.authUrl).searchParams.get("response_mode")).toBe(mode);
  const url = await provider.publicClient().getAuthCodeUrl({ scopes, redirectUri, responseMode: mode });
  expect(new URL(url).searchParams.get("response_mode")).toBe(mode);
});

it("a flow takes code and state out of the JWT, and ignores what stands beside it", async () => {
  const app = provider.confidential();
  const flow = JSON.parse(JSON.stringify(await begin(app))) as AuthCodeFlow;
  goodTokens(flow);
  const response = { response: jwt({ state: flow.state }), code: "injected", state: "another" };
  const result = await app.acquireTokenByAuthCodeFlow(flow, response);
  expect(result.account).toMatchObject({ homeAccountId: "user-1" });
  expect(provider.requests.find(({ path }) => path === "/token")?.form).toMatchObject({ code });
});

it.each([
  ["as an object", (response: string) => ({ response })],
  ["as a URLSearchParams", (response: string) => new URLSearchParams({ response })],
  [
    "as a URL",
    (response: string) => new URL(`${redirectUri}?${new URLSearchParams({ response }).toString()}`),
  ],
])("acquireTokenByCode takes the code out of it: %s", async (_, of) => {
  const response = of(jwt({ state: "a-state" }));
  const over = { code: undefined as never, state: "a-state", responseMode: "query.jwt" };
  expect((await redeem(provider.confidential(), over, response as never)).accessToken).toBe(
    "an-access-token",
  );
});

it("an error in the JWT is the provider's", async () => {
  const app = provider.confidential();
  const flow = await begin(app);
  const response = jwt({ code: undefined, state: flow.state, error: "access_denied" });
  await expect(app.acquireTokenByAuthCodeFlow(flow, { response })).rejects.toMatchObject({
    name: "ServerError",
    errorCode: "access_denied",
  });
});

describe("a response that is refused", () => {
  type Row = readonly [string, (flow: AuthCodeFlow) => object, RegExp, string?];
  const past = () => Math.floor(provider.clock.now() / 1000) - 60;

  it.each<Row>([
    ["is not a JWT, as an attacker would have it", ({ state }) => ({ code, state }), /response is missing/],
    ["is an error that is not in a JWT", ({ state }) => ({ error: "x", state }), /response is missing/],
    ["comes twice", ({ state }) => ({ response: [jwt({ state }), jwt({ state })] }), /response is missing/],
    ["is no JWT", () => ({ response: "nothing" }), /not a signed JWT/],
    ["is not signed", ({ state }) => ({ response: jwt({ state }, { alg: "none" }) }), /alg is "none"/],
    [
      "is signed by another key",
      ({ state }) => ({ response: jwt({ state }, {}, keys.two.privateKey) }),
      /signature/,
    ],
    [
      "is another issuer's",
      ({ state }) => ({ response: jwt({ state, iss: "https://elsewhere.example" }) }),
      /iss is/,
    ],
    ["has no iss", ({ state }) => ({ response: jwt({ state, iss: undefined }) }), /iss is missing/],
    ["is for another client", ({ state }) => ({ response: jwt({ state, aud: "other" }) }), /aud is/],
    ["has no aud", ({ state }) => ({ response: jwt({ state, aud: undefined }) }), /aud is/],
    ["has expired", ({ state }) => ({ response: jwt({ state, exp: past() }) }), /expired/],
    ["has no exp", ({ state }) => ({ response: jwt({ state, exp: undefined }) }), /exp is missing/],
    ["has a critical extension", ({ state }) => ({ response: jwt({ state }, { crit: ["x"] }) }), /crit/],
    ["is of another sign-in", () => ({ response: jwt({ state: "x" }) }), /state/, "state_mismatch"],
    ["has no state", () => ({ response: jwt({}) }), /state/, "state_mismatch"],
    [
      "has two codes",
      ({ state }) => ({ response: jwt({ state, code: ["a", "b"] }) }),
      /code comes more than once/,
    ],
  ])("%s", async (_, respond, reason, ...[errorCode]) => {
    const app = provider.confidential();
    const flow = await begin(app);
    const response = respond(flow) as Record<string, unknown>;
    const error: unknown = await app
      .acquireTokenByAuthCodeFlow(flow, response)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      name: "ClientAuthError",
      errorMessage: expect.stringMatching(reason),
      ...(errorCode ? { errorCode } : {}),
    });
    expectNoSecretIn(error, secrets);
    expect(provider.count("token")).toBe(0);
    await expectNothingKept(app);
  });

  it("acquireTokenByCode: is not a JWT, or has another code than the request", async () => {
    const app = provider.confidential();
    const over = { responseMode: "form_post.jwt", state: "a-state" };
    const plain = redeem(app, over, { code, state: "a-state" });
    await expect(plain).rejects.toMatchObject({ errorCode: "invalid_authorization_response" });
    const response = { response: jwt({ state: "a-state", code: "another" }) } as never;
    await expect(redeem(app, over, response)).rejects.toMatchObject({
      errorCode: "invalid_authorization_response",
    });
    expect(provider.count("token")).toBe(0);
  });
});

describe("encrypted", () => {
  const pair = rsaKeyPair("response");
  const privateKey = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const clientMetadata: ClientMetadata = { authorization_encrypted_response_alg: "RSA-OAEP-256" };
  const auth = { clientMetadata, decryptionKeys: [{ privateKey, kid: "enc-1" }] };
  const encrypted = (text: string) =>
    new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A128CBC-HS256", kid: "enc-1" })
      .encrypt(pair.publicKey);

  it("is decrypted and then verified; one in the clear is refused", async () => {
    const app = provider.confidential({ auth });
    const flow = await begin(app);
    const clear = app.acquireTokenByAuthCodeFlow(flow, { response: jwt({ state: flow.state }) });
    await expect(clear).rejects.toMatchObject({ errorMessage: expect.stringMatching(/not encrypted/) });
    goodTokens(flow);
    const response = await encrypted(jwt({ state: flow.state }));
    expect((await app.acquireTokenByAuthCodeFlow(flow, { response })).account).not.toBeNull();
  });
});

describe.each<{ title: string; metadata: ClientMetadata }>([
  { title: "signed", metadata: { authorization_signed_response_alg: "RS256" } },
  {
    title: "encrypted",
    metadata: {
      authorization_signed_response_alg: "RS256",
      authorization_encrypted_response_alg: "RSA-OAEP-256",
      authorization_encrypted_response_enc: "A256GCM",
    },
  },
])("at oidc-provider, $title", ({ title, metadata }) => {
  let real: OpenIdProvider;
  beforeAll(async () => {
    real = await startEndpointsProvider(metadata);
  });
  afterAll(() => real.close());

  it.each(["publicClient", "post"] as const)("%s signs a user in", async (name) => {
    const auth = { clientMetadata: metadata, ...(title === "encrypted" ? { decryptionKeys } : {}) };
    const app = applicationAt(real, createTestClock(), name, auth);
    const asked = { scopes, redirectUri: real.redirectUri, responseMode: "query.jwt", prompt: "consent" };
    const flow = await app.initiateAuthCodeFlow(asked);
    const back = await signIn(flow.authUrl, { username: "olga@example.org", password: "any" });
    expect([...back.searchParams.keys()]).toEqual(["response"]);
    const { account } = await app.acquireTokenByAuthCodeFlow(flow, back);
    expect(account).toMatchObject({ username: "olga@example.org" });
  });
});
