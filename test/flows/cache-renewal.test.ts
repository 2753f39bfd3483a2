// proves: core/src/client/renewals.ts, core/src/exchange/cache-first.ts, core/src/exchange/freshness.ts
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  accessToken,
  account,
  appScopes,
  codeOf,
  differs,
  document,
  msal,
  Network,
  now,
  refreshToken,
  scopes,
  tessera,
  tokens,
  type Answer,
} from "../support/cache-stage.js";
import { gate } from "../support/gate.js";
import { createTestClock } from "../support/test-clock.js";

describe("a token that is due for renewal", () => {
  const due = { refresh_on: `${now - 10}`, cached_at: `${now - 100}` };

  it("is handed out at once, and renewed in the background", async () => {
    const text = document({ AccessToken: accessToken(due), RefreshToken: refreshToken() });
    await differs(
      async (library) => {
        const held = gate();
        const app = library(new Network(() => held.opened.then(() => tokens())));
        app.getTokenCache().deserialize(text);
        let answered = false;
        const silent = app.acquireTokenSilent({ scopes, account }).then(() => (answered = true));
        for (let turn = 0; turn < 50; turn += 1) await nextTurn();
        const atOnce = answered;
        held.open();
        await silent;
        return atOnce;
      },
      true,
      false,
    );
  });

  it.each(["user", "app"])(
    "stays in use when that fails, and is tried again after a while: %s",
    async (whose) => {
      const clock = createTestClock();
      const network = new Network(() => Promise.reject(new Error("no network")));
      const app = tessera(network, { system: { clock, retries: 0 } });
      const bound = whose === "app" ? { home_account_id: "", target: appScopes[0] } : {};
      app
        .getTokenCache()
        .deserialize(
          document({ AccessToken: accessToken({ ...due, ...bound }), RefreshToken: refreshToken() }),
        );
      for (const requests of [1, 1, 2]) {
        if (requests === 2) clock.advance(60);
        const result =
          whose === "app"
            ? app.acquireTokenByClientCredential({ scopes: appScopes })
            : app.acquireTokenSilent({ scopes, account });
        expect(await result).toMatchObject({ fromCache: true, accessToken: "at" });
        for (let turn = 0; turn < 50; turn += 1) await nextTurn();
        expect(network.forms).toHaveLength(requests);
      }
    },
  );

  it("stays in use when that fails in its last five minutes; with the peer, the call fails", async () => {
    const text = document({
      AccessToken: accessToken({ expires_on: `${now + 200}`, cached_at: `${now - 3400}` }),
      RefreshToken: refreshToken(),
    });
    await differs(
      async (library) => {
        const network = new Network(() => Promise.reject(new Error("no network")));
        const app = library(network);
        app.getTokenCache().deserialize(text);
        const ask = (): Promise<string> =>
          app.acquireTokenSilent({ scopes, account }).then(() => "a token", codeOf);
        return ask();
      },
      "a token",
      "network_error",
    );
  });

  it("that cannot be had is asked for once more and then less and less; with the peer, each time", async () => {
    await differs(
      async (library) => {
        const network = new Network(() => Promise.reject(new Error("no network")));
        const app = library(network, { system: { clock: createTestClock(), retries: 0 } });
        for (let turn = 0; turn < 10; turn += 1)
          await app.acquireTokenByClientCredential({ scopes: appScopes }).catch(codeOf);
        return network.forms.length;
      },
      2,
      10,
    );
  });

  it("of an app lets a failure escape with the peer", async () => {
    const app = msal(new Network(() => Promise.reject(new Error("no network"))));
    app
      .getTokenCache()
      .deserialize(
        document({ AccessToken: accessToken({ ...due, home_account_id: "", target: appScopes[0] }) }),
      );
    await expect(app.acquireTokenByClientCredential({ scopes: appScopes })).rejects.toThrow();
  });
});

describe("a cached token, to the second,", () => {
  // The latest moment that a process may choose.
  beforeEach(() => {
    jest.spyOn(Math, "random").mockReturnValue(0);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  const seconds = (after: number): string => `${now + after}`;
  const old = (left: number): Answer => ({ cached_at: seconds(-3600), expires_on: seconds(left) });
  it.each<{
    readonly when: string;
    readonly over: Answer;
    readonly fromCache: boolean;
    readonly requests: number;
  }>([
    { when: "has more than a fifth of its lifetime left", over: old(1000), fromCache: true, requests: 0 },
    { when: "has a fifth of its lifetime left", over: old(890), fromCache: true, requests: 1 },
    { when: "has five minutes left", over: old(300), fromCache: true, requests: 1 },
    { when: "has less than that", over: old(299), fromCache: false, requests: 1 },
    { when: "says no end", over: { expires_on: "soon" }, fromCache: false, requests: 1 },
    { when: "is not yet due", over: { refresh_on: seconds(1) }, fromCache: true, requests: 0 },
    { when: "is due", over: { refresh_on: seconds(0) }, fromCache: true, requests: 1 },
    { when: "was written in the next second", over: { cached_at: seconds(1) }, fromCache: true, requests: 0 },
    {
      when: "was written later than that: the clock was turned back",
      over: { cached_at: seconds(2) },
      fromCache: false,
      requests: 1,
    },
  ])("that $when: from the cache: $fromCache, requests: $requests", async ({ over, fromCache, requests }) => {
    const network = new Network();
    const app = tessera(network, { system: { clock: createTestClock(now * 1000) } });
    const text = document({ AccessToken: accessToken(over), RefreshToken: refreshToken() });
    app.getTokenCache().deserialize(text);
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache });
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    expect(network.forms).toHaveLength(requests);
  });

  it.each([
    { left: 300, outcome: "renewed" },
    { left: 299, outcome: "refresh_token_expired" },
  ])("whose refresh token has $left seconds left: $outcome", async ({ left, outcome }) => {
    const app = tessera(new Network(), { system: { clock: createTestClock(now * 1000) } });
    app.getTokenCache().deserialize(document({ RefreshToken: refreshToken({ expires_on: seconds(left) }) }));
    expect(await app.acquireTokenSilent({ scopes, account }).then(() => "renewed", codeOf)).toBe(outcome);
  });
});
