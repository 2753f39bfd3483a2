// What a token endpoint may answer, and what not: RFC 6749 §5, and what networks make of it.
// proves: core/src/exchange/accept-tokens.ts, core/src/exchange/accepted-result.ts, core/src/response/token-response.ts,
// core/src/response/seconds.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  ClientAuthError,
  InteractionRequiredAuthError,
  ServerError,
  type ConfidentialClientApplication,
} from "@tessera/node";
import {
  redeem,
  secrets,
  startFakeProvider,
  type Answer,
  type FakeProvider,
} from "../support/fake-provider.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";

let provider: FakeProvider;
let elsewhere: FakeProvider;
let app: ConfidentialClientApplication;

beforeAll(async () => {
  provider = await startFakeProvider();
  elsewhere = await startFakeProvider();
});
afterAll(() => Promise.all([provider.close(), elsewhere.close()]));
beforeEach(() => {
  provider.reset();
  elsewhere.reset();
  app = provider.confidential();
});

const ask = () => app.acquireTokenByClientCredential({ scopes: ["api:read"] });
const appToken = { access_token: "an-access-token", token_type: "Bearer", expires_in: 3600 };

async function refusal(answer: Answer): Promise<unknown> {
  provider.answers.token = () => answer;
  const error: unknown = await ask().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expectNoSecretIn(error, secrets);
  await expectNothingKept(app);
  return error;
}

describe("a token response that cannot be used is refused, and nothing is cached", () => {
  it.each<[string, Answer, RegExp]>([
    ["is not JSON", { body: "access_token=an-access-token" }, /not a JSON object/],
    ["is HTML", { body: "<html>an-access-token", headers: { "content-type": "text/html" } }, /text\/html/],
    ["is empty", { body: "" }, /not a JSON object/],
    ["is a list", { body: [appToken] }, /not a JSON object/],
    ["is null", { body: null }, /not a JSON object/],
    ["is JSON that has been cut off", { body: JSON.stringify(appToken).slice(0, -2) }, /not a JSON object/],
    ["lacks access_token", { body: { ...appToken, access_token: undefined } }, /access_token is missing/],
    ["has an empty access_token", { body: { ...appToken, access_token: "" } }, /access_token is missing/],
    ["has null for access_token", { body: { ...appToken, access_token: null } }, /access_token is missing/],
    [
      "has an object for access_token",
      { body: { ...appToken, access_token: { a: 1 } } },
      /access_token is a object/,
    ],
    [
      "has a number for refresh_token",
      { body: { ...appToken, refresh_token: 7 } },
      /refresh_token is a number/,
    ],
    ["has a list for id_token", { body: { ...appToken, id_token: ["eyJ"] } }, /id_token is a object/],
    ["has numbers for scopes", { body: { ...appToken, scope: [7] } }, /scope is a object/],
    ["is of the type mac", { body: { ...appToken, token_type: "mac" } }, /token_type "mac"/],
    ["is of the type DPoP, which was not asked for", { body: { ...appToken, token_type: "DPoP" } }, /"DPoP"/],
    ["has a number for token_type", { body: { ...appToken, token_type: 1 } }, /token_type is a number/],
  ])("when it %s", async (_, answer, says) => {
    const error = await refusal(answer);
    expect(error).toBeInstanceOf(ClientAuthError);
    expect(error).toMatchObject({
      errorCode: "invalid_token_response",
      message: expect.stringMatching(says),
    });
  });

  it.each<[string, unknown]>([
    ["negative", -1],
    ["not a number", "NaN"],
    ["a word", "soon"],
    ["infinite", "Infinity"],
    ["astronomic", 1e300],
    ["longer than a century", 101 * 366 * 86_400],
    ["true", true],
    ["a list", [3600]],
    ["an object", {}],
  ])("when its expires_in is %s", async (_, expiresIn) => {
    const error = await refusal({ body: { ...appToken, expires_in: expiresIn } });
    expect(error).toMatchObject({
      errorCode: "invalid_token_response",
      message: expect.stringMatching(/expires_in is .*, not a number of seconds/),
    });
  });

  it("when it is longer than 2 MiB", async () => {
    const endless = { ...appToken, padding: "x".repeat(3 * 1024 * 1024) };
    const error = await refusal({ body: endless });
    expect(error).toMatchObject({
      errorCode: "network_error",
      message: expect.stringMatching(/longer than 2097152 bytes/),
    });
    expect(
      await refusal({ body: { ...appToken, access_token: 7, padding: "x".repeat(2 * 1024 * 1024 - 200) } }),
    ).toMatchObject({
      errorCode: "invalid_token_response",
    });
  });

  it("when the connection ends without one, with each attempt", async () => {
    const error = await refusal({ reset: true });
    expect(error).toMatchObject({ name: "ClientAuthError", errorCode: "network_error", attempts: 3 });
    expect(provider.count("token")).toBe(3);
    provider.reset();
    provider.clock.advance(60);
    expect(await ask()).toMatchObject({ fromCache: false });
  });

  it("when it redirects: neither code nor secret goes to the other host", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      // Past the pause in which an equal call gets the last error again.
      provider.clock.advance(60);
      provider.answers.token = () => redirect(status);
      await expect(redeem(app)).rejects.toMatchObject({
        errorCode: "invalid_token_response",
        message: expect.stringContaining(`HTTP ${status} redirects`),
      });
    }
    expect(provider.count("token")).toBe(5);
    expect(elsewhere.requests).toEqual([]);
  });
});

it.each(["token_type", "expires_in", "refresh_in"])(
  "a token in the place of %s is not quoted",
  async (member) => {
    const misplaced = "a-token-that-stands-in-the-wrong-place";
    const error = await refusal({ body: { ...appToken, [member]: misplaced } });
    expect(error).toMatchObject({ errorCode: "invalid_token_response" });
    expectNoSecretIn(error, [misplaced]);
  },
);

describe("a token response is accepted", () => {
  const hour = 3600;
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["with its times as texts", { expires_in: "3600", ext_expires_in: "7200" }, { lifetime: hour }],
    ["with a fraction of a second", { expires_in: 3599.9 }, { lifetime: hour - 1 }],
    ["without token_type", { token_type: undefined }, { tokenType: "Bearer" }],
    ["with bearer in small letters", { token_type: "bearer" }, { tokenType: "Bearer" }],
    ["with BEARER in capitals", { token_type: "BEARER" }, { tokenType: "Bearer" }],
    ["without scope, which means as asked for", { scope: undefined }, { scopes: ["api:read"] }],
    [
      "with other scopes than asked for",
      { scope: "api:read api:list" },
      { scopes: ["api:read", "api:list"] },
    ],
    ["with members nobody knows", { error_uri: "x", custom: { a: 1 } }, { accessToken: "an-access-token" }],
    [
      "with null for what it does not have",
      { refresh_token: null, id_token: null },
      { accessToken: "an-access-token" },
    ],
  ])("%s", async (_, over, { lifetime, ...expected }) => {
    provider.answers.token = () => ({ body: { ...appToken, ...over } });
    const result = await ask();
    expect(result).toMatchObject(expected);
    if (lifetime) expect(secondsLeft(result.expiresOn)).toBe(lifetime);
    expect(await ask()).toMatchObject({ fromCache: true, ...expected });
  });

  it.each([0, "0"])(
    "with expires_in %p: the token is used once, and not kept for the next call",
    async (value) => {
      provider.answers.token = () => ({ body: { ...appToken, expires_in: value } });
      expect(await ask()).toMatchObject({ accessToken: "an-access-token", fromCache: false });
      expect(await ask()).toMatchObject({ fromCache: false });
    },
  );

  it("counts its lifetime from when the request was sent: a slow answer makes no token younger", async () => {
    const sentAt = Math.floor(provider.clock.now() / 1000);
    provider.answers.token = () => {
      provider.clock.advance(20);
      return { body: appToken };
    };
    const { expiresOn } = await ask();
    expect(expiresOn?.getTime()).toBe((sentAt + hour) * 1000);
  });
});

describe("an error response becomes a typed error", () => {
  const invalidGrant = { error: "invalid_grant", error_description: "AADSTS70008: expired." };
  it.each<[string, Answer, new (...rest: never) => Error, object]>([
    [
      "invalid_client",
      { status: 401, body: { error: "invalid_client" } },
      ServerError,
      { errorCode: "invalid_client", status: 401 },
    ],
    [
      "an error with HTTP 200",
      { body: { error: "access_denied" } },
      ServerError,
      { errorCode: "access_denied" },
    ],
    [
      "an error beside a token",
      { body: { ...appToken, error: "slow_down" } },
      ServerError,
      { errorCode: "slow_down" },
    ],
    [
      "an error that is an object",
      { status: 400, body: { error: { a: 1 } } },
      ServerError,
      { errorCode: "unknown_error" },
    ],
    [
      "HTML with HTTP 502",
      { status: 502, body: "<html>" },
      ServerError,
      { errorCode: "server_error", status: 502 },
    ],
    [
      "HTML with HTTP 404",
      { status: 404, body: "<html>" },
      ServerError,
      { errorCode: "server_error", status: 404 },
    ],
    [
      "nothing with HTTP 500",
      { status: 500, body: "" },
      ServerError,
      { errorCode: "server_error", status: 500 },
    ],
    [
      "a token with HTTP 500",
      { status: 500, body: appToken },
      ServerError,
      { errorCode: "server_error", status: 500 },
    ],
    [
      "invalid_grant and its error code",
      { status: 400, body: { ...invalidGrant, error_codes: [70008], suberror: "token_expired" } },
      ServerError,
      { errorCode: "invalid_grant", subError: "token_expired", errorNo: 70008 },
    ],
    [
      "a text that merely mentions login_required",
      {
        status: 400,
        body: { error: "access_denied", error_description: "not interaction_required, login_required" },
      },
      ServerError,
      { errorCode: "access_denied", message: expect.stringContaining("login_required") },
    ],
    ...["interaction_required", "consent_required", "login_required"].map(
      (error): [string, Answer, typeof InteractionRequiredAuthError, object] => [
        error,
        { status: 400, body: { error, claims: '{"access_token":{}}', trace_id: "t", timestamp: "now" } },
        InteractionRequiredAuthError,
        { errorCode: error, claims: '{"access_token":{}}', traceId: "t", timestamp: "now" },
      ],
    ),
    ...["basic_action", "additional_action", "message_only", "consent_required", "user_password_expired"].map(
      (suberror): [string, Answer, typeof InteractionRequiredAuthError, object] => [
        `invalid_grant with the suberror ${suberror}`,
        { status: 400, body: { ...invalidGrant, suberror } },
        InteractionRequiredAuthError,
        { errorCode: "invalid_grant", subError: suberror },
      ],
    ),
  ])("%s", async (_, answer, type, expected) => {
    const error = await refusal(answer);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ ...expected, correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });
});

function redirect(status: number): Answer {
  return { status, headers: { location: `${elsewhere.url}/token` }, body: "" };
}

function secondsLeft(expiresOn: Date | null): number {
  return Math.floor(expiresOn ? expiresOn.getTime() / 1000 : 0) - Math.floor(provider.clock.now() / 1000);
}
