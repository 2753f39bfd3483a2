// A sign-in in two calls: everything the answer must satisfy before its code is redeemed, and after (OpenID Connect Core §3.1.2.7).
// proves: core/src/client/used-sign-ins.ts, core/src/flows/auth-code-flow.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AuthCodeFlow, AuthCodeFlowRequest, ConfidentialClientApplication } from "@tessera/node";
import { startFakeProvider, type FakeProvider, type IdTokenOptions } from "../support/fake-provider.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";

const redirectUri = "https://app.example/signed-in";
const code = "the-code";

let provider: FakeProvider;
let app: ConfidentialClientApplication;

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  app = provider.confidential();
});

const begin = (over: Partial<AuthCodeFlowRequest> = {}) =>
  app.initiateAuthCodeFlow({ scopes: ["api:read"], redirectUri, ...over });
/** Lets the token endpoint answer with an ID token for this flow. */
const answerWith = (flow: AuthCodeFlow, { claims, ...rest }: IdTokenOptions = {}) => {
  const idToken = { ...rest, claims: { nonce: flow.nonce, ...claims } };
  provider.answers.token = () => ({ body: provider.tokens({}, idToken) });
};
const finish = (flow: AuthCodeFlow, over: Readonly<Record<string, unknown>> = {}) =>
  app.acquireTokenByAuthCodeFlow(flow, { code, state: flow.state, ...over });

describe("the answer", () => {
  const stateMismatch = { name: "ClientAuthError", errorCode: "state_mismatch" };

  it.each<[string, unknown]>([
    ["wrong", "of-another-sign-in"],
    ["missing", undefined],
    ["empty", ""],
    ["repeated", ["a", "b"]],
  ])(
    "with a state that is %s belongs to another sign-in: nothing is sent, and the right one still does",
    async (_, state) => {
      const flow = await begin();
      answerWith(flow);
      await expect(finish(flow, { state })).rejects.toMatchObject(stateMismatch);
      await expect(finish(flow, { state, error: "access_denied" })).rejects.toMatchObject(stateMismatch);
      expect(provider.count("token")).toBe(0);
      expect(await finish(flow)).toMatchObject({ fromCache: false });
    },
  );

  it("is checked against the flow's own state, not another one's", async () => {
    const [mine, other] = [await begin(), await begin()];
    await expect(finish(mine, { state: other.state })).rejects.toMatchObject(stateMismatch);
  });

  it.each<[string, object]>([
    ["another nonce", { nonce: "of-another-sign-in" }],
    ["no nonce", { nonce: undefined }],
  ])("with %s in the ID token is refused, and nothing is kept", async (_, claims) => {
    const flow = await begin();
    answerWith(flow, { claims: claims as Record<string, unknown> });
    const error: unknown = await finish(flow).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errorCode: "nonce_mismatch" });
    expectNoSecretIn(error, [flow.codeVerifier, code, "an-access-token"]);
    await expectNothingKept(app);
  });

  it("without ID token is refused: nothing shows that it belongs to this sign-in (OpenID Connect Core §3.1.3.3)", async () => {
    const flow = await begin({ maxAge: 60 });
    provider.answers.token = () => ({ body: { ...provider.tokens(), id_token: undefined } });
    await expect(finish(flow)).rejects.toMatchObject({
      errorCode: "nonce_mismatch",
      message: expect.stringContaining("no ID token"),
    });
    await expectNothingKept(app);
  });

  it.each<[string, number | undefined, boolean]>([
    ["just now", 0, true],
    ["as long ago as allowed", 300, true],
    ["longer ago than allowed and clocks differ", 331, false],
    ["at an unknown time", undefined, false],
  ])("of a user who signed in %s, with maxAge", async (_, secondsAgo, isGood) => {
    const flow = await begin({ maxAge: 300 });
    const now = Math.floor(provider.clock.now() / 1000);
    answerWith(flow, { claims: { auth_time: secondsAgo === undefined ? undefined : now - secondsAgo } });
    const call = finish(flow);
    if (isGood) expect((await call).account).toMatchObject({ localAccountId: "user-1" });
    else {
      await expect(call).rejects.toMatchObject({
        errorCode: "invalid_id_token",
        message: expect.stringContaining("auth_time"),
      });
      await expectNothingKept(app);
    }
  });

  it.each<[string, boolean, string | undefined, boolean]>([
    ["the provider", false, "own", true],
    ["the provider, which promises it", true, "own", true],
    ["nobody", false, undefined, true],
    ["nobody, though the provider promises it", true, undefined, false],
    ["another provider", false, "https://evil.example", false],
    ["another provider's path", true, "own/evil", false],
  ])("that says it was issued by %s (RFC 9207)", async (_, promised, iss, isGood) => {
    provider.answers.discovery = () => ({
      body: provider.metadata({ authorization_response_iss_parameter_supported: promised }),
    });
    const flow = await begin();
    answerWith(flow);
    const call = finish(flow, iss === undefined ? {} : { iss: iss.replace("own", provider.url) });
    if (isGood) expect(await call).toMatchObject({ fromCache: false });
    else await expect(call).rejects.toMatchObject({ errorCode: "invalid_state" });
    expect(provider.count("token")).toBe(isGood ? 1 : 0);
  });

  it.each<[string, object, object]>([
    [
      "declined",
      { error: "access_denied", error_description: "The user said no." },
      {
        name: "ServerError",
        errorCode: "access_denied",
        message: expect.stringContaining("The user said no."),
      },
    ],
    [
      "asks for more",
      { error: "interaction_required", claims: '{"a":1}' },
      { name: "InteractionRequiredAuthError", errorCode: "interaction_required", claims: '{"a":1}' },
    ],
    ["is empty", { code: undefined }, { errorCode: "authorization_code_missing_from_server_response" }],
    ["has two codes", { code: ["a", "b"] }, { errorCode: "invalid_authorization_response" }],
  ])("that %s ends the flow, and nothing is sent", async (_, response, error) => {
    const flow = await begin();
    await expect(finish(flow, { code: undefined, ...response })).rejects.toMatchObject(error);
    await expect(finish(flow)).rejects.toMatchObject({ errorCode: "invalid_state" });
    expect(provider.count("token")).toBe(0);
  });

  it("is good once, also when it comes twice at the same time or failed before", async () => {
    const flow = await begin();
    answerWith(flow);
    const both = await Promise.allSettled([
      finish(flow),
      finish(JSON.parse(JSON.stringify(flow)) as AuthCodeFlow),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(finish(flow)).rejects.toMatchObject({
      errorCode: "invalid_state",
      message: expect.stringContaining("already been used"),
    });
    expect(provider.count("token")).toBe(1);
  });

  it("that has met an outage is used up: the same call cannot succeed, and the error says so", async () => {
    const flow = await begin();
    provider.answers.token = () => ({ status: 503, body: "down" });
    await expect(finish(flow, { state: "another" })).rejects.toMatchObject(stateMismatch);
    await expect(finish(flow)).rejects.toMatchObject({ errorCode: "server_error", isRetryable: false });
    await expect(finish(flow)).rejects.toMatchObject({ errorCode: "invalid_state", isRetryable: false });
    expect(provider.count("token")).toBe(1);
  });

  it.each([
    [3599, true],
    [3601, false],
  ])("is taken %d seconds after the flow began: %s", async (seconds, isGood) => {
    const flow = await begin();
    provider.clock.advance(seconds);
    answerWith(flow);
    const call = finish(flow);
    if (isGood) expect(await call).toMatchObject({ fromCache: false });
    else
      await expect(call).rejects.toMatchObject({
        message: expect.stringContaining("older than 3600 seconds"),
      });
    expect(provider.count("token")).toBe(isGood ? 1 : 0);
  });

  it.each<[string, (flow: AuthCodeFlow) => unknown]>([
    ["lost", () => undefined],
    ["null", () => null],
    ["of something else", () => ({ state: "s" })],
    ["without its verifier", ({ codeVerifier: _, ...rest }) => rest],
    ["without its nonce", (flow) => ({ ...flow, nonce: "" })],
    ["without its beginning", ({ startedAt: _, ...rest }) => rest],
  ])("with a session that is %s is refused with the remedy", async (_, session) => {
    const flow = await begin();
    const call = app.acquireTokenByAuthCodeFlow(session(flow) as AuthCodeFlow, { code, state: flow.state });
    await expect(call).rejects.toMatchObject({
      errorCode: "invalid_state",
      message: expect.stringContaining("initiateAuthCodeFlow()"),
    });
    expect(provider.count("token")).toBe(0);
  });

  it("that is missing altogether is a mistake in the code, and no attack", async () => {
    const call = app.acquireTokenByAuthCodeFlow(await begin(), undefined as never);
    await expect(call).rejects.toMatchObject({ errorCode: "invalid_option" });
  });

  it("changes neither the flow nor itself", async () => {
    const flow = Object.freeze(await begin());
    const response = Object.freeze({ code, state: flow.state });
    answerWith(flow);
    expect(await app.acquireTokenByAuthCodeFlow(flow, response)).toMatchObject({ fromCache: false });
  });
});
