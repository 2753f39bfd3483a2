// A token that can still be used is served when its renewal fails, and renewed in the background while calls go on.
// proves: core/src/cache/renewal-time.ts, core/src/exchange/stale-tokens.ts, core/src/exchange/wanted.ts, core/src/exchange/freshness.ts, core/src/client/renewals.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { AuthenticationResult, BackgroundRenewal, ConfidentialClientApplication } from "@tessera/node";
import { agentStage, ask as askForAgent } from "../support/agent-stage.js";
import { redeem, startFakeProvider, type Answer, type FakeProvider } from "../support/fake-provider.js";

let provider: FakeProvider;
let app: ConfidentialClientApplication;
const renewals: BackgroundRenewal[] = [];
/** How the token endpoint answers. */
let outage: Answer | undefined;
let extended = {};

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  jest.spyOn(Math, "random").mockReturnValue(0);
  provider.reset();
  renewals.length = 0;
  outage = undefined;
  extended = {};
  provider.answers.token = () =>
    outage ?? {
      body: provider.tokens({
        access_token: `token ${provider.count("token")}`,
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        ...extended,
      }),
    };
  app = provider.confidential({
    system: { onBackgroundRenewal: (renewal: BackgroundRenewal) => void renewals.push(renewal) },
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

type Ask = (over?: object) => Promise<AuthenticationResult>;
const scopes = ["openid", "api:read"];
const silently: Ask = async (over) => {
  const [account] = await app.getAllAccounts();
  if (!account) throw new Error("nobody is signed in");
  return app.acquireTokenSilent({ account, scopes, ...over });
};
const asApp: Ask = (over) => app.acquireTokenByClientCredential({ scopes: ["api:read"], ...over });
const exchanging: Ask = (over) =>
  app.acquireTokenByTokenExchange({ subjectToken: "it", subjectTokenType: "access_token", ...over });
/** Waits until the renewals in the background have ended. */
const renewalsEnd = async (count: number): Promise<void> => {
  while (renewals.length < count) await new Promise((resolve) => setImmediate(resolve));
};

describe.each<[string, Ask, Ask, object]>([
  ["a user", () => redeem(app, { scopes }), silently, { forceRefresh: true }],
  ["an app", asApp, asApp, { skipCache: true }],
  ["a token exchange", exchanging, exchanging, { skipCache: true }],
])("the token of %s", (_, first, ask, anew) => {
  it.each<[string, Answer]>([
    ["a reset connection", { reset: true }],
    ["a server error", { status: 503, body: { error: "temporarily_unavailable" } }],
    ["a throttled request", { status: 429, body: { error: "slow_down" }, headers: { "retry-after": "60" } }],
    ["no JSON", { status: 200, body: "<html>" }],
    ["a refusal", { status: 400, body: { error: "invalid_grant" } }],
  ])("is served in its last five minutes after %s, marked, and renewed later", async (_why, answer) => {
    const { accessToken } = await first();
    provider.clock.advance(3400);
    outage = answer;
    for (let call = 0; call < 3; call += 1)
      expect(await ask()).toMatchObject({ accessToken, fromCache: true, isStale: true });
    // Once for a caller, and once in the background.
    await renewalsEnd(1);
    expect(renewals).toMatchObject([{ error: expect.anything(), authority: `${provider.url}/` }]);
    outage = undefined;
    provider.clock.advance(61);
    if (answer.body !== undefined && (answer.body as { error?: string }).error === "invalid_grant") return;
    await ask();
    await renewalsEnd(2);
    expect(renewals[1]?.error).toBeUndefined();
    const renewed = await ask();
    expect(renewed.accessToken).not.toBe(accessToken);
    expect(renewed.isStale).toBeUndefined();
  });

  it("is not served once it has expired", async () => {
    await first();
    provider.clock.advance(3600);
    outage = { reset: true };
    await expect(ask()).rejects.toMatchObject({ errorCode: "network_error" });
  });

  it("is not served to a caller who asks for a new one", async () => {
    await first();
    outage = { reset: true };
    await expect(ask(anew)).rejects.toMatchObject({ errorCode: "network_error" });
    await expect(ask({ claims: '{"access_token":{"a":null}}' })).rejects.toMatchObject({
      errorCode: "network_error",
    });
  });
});

describe("a token with an extended lifetime", () => {
  it.each<[string, Ask, Ask]>([
    ["a user", () => redeem(app, { scopes }), silently],
    ["an app", asApp, asApp],
  ])("is served during an outage, and not after a refusal: %s", async (_, first, ask) => {
    // As at Entra, an app gets no refresh token, with which its tokens would be kept anyway.
    extended = { ext_expires_in: 7200, ...(ask === asApp ? { refresh_token: undefined } : {}) };
    const { accessToken } = await first();
    provider.clock.advance(4000);
    outage = { reset: true };
    expect(await ask()).toMatchObject({ accessToken, isStale: true });
    outage = { status: 400, body: { error: "invalid_client" } };
    // The calls pause for a moment after the outage.
    provider.clock.advance(1);
    await expect(ask()).rejects.toMatchObject({ errorCode: "invalid_client" });
  });

  it.each([7200, 3600])("is not served when %i seconds have passed since its issue", async (seconds) => {
    extended = { ext_expires_in: seconds, refresh_token: undefined };
    await asApp();
    outage = { reset: true };
    provider.clock.advance(seconds - 10);
    expect(await asApp()).toMatchObject({ isStale: true });
    provider.clock.advance(11);
    await expect(asApp()).rejects.toMatchObject({ errorCode: "network_error" });
  });
});

it("a token of an agent's user is served, and the caller who leaves gets none", async () => {
  const stage = agentStage();
  const agents = stage.app();
  const { accessToken } = await askForAgent(agents);
  stage.clock.advance(3400);
  stage.arrived = () => Promise.reject(new Error("no network"));
  expect(await askForAgent(agents)).toMatchObject({ accessToken, isStale: true });
  const left = askForAgent(agents, { signal: AbortSignal.abort(), skipCache: true });
  await expect(left).rejects.toMatchObject({ errorCode: "request_aborted" });
});

describe("a renewal in the background", () => {
  it("says whose token it renewed, and a listener that fails harms nobody", async () => {
    app = provider.confidential({
      system: {
        onBackgroundRenewal: (renewal: BackgroundRenewal) => {
          renewals.push(renewal);
          throw new Error("of the listener");
        },
      },
    });
    const { account } = await redeem(app, { scopes });
    provider.clock.advance(3000);
    expect(await silently()).toMatchObject({ fromCache: true });
    await renewalsEnd(1);
    expect(renewals).toMatchObject([
      { account: { homeAccountId: account?.homeAccountId }, scopes, expiresOn: expect.any(Date) },
    ]);
    expect(JSON.stringify(renewals)).not.toContain("token 2");
    expect(await silently()).toMatchObject({ fromCache: true, accessToken: "token 2" });
  });

  it("starts at another time in each process", async () => {
    const starts = new Set<number>();
    for (const random of [0, 0.5, 1]) {
      jest.spyOn(Math, "random").mockReturnValue(random);
      provider.reset();
      app = provider.confidential();
      await asApp();
      for (let minute = 0; provider.count("token") === 1; minute += 1) {
        provider.clock.advance(60);
        expect(await asApp()).toMatchObject({ fromCache: true });
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        if (provider.count("token") > 1) starts.add(minute);
      }
    }
    expect([...starts].every((minute) => minute >= 40 && minute <= 50)).toBe(true);
    expect(starts.size).toBe(3);
  });
});
