// Background work goes on with the user's account after a call on behalf of the user, and assertions stay apart all the
// same: none gets another's tokens, and none mixes with a sign-in of the user's own.
// proves: core/src/exchange/accept-tokens.ts, core/src/cache/memory/write.ts, core/src/flows/on-behalf-of.ts,
// core/src/cache/storage/cache-access.ts
import { describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore, type AccountInfo, type CacheOptions } from "@tessera/node";
import {
  codeOf,
  differs,
  encoded,
  msal,
  Network,
  now,
  other,
  plugin,
  redirectUri,
  refusal,
  scopes,
  tenant,
  tessera,
  tokens,
  type Answer,
  type App,
} from "../support/cache-stage.js";
import { gate } from "../support/gate.js";
import { createTestClock } from "../support/test-clock.js";
import { storedNames } from "../support/stored.js";

const bob = "10000000-0000-4000-8000-000000000b0b";
const asked = { later: { exp: now + 864_000 } };
let issued = 0;

/** Tokens that say what they were issued for. */
function issuedFor(what: string, over: Answer = {}): Answer {
  issued += 1;
  const mark = `${what}.${issued}`;
  const user = what.startsWith("bob") ? { uid: bob, utid: tenant } : undefined;
  return tokens(
    {
      access_token: `at.${mark}`,
      refresh_token: `rt.${mark}`,
      ...(user ? { client_info: encoded(user) } : {}),
      ...over,
    },
    { ...asked.later, ...(user ? { oid: bob } : {}) },
  );
}

/** An assertion or a code brings tokens of that name, and a refresh token those of the name it has. */
const provider = (over: Answer = {}): Network =>
  new Network(({ assertion, code, refresh_token: old }) =>
    issuedFor(assertion ?? code ?? `${old?.split(".")[1]}`, over),
  );

const onBehalfOf = (app: App, oboAssertion: string, over: object = {}) =>
  app.acquireTokenOnBehalfOf({ scopes, oboAssertion, ...over });
const signIn = (app: App, code: string) => app.acquireTokenByCode({ code, scopes, redirectUri });
const silent = (app: App, account: AccountInfo | null) =>
  app.acquireTokenSilent({ scopes, account: account as AccountInfo });
/** What the token of a result was issued for. */
const origin = ({ accessToken }: { readonly accessToken: string }): string => accessToken.split(".")[1] ?? "";
const serialized = (app: App): string => app.getTokenCache().serialize();

describe("after a call on behalf of a user, the account", () => {
  it("finds the token, and is renewed with the refresh token, as with the peer", async () => {
    await differs(
      async (library) => {
        const app = library(provider({ expires_in: 3600 }));
        const { account } = await onBehalfOf(app, "alice-1");
        const found = await silent(app, account);
        const renewed = await app.acquireTokenSilent({
          scopes,
          account: account as AccountInfo,
          forceRefresh: true,
        });
        return [found.fromCache, origin(found), renewed.fromCache, origin(renewed)];
      },
      [true, "alice-1", false, "alice-1"],
      [true, "alice-1", false, "alice-1"],
    );
  });

  describe.each<[string, () => CacheOptions]>([
    ["memory", () => ({})],
    ["a plugin", () => ({ cachePlugin: plugin({ text: "" }) })],
    ["a token store", () => ({ store: createMemoryTokenStore() })],
  ])("in %s", (kept, options) => {
    it("is served for days, also by another process", async () => {
      const cache = options();
      const clock = createTestClock(now * 1000);
      const open = () => tessera(provider(), { cache, system: { clock } });
      const app = open();
      await onBehalfOf(app, "alice-1");
      for (let day = 0; day < 3; day += 1) {
        const later = kept === "memory" ? app : open();
        const [account] = await later.getAllAccounts();
        expect((await silent(later, account as AccountInfo)).fromCache).toBe(day === 0);
        expect(await silent(later, account as AccountInfo)).toMatchObject({ fromCache: true });
        clock.advance(86_400);
      }
    });

    it("is forgotten when the user is removed", async () => {
      const app = tessera(provider(), { cache: options() });
      const { account } = await onBehalfOf(app, "alice-1");
      await app.removeAccount(account as AccountInfo);
      await expect(silent(app, account)).rejects.toMatchObject({ errorCode: "no_tokens_found" });
    });
  });

  it("has the tokens of the latest assertion, and each assertion has its own", async () => {
    const clock = createTestClock(now * 1000);
    const app = tessera(provider(), { system: { clock } });
    const assertions = ["alice-1", "alice-2", "alice-3"];
    for (const assertion of assertions) {
      const { account } = await onBehalfOf(app, assertion);
      expect(origin(await silent(app, account))).toBe(assertion);
    }
    for (const assertion of assertions) expect(origin(await onBehalfOf(app, assertion))).toBe(assertion);
    clock.advance(3600);
    const [account] = await app.getAllAccounts();
    expect(origin(await silent(app, account as AccountInfo))).toBe("alice-3");
    // Each renews with what it has brought itself.
    for (const assertion of assertions) expect(await onBehalfOf(app, assertion).then(origin)).toBe(assertion);
  });

  it("of one user never gets what came for another", async () => {
    const app = tessera(provider());
    const alice = (await onBehalfOf(app, "alice-1")).account;
    const { account } = await onBehalfOf(app, "bob-1");
    expect(origin(await silent(app, account))).toBe("bob-1");
    expect(origin(await silent(app, alice))).toBe("alice-1");
  });

  it("is nothing to another client on the same cache", async () => {
    const cache = { cachePlugin: plugin({ text: "" }) };
    const { account } = await onBehalfOf(tessera(provider(), { cache }), "alice-1");
    const elsewhere = tessera(provider(), { cache, auth: { clientId: other } });
    await expect(silent(elsewhere, account)).rejects.toMatchObject({ errorCode: "no_tokens_found" });
  });

  it("works again with the next assertion when its refresh token has been refused", async () => {
    let isRevoked = false;
    const network = new Network(({ assertion, refresh_token: old }) =>
      old !== undefined && isRevoked ? refusal() : issuedFor(assertion ?? `${old?.split(".")[1]}`),
    );
    const clock = createTestClock(now * 1000);
    const app = tessera(network, { system: { clock } });
    const { account } = await onBehalfOf(app, "alice-1");
    clock.advance(3600);
    isRevoked = true;
    await expect(silent(app, account)).rejects.toMatchObject({ errorCode: "invalid_grant" });
    await onBehalfOf(app, "alice-2");
    expect(origin(await silent(app, account))).toBe("alice-2");
  });

  it("is served until the token expires, where no refresh token is to be kept", async () => {
    const clock = createTestClock(now * 1000);
    const store = createMemoryTokenStore(clock);
    const app = tessera(provider(), { cache: { store }, system: { clock } });
    const { account } = await onBehalfOf(app, "alice-1", { storeInCache: { refreshToken: false } });
    expect(await silent(app, account)).toMatchObject({ fromCache: true });
    clock.advance(3601);
    expect(await silent(app, account).catch(codeOf)).toBe("no_tokens_found");
    expect(await storedNames(store, "users")).toEqual([]);
  });
});

describe("a sign-in of the user's own", () => {
  it.each(["before", "after"])("comes first, %s the call on behalf of the user", async (when) => {
    const clock = createTestClock(now * 1000);
    const app = tessera(provider(), { system: { clock } });
    if (when === "before") await signIn(app, "web");
    const { account } = await onBehalfOf(app, "alice-1");
    if (when === "after") await signIn(app, "web");
    expect(serialized(app)).not.toContain("on_behalf_of");
    expect(origin(await silent(app, account))).toBe("web");
    clock.advance(3600);
    expect(origin(await silent(app, account))).toBe("web");
    expect(origin(await onBehalfOf(app, "alice-1"))).toBe("alice-1");
  });

  it("is not replaced by a renewal that was on its way", async () => {
    const held = gate();
    const network = new Network(({ assertion, code, refresh_token: old }) => {
      const answer = issuedFor(assertion ?? code ?? `${old?.split(".")[1]}`);
      return old === undefined ? answer : held.opened.then(() => answer);
    });
    const clock = createTestClock(now * 1000);
    const app = tessera(network, { system: { clock } });
    const { account } = await onBehalfOf(app, "alice-1");
    clock.advance(3600);
    const renewal = silent(app, account);
    let isOver = false;
    const over = (): void => void (isOver = true);
    renewal.then(over, over);
    while (!isOver && !network.forms.some((form) => form["refresh_token"]))
      await new Promise((resolve) => setImmediate(resolve));
    await signIn(app, "web");
    held.open();
    await renewal;
    expect(origin(await silent(app, account))).toBe("web");
    expect(serialized(app)).not.toContain("on_behalf_of");
  });

  it("that is over leaves the place to the next assertion", async () => {
    const clock = createTestClock(now * 1000);
    const network = new Network(({ assertion, code }) =>
      issuedFor(assertion ?? code ?? "", code ? { refresh_token: undefined } : {}),
    );
    const app = tessera(network, { system: { clock } });
    await signIn(app, "web");
    clock.advance(3601);
    const { account } = await onBehalfOf(app, "alice-1");
    expect(origin(await silent(app, account))).toBe("alice-1");
  });
});

describe("a session on behalf of a user", () => {
  it("stays with its key: the account has nothing of it, and the error says so", async () => {
    const app = tessera(provider());
    const { account } = await onBehalfOf(app, "alice-1", { sessionKey: "job 42" });
    await expect(silent(app, account)).rejects.toMatchObject({
      errorCode: "no_tokens_found",
      errorMessage: expect.stringContaining("sessionKey"),
    });
    await app.endOnBehalfOfSession("job 42");
    expect(serialized(app)).not.toMatch(/"secret":"[ar]t\./);
  });
});

it("what is kept for the account fails nothing in msal-node on the same file", async () => {
  const file = { text: "" };
  await onBehalfOf(tessera(provider(), { cache: { cachePlugin: plugin(file) } }), "alice-1");
  const peer = msal(provider(), { cache: { cachePlugin: plugin(file) } });
  const [account] = await peer.getTokenCache().getAllAccounts();
  expect(origin(await silent(peer, account as AccountInfo))).toBe("alice-1");
  expect(origin(await onBehalfOf(peer, "alice-1"))).toBe("alice-1");
  const later = tessera(provider(), { cache: { cachePlugin: plugin(file) } });
  expect(origin(await silent(later, account as AccountInfo))).toBe("alice-1");
});
