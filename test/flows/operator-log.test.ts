// At the level Info, which is the default, an operator reads what matters, once each, and nothing else.
// proves: core/src/exchange/operator-lines.ts
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "@jest/globals";
import { LogLevel } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { redeem, scopes, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";

let provider: FakeProvider;
let lines: string[];
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  lines = [];
});
afterEach(() => provider.reset());

const app = () => {
  const loggerCallback = (level: LogLevel, line: string) => {
    if (level === LogLevel.Info) lines.push(line.replace(/^.* - /, ""));
  };
  return provider.confidential({ system: { loggerOptions: { loggerCallback } } });
};
const host = () => new URL(provider.url).hostname;

it("a sign-in and a renewal are one line each, however many wait for them; a hit is none", async () => {
  const own = app();
  const account = accountOf(await redeem(own));
  expect(lines).toEqual(["A user has signed in (authorization_code)."]);
  const silent = () => own.acquireTokenSilent({ scopes, account });
  await silent();
  provider.answers.token = () => ({ body: provider.tokens({}, { claims: { nonce: undefined } }) });
  provider.clock.advance(3590);
  await Promise.all([silent(), silent(), silent()]);
  expect(lines.slice(1)).toEqual(["A token has been renewed (refresh_token)."]);
});

it("a user whose refresh token comes from elsewhere has signed in", async () => {
  await app().acquireTokenByRefreshToken({ scopes, refreshToken: "from-elsewhere", forceCache: true });
  expect(lines).toEqual(["A user has signed in (refresh_token)."]);
});

it("a sign-in that keeps its tokens for one session is a sign-in", async () => {
  const own = app();
  const flow = await own.initiateAuthCodeFlow({ scopes, redirectUri: "http://localhost/signed-in" });
  provider.answers.token = () => ({ body: provider.tokens({}, { claims: { nonce: flow.nonce } }) });
  const { state } = flow;
  await own.acquireTokenByAuthCodeFlow(flow, { code: "one", state }, { sessionKey: "a-session" });
  expect(lines).toEqual(["A user has signed in (authorization_code)."]);
});

it("a token of the app itself is acquired", async () => {
  await app().acquireTokenByClientCredential({ scopes: ["api"] });
  expect(lines).toEqual(["A token has been acquired (client_credentials)."]);
});

it("a pause that a server asks for is one line, and so is the end of an outage", async () => {
  const own = app();
  const appToken = () => own.acquireTokenByClientCredential({ scopes: ["api"] });
  provider.answers.token = () => ({
    status: 429,
    headers: { "retry-after": "3000" },
    body: { error: "slow" },
  });
  for (const _ of [1, 2, 3]) await expect(appToken()).rejects.toThrow();
  expect(lines.filter((line) => line.includes("pause"))).toEqual([
    expect.stringMatching(new RegExp(`^${host()}\\S* asked for a pause of 3000 seconds`)),
  ]);
  provider.reset();
  provider.clock.advance(3001);
  await appToken();
  expect(lines.filter((line) => line.includes("answers again"))).toHaveLength(1);
});

it("a token that is served during an outage is one line for the episode, and so is its end", async () => {
  const own = app();
  const account = accountOf(await redeem(own));
  const silent = () => own.acquireTokenSilent({ scopes, account });
  const good = () => ({ body: provider.tokens({}, { claims: { nonce: undefined } }) });
  const outage = () => ({ status: 503, body: "down" });
  for (const episode of [1, 2]) {
    // A renewal in the background may have brought the token of the last episode earlier than the call.
    provider.answers.token = good;
    await own.acquireTokenSilent({ scopes, account, forceRefresh: true });
    lines.length = 0;
    provider.answers.token = outage;
    provider.clock.advance(3400);
    for (const _ of [1, 2, 3]) {
      expect(await silent()).toMatchObject({ isStale: true });
      // A renewal in the background has time to end.
      await own.close();
      provider.clock.advance(30);
    }
    const served = lines.filter((line) => line.includes("served meanwhile"));
    expect([episode, served]).toEqual([
      episode,
      ["A token cannot be renewed (server_error, HTTP 503): the cached one is served meanwhile."],
    ]);
    provider.answers.token = good;
    provider.clock.advance(600);
    expect(await silent()).not.toHaveProperty("isStale");
    expect(lines.filter((line) => line.includes("can be renewed again"))).toHaveLength(1);
  }
});
