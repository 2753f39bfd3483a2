// A request that repeats an earlier one is answered without being checked and looked up again: nobody may be able to tell.
// proves: core/src/exchange/repeated-hit.ts, core/src/cache/memory/question.ts, core/src/cache/memory/memo.ts
import { describe, expect, it } from "@jest/globals";
import type { AuthenticationResult } from "@tessera/node";
import {
  account,
  accessToken,
  appScopes,
  document,
  Network,
  now,
  otherTenant,
  refreshToken,
  scopes,
  tenant,
  tessera,
  tokens,
  type Answer,
  type App,
} from "../support/cache-stage.js";
import { createTestClock } from "../support/test-clock.js";

/** A token of the user, one of the app, and one for an assertion; the network refuses everything. */
function stage() {
  const clock = createTestClock(now * 1000);
  const network: Network = new Network(({ assertion, scope }) =>
    assertion === "known" && scope?.startsWith("User.Read ") && network.forms.length === 1
      ? tokens({ access_token: "on behalf" })
      : { error: "invalid_request", error_description: "asked" },
  );
  const app = tessera(network, { system: { clock } });
  const ofApp = { home_account_id: "", target: appScopes[0], secret: "of the app" };
  app.getTokenCache().deserialize(document({ AccessToken: accessToken(), RefreshToken: refreshToken() }));
  app.getTokenCache().deserialize(document({ AccessToken: accessToken(ofApp) }));
  return { app, clock, network };
}

/** What a caller sees. */
async function outcome(call: Promise<AuthenticationResult>): Promise<unknown> {
  try {
    return { ...(await call), correlationId: expect.any(String) };
  } catch (error) {
    const { errorCode, errorMessage } = error as { errorCode?: string; errorMessage?: string };
    return { errorCode, errorMessage };
  }
}

type Change = readonly [string, Answer];
const CHANGES: readonly Change[] = [
  ["nothing", {}],
  ["other scopes", { scopes: ["Mail.Read"] }],
  ["scopes in capitals", { scopes: ["USER.READ"] }],
  ["scopes with a blank", { scopes: [" User.Read "] }],
  ["one scope more", { scopes: ["User.Read", "Mail.Read"] }],
  ["scopes that are a text", { scopes: "User.Read" }],
  ["no scopes", { scopes: undefined }],
  ["the same authority", { authority: `https://login.microsoftonline.com/${tenant}` }],
  ["another tenant", { authority: `https://login.microsoftonline.com/${otherTenant}` }],
  ["another cloud", { authority: `https://login.microsoftonline.us/${tenant}` }],
  ["an authority that is none", { authority: "here" }],
  ["null fields", { claims: null, authority: null, correlationId: null }],
  ["claims", { claims: '{"access_token":{"a":null}}' }],
  ["claims that are none", { claims: "a" }],
  ["static claims", { claimsFromClient: '{"access_token":{"a":null}}' }],
  ["extra parameters", { extraParameters: { a: "b" } }],
  ["extra parameters that are none", { extraParameters: "b" }],
  ["a resource", { resource: "https://api.example" }],
  ["a resource that is none", { resource: "api" }],
  ["a refused token", { refusedToken: "at" }],
  ["a longer margin", { renewalMarginSeconds: 3500 }],
  ["a margin that is none", { renewalMarginSeconds: "long" }],
  ["forceRefresh", { forceRefresh: true }],
  ["no forceRefresh", { forceRefresh: false }],
  ["skipCache", { skipCache: true }],
  ["no skipCache", { skipCache: false }],
  ["a timeout", { timeoutMs: 1000 }],
  ["a timeout that is none", { timeoutMs: -1 }],
  ["an aborted signal", { signal: AbortSignal.abort() }],
  ["details", { authorizationDetails: [{ type: "a" }] }],
  ["a scheme", { authenticationScheme: "pop" }],
  ["a path", { fmiPath: "a/b" }],
  ["a tenant", { tenantId: otherTenant }],
  ["an unknown field", { whatever: 1 }],
  ["a correlation id of another type", { correlationId: 5 }],
  ["an embedded client", { embeddedClientId: "a" }],
  ["an excluded scope", { excludeScopes: "offline_access" }],
  ["an account of another host", { account: { ...account, environment: "login.microsoftonline.us" } }],
  ["an account under another name of the host", { account: { ...account, environment: "sts.windows.net" } }],
  ["an account in another tenant", { account: { ...account, tenantId: otherTenant } }],
  ["an account of AD FS", { account: { ...account, authorityType: "ADFS" } }],
  ["an account with claims", { account: { ...account, idTokenClaims: { iss: "https://a.example" } } }],
  ["an account without an id", { account: { ...account, homeAccountId: "" } }],
  ["another account", { account: { ...account, homeAccountId: `x.${tenant}` } }],
  ["no account", { account: undefined }],
  ["another assertion", { oboAssertion: "unknown" }],
  ["a session", { sessionKey: "job" }],
];

const FLOWS: Readonly<Record<string, (app: App, change: Answer) => Promise<AuthenticationResult>>> = {
  silent: (app, change) => app.acquireTokenSilent({ scopes, account, ...change }),
  "client credentials": (app, change) => app.acquireTokenByClientCredential({ scopes: appScopes, ...change }),
};

describe.each(Object.entries(FLOWS))("a call of %s after an equal one", (flow, call) => {
  it.each(CHANGES)("differs by %s, and is answered like the first one", async (_what, change) => {
    const first = stage();
    const later = stage();
    for (let calls = 0; calls < 3; calls += 1)
      expect(await call(later.app, {})).toMatchObject({ fromCache: true });
    const expected = await outcome(call(first.app, change));
    expect(await outcome(call(later.app, change))).toEqual(expected);
    expect(later.network.forms.length).toBe(first.network.forms.length);
    expect(await call(later.app, {}).catch(() => "removed")).toBeDefined();
  });

  it("sees the same result, in objects of its own", async () => {
    const { app } = stage();
    await call(app, {});
    const [one, other] = [await call(app, {}), await call(app, {})];
    expect({ ...one, correlationId: other.correlationId }).toEqual(other);
    expect(one.correlationId).not.toBe(other.correlationId);
    expect(one.scopes).not.toBe(other.scopes);
    expect(await call(app, { correlationId: "of the caller" })).toMatchObject({
      correlationId: "of the caller",
    });
  });

  it("is not answered with a token that has expired, was removed, or replaced", async () => {
    const removed = stage();
    await call(removed.app, {});
    removed.app.clearCache();
    expect(await outcome(call(removed.app, {}))).toHaveProperty("errorCode");
    const expired = stage();
    await call(expired.app, {});
    expired.clock.advance(3600);
    expect(await outcome(call(expired.app, {}))).toHaveProperty("errorCode");
  });

  it("is not changed by what the caller does to the first one's objects", async () => {
    const { app } = stage();
    const mine: string[] = [...(flow === "silent" ? scopes : appScopes)];
    const user = { ...account };
    const first = await call(app, { scopes: mine, account: user });
    mine[0] = "Mail.Read";
    user.tenantId = otherTenant;
    first.scopes.push("Mail.Read");
    expect((await call(app, {})).scopes).toEqual((await call(stage().app, {})).scopes);
  });
});
