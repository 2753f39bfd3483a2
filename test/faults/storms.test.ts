// A caller that repeats a failing call in a loop does not flood the provider, and harms nobody else.
// proves: core/src/http/failures.ts, core/src/exchange/noted-failure.ts, core/src/exchange/refused-grants.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  createMemoryTokenStore,
  type AuthenticationResult,
  type ConfidentialClientApplication,
} from "@tessera/node";
import { redeem, startFakeProvider, type Answer, type FakeProvider } from "../support/fake-provider.js";

let provider: FakeProvider;
let app: ConfidentialClientApplication;
let outage: Answer | undefined;

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  outage = undefined;
  let count = 0;
  provider.answers.token = ({ form }) => {
    const sub = form["refresh_token"]?.split(" of ")[1] ?? form["code"] ?? "user-1";
    const refresh_token = `number ${(count += 1)} of ${sub}`;
    const issued_token_type = "urn:ietf:params:oauth:token-type:access_token";
    return outage ?? { body: provider.tokens({ refresh_token, issued_token_type }, { claims: { sub } }) };
  };
  app = provider.confidential();
});

afterEach(() => {
  jest.restoreAllMocks();
});

interface Failed extends Error {
  readonly errorCode: string;
  readonly correlationId: string;
  readonly retryAfterSeconds?: number;
}
type Ask = (over?: object) => Promise<AuthenticationResult>;
const failure = async (call: Promise<unknown>): Promise<Failed> => {
  try {
    await call;
  } catch (error) {
    return error as Failed;
  }
  throw new Error("the call has not failed");
};
const scopes = ["openid", "api:read"];
const silently: Ask = async (over) => {
  const [account] = await app.getAllAccounts();
  if (!account) throw new Error("nobody is signed in");
  return app.acquireTokenSilent({ account, scopes, ...over });
};
const asApp: Ask = (over) => app.acquireTokenByClientCredential({ scopes: ["api:read"], ...over });
const exchanging: Ask = (over) =>
  app.acquireTokenByTokenExchange({ subjectToken: "it", subjectTokenType: "access_token", ...over });
const withCode: Ask = (over) => redeem(app, { scopes, ...over });

const failures: readonly (readonly [string, Answer, string])[] = [
  ["a reset connection", { reset: true }, "network_error"],
  ["a server error", { status: 500, body: { error: "server_error" } }, "server_error"],
  ["a refused client", { status: 400, body: { error: "invalid_request" } }, "invalid_request"],
  ["an answer without tokens", { body: {} }, "invalid_token_response"],
];
const flows: readonly (readonly [string, Ask])[] = [
  ["a user, by force", (over) => silently({ forceRefresh: true, ...over })],
  ["a user", (over) => silently({ scopes: ["api:write"], ...over })],
  ["an app", asApp],
  ["an app, by force", (over) => asApp({ skipCache: true, ...over })],
  ["a token exchange", exchanging],
  ["a code", withCode],
];
/** Every flow with two failures, and the first one with all. */
const cells = flows.flatMap(([flow, ask], index) =>
  failures
    .filter((_, number) => index === 0 || number === 0 || number === 3)
    .map((how) => [flow, how[0], ask, how[1], how[2]] as const),
);

describe("a loop over a failing call", () => {
  it.each(cells)("for %s after %s sends at most ten requests a second", async (_f, _h, ask, answer, code) => {
    await withCode();
    outage = answer;
    const before = provider.count("token");
    const errors: Failed[] = [];
    // Three seconds, in each of which the caller tries fifty times.
    for (let turn = 0; turn < 150; turn += 1) {
      const error = await failure(ask());
      errors.push(error);
      provider.clock.advance(0.02);
    }
    expect(provider.count("token") - before).toBeLessThanOrEqual(30);
    expect(new Set(errors.map(({ errorCode }) => errorCode))).toEqual(new Set([code]));
    // Each caller has an error of its own.
    expect(new Set(errors).size).toBe(errors.length);
    expect(new Set(errors.map(({ correlationId }) => correlationId)).size).toBe(errors.length);
    const told = (await failure(ask())).retryAfterSeconds ?? 0;
    expect(told).toBeGreaterThan(0);
    outage = undefined;
    provider.clock.advance(told);
    expect(await ask()).toMatchObject({ fromCache: false });
  });

  it("pauses longer and longer, for half a minute at most", async () => {
    // The shortest pause of each.
    jest.spyOn(Math, "random").mockReturnValue(0);
    outage = { reset: true };
    const told: number[] = [];
    const sent: number[] = [];
    for (let turn = 0; turn < 14; turn += 1) {
      const { retryAfterSeconds = 0 } = await failure(asApp());
      told.push(retryAfterSeconds);
      sent.push(provider.count("token"));
      provider.clock.advance(retryAfterSeconds);
    }
    // Rounded up to whole seconds, and as long as the host is left alone.
    expect(told).toEqual([1, 1, 1, 1, 1, 2, 4, 8, 15, 15, 15, 15, 15, 15]);
    // Each call is tried three times, until the host is left alone; then once, when it is tried again.
    expect(sent).toEqual([3, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  it("does not pause another resource or user, nor what finds its token", async () => {
    const [one, two] = [
      await redeem(app, { code: "one", scopes }),
      await redeem(app, { code: "two", scopes }),
    ];
    const [first, second] = [one.account, two.account];
    if (!first || !second) throw new Error("nobody is signed in");
    outage = { reset: true };
    for (let turn = 0; turn < 5; turn += 1)
      await failure(app.acquireTokenSilent({ account: first, scopes: ["api:write"] }));
    outage = undefined;
    expect(await app.acquireTokenSilent({ account: first, scopes: ["api:other"] })).toBeDefined();
    expect(await app.acquireTokenSilent({ account: second, scopes: ["api:write"] })).toBeDefined();
    expect(await app.acquireTokenSilent({ account: first, scopes })).toMatchObject({ fromCache: true });
  });

  it("does not end with a pause of hours when the clock is set back", async () => {
    outage = { reset: true };
    for (let turn = 0; turn < 5; turn += 1) await failure(asApp());
    outage = undefined;
    provider.clock.advance(-7200);
    expect(await asApp()).toMatchObject({ fromCache: false });
  });
});

describe("a refusal", () => {
  const refusals: readonly (readonly [string, Answer, object])[] = [
    ["invalid_grant", { status: 400, body: { error: "invalid_grant" } }, { errorCode: "invalid_grant" }],
    [
      "that the user must act",
      { status: 400, body: { error: "interaction_required", claims: "the claims" } },
      { name: "InteractionRequiredAuthError", claims: "the claims" },
    ],
  ];

  it.each(refusals)(
    "(%s) of a refresh token is remembered until something changes",
    async (_, answer, says) => {
      await withCode();
      const write: Ask = (over) => silently({ scopes: ["api:write"], ...over });
      outage = answer;
      const before = provider.count("token");
      for (let minute = 0; minute < 50; minute += 1) {
        expect(await failure(write())).toMatchObject(says);
        provider.clock.advance(60);
      }
      expect(provider.count("token") - before).toBe(1);
      // Another request.
      await failure(write({ claims: '{"access_token":{"a":null}}' }));
      await failure(write({ forceRefresh: true }));
      await failure(write({ forceRefresh: true }));
      expect(provider.count("token") - before).toBe(3);
      // Other tokens.
      outage = undefined;
      await withCode();
      expect(await write()).toMatchObject({ fromCache: false });
    },
  );

  it("of a refresh token is forgotten when another process has signed the user in", async () => {
    const store = createMemoryTokenStore();
    app = provider.confidential({ cache: { store } });
    await withCode();
    const write: Ask = () => silently({ scopes: ["api:write"] });
    outage = { status: 400, body: { error: "invalid_grant" } };
    await failure(write());
    await failure(write());
    const sent = provider.count("token");
    outage = undefined;
    await redeem(provider.confidential({ cache: { store } }), { scopes });
    expect(await write()).toMatchObject({ fromCache: false });
    expect(provider.count("token")).toBe(sent + 2);
  });

  it("of a refresh token, after other failures, does not hold back a user who signs in again", async () => {
    await withCode();
    const write: Ask = () => silently({ scopes: ["api:write"] });
    outage = { reset: true };
    for (let turn = 0; turn < 4; turn += 1) {
      const { retryAfterSeconds = 0 } = await failure(write());
      provider.clock.advance(retryAfterSeconds);
    }
    outage = { status: 400, body: { error: "invalid_grant" } };
    expect(await failure(write())).toMatchObject({ errorCode: "invalid_grant" });
    outage = undefined;
    await withCode();
    expect(await write()).toMatchObject({ fromCache: false });
  });

  it.each<[string, Ask, Ask]>([
    ["a code", withCode, () => withCode({ code: "another" })],
    [
      "an imported refresh token",
      () => app.acquireTokenByRefreshToken({ scopes, refreshToken: "the old one" }),
      () => app.acquireTokenByRefreshToken({ scopes, refreshToken: "a new one" }),
    ],
  ])("of %s is remembered, and another one is sent at once", async (_, ask, another) => {
    outage = { status: 400, body: { error: "invalid_grant" } };
    for (let turn = 0; turn < 20; turn += 1) {
      expect(await failure(ask())).toMatchObject({ errorCode: "invalid_grant" });
      provider.clock.advance(30);
    }
    expect(provider.count("token")).toBe(1);
    outage = undefined;
    expect(await another()).toMatchObject({ fromCache: false });
  });

  const onBehalf: Ask = (over) =>
    app.acquireTokenOnBehalfOf({ scopes, oboAssertion: "an-assertion", ...over });
  const withPassword: Ask = (over) =>
    app.acquireTokenByUsernamePassword({ scopes, username: "ada", password: "wrong-password", ...over });
  it.each<[string, Ask, object]>([
    ["a password", withPassword, { password: "right-password" }],
    ["a token to exchange", exchanging, { subjectToken: "another" }],
    ["an assertion", onBehalf, { oboAssertion: "another" }],
  ])("of %s is told for a minute at most, because it may be mended elsewhere", async (_, ask, another) => {
    outage = refusals[1]?.[1];
    const { retryAfterSeconds = 0 } = await failure(ask());
    expect(retryAfterSeconds).toBeGreaterThanOrEqual(30);
    expect(retryAfterSeconds).toBeLessThanOrEqual(60);
    provider.clock.advance(retryAfterSeconds - 10);
    expect(await failure(ask())).toMatchObject({ retryAfterSeconds: 10 });
    expect(provider.count("token")).toBe(1);
    outage = undefined;
    expect(await ask(another)).toMatchObject({ fromCache: false });
    provider.clock.advance(10);
    expect(await ask()).toMatchObject({ fromCache: false });
  });

  it.each<[string, object]>([
    ["a user", {}],
    ["a user of a session", { sessionKey: "a-session" }],
  ])("of an assertion is forgotten when %s has signed in, and may have consented", async (_, over) => {
    outage = refusals[1]?.[1];
    await failure(onBehalf());
    outage = undefined;
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: "http://localhost/signed-in" });
    provider.answers.token = () => ({ body: provider.tokens({}, { claims: { nonce: flow.nonce } }) });
    await app.acquireTokenByAuthCodeFlow(flow, { code: "one", state: flow.state }, over);
    expect(await onBehalf()).toMatchObject({ fromCache: false });
  });
});
