// The one call: who is asked, when and how. The table stands in docs/public-client.md, too.
// proves: node/src/interactive/one-call.ts
import { describe, expect, test } from "@jest/globals";
import { AuthError, type PublicTokenRequest } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import {
  alice,
  bob,
  browserVariables,
  oneCallStage,
  scopes,
  type Username,
} from "../support/one-call-stage.js";

const stage = oneCallStage();

describe("the decision table", () => {
  interface Row {
    readonly known: readonly Username[];
    readonly request?: Partial<PublicTokenRequest>;
    readonly account?: Username;
    /** Who answers when asked, and where. */
    readonly browser?: Username;
    readonly device?: Username;
    readonly gets: Username | "no_browser";
    readonly asked: "nobody" | "browser" | "device";
  }
  const rows: Readonly<Record<string, Row>> = {
    "the chosen account among several": { known: [alice, bob], account: bob, gets: bob, asked: "nobody" },
    "the only account": { known: [alice], gets: alice, asked: "nobody" },
    "the only account, though it could ask": {
      known: [alice],
      browser: bob,
      device: bob,
      gets: alice,
      asked: "nobody",
    },
    "several accounts, and a login hint that fits one": {
      known: [alice, bob],
      request: { loginHint: bob },
      gets: bob,
      asked: "nobody",
    },
    "several accounts: the browser": { known: [alice, bob], browser: bob, gets: bob, asked: "browser" },
    "a login hint that fits none: the browser": {
      known: [alice],
      request: { loginHint: bob },
      browser: bob,
      gets: bob,
      asked: "browser",
    },
    "nobody known: the browser": { known: [], browser: alice, gets: alice, asked: "browser" },
    "nobody known, both ways: the browser": {
      known: [],
      browser: alice,
      device: bob,
      gets: alice,
      asked: "browser",
    },
    "nobody known, no browser: the device code": { known: [], device: alice, gets: alice, asked: "device" },
    "nobody known, neither way": { known: [], gets: "no_browser", asked: "nobody" },
    "several accounts, neither way": { known: [alice, bob], gets: "no_browser", asked: "nobody" },
  };
  test.each(Object.entries(rows))("%s", async (_, row) => {
    const app = await stage.appOf(...row.known);
    stage.entra.authority.clearRequests();
    const browser = row.browser && stage.user(row.browser);
    const result = app.acquireToken({
      scopes,
      ...row.request,
      ...(row.account ? { account: await stage.accountIn(app, row.account) } : {}),
      ...(browser ? { openBrowser: browser.openBrowser } : {}),
      ...(row.device ? { onDeviceCode: stage.onDeviceCode(row.device) } : {}),
    });
    const got = await result.then(
      (tokens) => accountOf(tokens).username,
      (error: unknown) => (error instanceof AuthError ? error.errorCode : error),
    );
    expect(got).toBe(row.gets);
    expect(stage.askedWhere()).toEqual(row.asked === "nobody" ? [] : [row.asked]);
    if (row.known.length > 0 && row.asked === "nobody") expect(stage.entra.authority.requests).toEqual([]);
    if (browser && row.request?.loginHint) {
      expect(browser.visits[0]?.searchParams.get("login_hint")).toBe(row.request.loginHint);
    }
  });

  const isLinux = process.platform === "linux";
  (isLinux ? test : test.skip)("a desktop whose browser cannot be started: the device code", async () => {
    for (const name of browserVariables) Reflect.deleteProperty(process.env, name);
    // The system's launcher is real; there is nothing at this display.
    const launcher = { DISPLAY: ":9", BROWSER: "/bin/false", PATH: "/usr/bin:/bin" };
    const saved = Object.fromEntries(Object.keys(launcher).map((name) => [name, process.env[name]]));
    Object.assign(process.env, launcher);
    try {
      const result = await stage
        .publicClient()
        .acquireToken({ scopes, onDeviceCode: stage.onDeviceCode(alice) });
      expect(accountOf(result).username).toBe(alice);
      expect(stage.askedWhere()).toEqual(["device"]);
    } finally {
      for (const [name, value] of Object.entries(saved)) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
    }
  });

  test("an expired token is renewed without asking", async () => {
    const app = await stage.appOf(alice);
    stage.entra.clock.advance(4000);
    const browser = stage.user(bob);
    const { account, fromCache } = await app.acquireToken({ scopes, openBrowser: browser.openBrowser });
    expect(account?.username).toBe(alice);
    expect(fromCache).toBe(false);
    expect(browser.visits).toEqual([]);
  });

  test("a network that is down is no reason to ask: a usable token is returned, then it is an error", async () => {
    const app = await stage.appOf(alice);
    stage.entra.clock.advance(3500);
    const fault = stage.entra.authority.fault({ match: "token", reset: true, times: Infinity });
    const browser = stage.user(alice);
    try {
      const stale = await app.acquireToken({ scopes, openBrowser: browser.openBrowser });
      expect(stale).toMatchObject({ isStale: true, account: { username: alice } });
      // Usually, Entra's `ext_expires_in` is the lifetime, so nothing is extended.
      stage.entra.clock.advance(100);
      await expect(app.acquireToken({ scopes, openBrowser: browser.openBrowser })).rejects.toMatchObject({
        errorCode: "network_error",
      });
    } finally {
      fault.clear();
    }
    expect(browser.visits).toEqual([]);
  });

  test.each(["browser", "device"] as const)("claims of a refusal are passed on: %s", async (way) => {
    const app = await stage.appOf(alice);
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: "c1" } } });
    stage.entra.clock.advance(4000);
    stage.entra.authority.clearRequests();
    stage.entra.authority.fault({
      match: ({ form }) => form["grant_type"] === "refresh_token",
      status: 400,
      body: JSON.stringify({ error: "interaction_required", suberror: "basic_action", claims }),
      times: 2,
    });
    const browser = stage.user(alice);
    const ask =
      way === "browser" ? { openBrowser: browser.openBrowser } : { onDeviceCode: stage.onDeviceCode(alice) };
    await app.acquireToken({ scopes, ...ask });
    const sent =
      way === "browser"
        ? browser.visits[0]?.searchParams.get("claims")
        : stage.entra.authority.requests.find(({ endpoint }) => endpoint === "device-code")?.form["claims"];
    expect(JSON.parse(sent ?? "{}")).toMatchObject(JSON.parse(claims));
    // Who has to act is known: nobody has to be picked.
    const { loginHint } = await stage.accountIn(app, alice);
    if (way === "browser") expect(browser.visits[0]?.searchParams.get("login_hint")).toBe(loginHint);
  });

  test("an app that cannot ask learns why the user would have to act", async () => {
    const app = await stage.appOf(alice);
    stage.entra.authority.revokeSignInSessions(alice);
    stage.entra.clock.advance(4000);
    await expect(app.acquireToken({ scopes })).rejects.toMatchObject({
      errorCode: "no_browser",
      cause: expect.objectContaining({ name: "InteractionRequiredAuthError" }),
    });
  });
});
