// A token is used until a margin before its end, and the margin is never the whole of its life.
// proves: core/src/exchange/freshness.ts, core/src/request/renewal.ts
import { describe, expect, it } from "@jest/globals";
import type { AccountInfo, CacheOptions } from "@tessera/node";
import {
  appScopes,
  clientSecret,
  clientId,
  codeOf,
  differs,
  document,
  accessToken,
  Network,
  now,
  refreshToken,
  scopes,
  signIn,
  tenant,
  tessera,
  tokens,
  account as alice,
  type Answer,
  type App,
} from "../support/cache-stage.js";
import { createTestClock } from "../support/test-clock.js";
import { ConfidentialClientApplication } from "@tessera/node";

type Ask = (app: App, account: AccountInfo, margin?: number) => Promise<{ readonly fromCache: boolean }>;
const given = (renewalMarginSeconds: number | undefined) =>
  renewalMarginSeconds === undefined ? {} : { renewalMarginSeconds };

/** Every flow that looks into the cache. */
const flows: Readonly<Record<string, Ask>> = {
  "a user's": (app, account, margin) => app.acquireTokenSilent({ scopes, account, ...given(margin) }),
  "an app's": (app, _, margin) => app.acquireTokenByClientCredential({ scopes: appScopes, ...given(margin) }),
  "on behalf of a user": (app, _, margin) =>
    app.acquireTokenOnBehalfOf({ scopes, oboAssertion: "the assertion", ...given(margin) }),
};

const answering = (expires_in: number, over: Answer = {}): Network =>
  new Network(({ grant_type: grant }) =>
    grant === "client_credentials"
      ? { token_type: "Bearer", access_token: `app-${Math.random()}`, expires_in }
      : tokens({ expires_in, ...over }),
  );

describe.each(Object.entries(flows))("a token that lives five minutes or less, %s,", (_, ask) => {
  it.each([10, 60, 240])("%d seconds, is a hit", async (lifetime) => {
    await differs(
      async (library) => {
        const network = answering(lifetime);
        const app = library(network);
        const account = (await signIn(app)).account as AccountInfo;
        network.forms.length = 0;
        for (let call = 0; call < 5; call += 1) await ask(app, account);
        return network.forms.length;
      },
      ask === flows["a user's"] ? 0 : 1,
      5,
    );
  });
});

describe.each(Object.entries(flows))("%s token", (_, ask) => {
  it.each<{
    readonly lifetime: number;
    readonly age: number;
    readonly hit: boolean;
    readonly app?: number;
    readonly request?: number;
  }>([
    { lifetime: 3600, age: 3300, hit: true },
    { lifetime: 3600, age: 3301, hit: false },
    { lifetime: 600, age: 300, hit: true },
    { lifetime: 600, age: 301, hit: false },
    { lifetime: 300, age: 150, hit: true },
    { lifetime: 300, age: 151, hit: false },
    { lifetime: 1, age: 0, hit: true },
    { lifetime: 1, age: 1, hit: false },
    { lifetime: 0, age: 0, hit: false },
    { app: 600, lifetime: 3600, age: 3000, hit: true },
    { app: 600, lifetime: 3600, age: 3001, hit: false },
    { app: 600, lifetime: 601, age: 1, hit: true },
    { app: 600, lifetime: 601, age: 2, hit: false },
    { app: 600, lifetime: 600, age: 300, hit: true },
    { app: 600, lifetime: 600, age: 301, hit: false },
    { app: 0, lifetime: 3600, age: 3599, hit: true },
    { app: 0, lifetime: 3600, age: 3600, hit: false },
    { app: 600, request: 60, lifetime: 3600, age: 3540, hit: true },
    { app: 600, request: 60, lifetime: 3600, age: 3541, hit: false },
    { request: 3000, lifetime: 3600, age: 600, hit: true },
    { request: 3000, lifetime: 3600, age: 601, hit: false },
    { request: 7200, lifetime: 3600, age: 1800, hit: true },
    { request: 7200, lifetime: 3600, age: 1801, hit: false },
    { request: 0, lifetime: 3600, age: 3599, hit: true },
  ])("as old as it says, with the margin asked for: %j", async ({ lifetime, age, hit, app, request }) => {
    const clock = createTestClock(now * 1000);
    const cache: CacheOptions = app === undefined ? {} : { renewalMarginSeconds: app };
    const application = tessera(answering(lifetime), { cache, system: { clock } });
    const account = (await signIn(application)).account as AccountInfo;
    await ask(application, account);
    clock.advance(age);
    expect((await ask(application, account, request)).fromCache).toBe(hit);
  });
});

describe("a refresh token", () => {
  it.each([
    { lifetime: 200, age: 100, outcome: "renewed" },
    { lifetime: 200, age: 101, outcome: "refresh_token_expired" },
    { lifetime: 3600, age: 3300, outcome: "renewed" },
    { lifetime: 3600, age: 3301, outcome: "refresh_token_expired" },
    { lifetime: 200, age: 199, offset: 0, outcome: "renewed" },
    { lifetime: 3600, age: 1800, offset: 7200, outcome: "renewed" },
  ])("is used up to a margin that it has when it is new: %j", async ({ lifetime, age, offset, outcome }) => {
    const clock = createTestClock(now * 1000);
    const network = answering(10, { refresh_token_expires_in: lifetime });
    const app = tessera(network, { system: { clock } });
    const account = (await signIn(app)).account as AccountInfo;
    clock.advance(age);
    const silent = app.acquireTokenSilent({
      scopes,
      account,
      ...(offset === undefined ? {} : { refreshTokenExpirationOffsetSeconds: offset }),
    });
    expect(await silent.then(() => "renewed", codeOf)).toBe(outcome);
  });
});

describe("of a token in a stored cache", () => {
  it.each([
    { cached_at: undefined, expires_on: `${now + 299}`, hit: false },
    { cached_at: undefined, expires_on: `${now + 301}`, hit: true },
    { cached_at: `${now}`, expires_on: `${now - 1000}`, hit: false },
    { cached_at: `${now - 10}`, expires_on: `${now - 1}`, hit: false },
  ])("the life is what it says, or not known: %j", async ({ hit, ...over }) => {
    const app = tessera(new Network(), { system: { clock: createTestClock(now * 1000) } });
    app
      .getTokenCache()
      .deserialize(document({ AccessToken: accessToken(over), RefreshToken: refreshToken() }));
    expect(await app.acquireTokenSilent({ scopes, account: alice })).toMatchObject({ fromCache: hit });
  });
});

const wrong: readonly [unknown, RegExp][] = [
  [-1, /renewalMarginSeconds is -1: pass a number of seconds, 0 or more/],
  [Number.NaN, /is NaN/],
  [Number.POSITIVE_INFINITY, /is Infinity/],
  ["300", /is a string/],
  [{}, /is a object/],
];

describe("a margin that is none", () => {
  it.each(wrong)("%p is refused in the configuration, and in a request", async (value, says) => {
    const margin = { renewalMarginSeconds: value as number };
    const auth = { clientId, clientSecret, authority: `https://login.microsoftonline.com/${tenant}` };
    expect(() => new ConfidentialClientApplication({ auth, cache: margin })).toThrow(says);
    const app = tessera(new Network());
    await expect(app.acquireTokenByClientCredential({ scopes: appScopes, ...margin })).rejects.toMatchObject({
      errorCode: "invalid_option",
      errorMessage: expect.stringMatching(says),
    });
  });
});
