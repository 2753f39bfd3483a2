import { describe, expect, it } from "@jest/globals";
import {
  createMemoryTokenStore,
  type AccountInfo,
  type AuthenticationResult,
  type Configuration,
} from "@tessera/node";
import {
  account,
  differs,
  encoded,
  jwt,
  Network,
  otherTenant,
  plugin,
  scopes,
  signIn,
  tenant,
  tessera,
  tokens,
  type Answer,
  type App,
  type Entities,
} from "../support/cache-stage.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";
import { storedNames } from "../support/stored.js";

describe("on behalf of a user", () => {
  const caller = (id: string): string => jwt({ sub: "s", jti: id });
  const request = (id: string, more: { authority?: string } = {}) => ({
    scopes,
    oboAssertion: caller(id),
    ...more,
  });
  const tenantIn = (url: string): Answer => {
    const tid = url.includes(otherTenant) ? otherTenant : tenant;
    return { tid, iss: `https://login.microsoftonline.com/${tid}/v2.0` };
  };
  const seen = (results: readonly AuthenticationResult[]): readonly boolean[] =>
    results.map(({ fromCache }) => fromCache);

  it("the tenant is part of the look-up", async () => {
    await differs(
      async (library) => {
        const app = library(new Network((_, url) => tokens({}, tenantIn(url))));
        const elsewhere = { authority: `https://login.microsoftonline.com/${otherTenant}` };
        const results = [
          await app.acquireTokenOnBehalfOf(request("1")),
          await app.acquireTokenOnBehalfOf(request("1", elsewhere)),
        ];
        return [
          ...results.map(({ fromCache }) => fromCache),
          results[0]?.accessToken === results[1]?.accessToken,
        ];
      },
      [false, false, false],
      [false, true, true],
    );
  });

  it("two assertions of one user live side by side", async () => {
    await differs(
      async (library) => {
        const app = library(new Network());
        const results: AuthenticationResult[] = [];
        for (const id of ["1", "2", "1", "2"]) results.push(await app.acquireTokenOnBehalfOf(request(id)));
        return seen(results);
      },
      [false, false, true, true],
      [false, false, false, false],
    );
  });

  it.each(["in the same process", "after a restart"])(
    "what comes from the cache is the whole result: %s",
    async (when) => {
      await differs(
        async (library) => {
          const file = { text: "" };
          const open = () => library(new Network(), { cache: { cachePlugin: plugin(file) } });
          const app = open();
          const first = await app.acquireTokenOnBehalfOf(request("1"));
          const {
            fromCache,
            account: user,
            idToken,
          } = await (when === "after a restart" ? open() : app).acquireTokenOnBehalfOf(request("1"));
          return [fromCache, user?.username ?? "nobody", idToken === first.idToken];
        },
        [true, account.username, true],
        when === "after a restart" ? [false, account.username, false] : [true, "nobody", false],
      );
    },
  );

  describe.each([
    { who: "a user at home", tid: tenant },
    { who: "a guest", tid: otherTenant },
  ])("what comes from the cache for $who in a tenant named by its domain", ({ tid }) => {
    it.each(["memory", "a plugin", "a token store"])("is the whole result: %s", async (kept) => {
      const file = { text: "" };
      const store = createMemoryTokenStore();
      const cache = kept === "memory" ? {} : kept === "a plugin" ? { cachePlugin: plugin(file) } : { store };
      const network = new Network((_, url) =>
        tokens({}, tenantIn(url.includes("contoso.example") ? tid : tenant)),
      );
      const inDomain = request("1", { authority: "https://login.microsoftonline.com/contoso.example" });
      const app = tessera(network, { cache });
      const first = await app.acquireTokenOnBehalfOf(inDomain);
      // A guest is known at home, too.
      if (tid !== tenant) await app.acquireTokenOnBehalfOf(request("2"));
      const later = kept === "memory" ? app : tessera(network, { cache });
      const {
        account: user,
        idToken,
        accessToken: token,
        fromCache,
      } = await later.acquireTokenOnBehalfOf(inDomain);
      expect([fromCache, token, idToken]).toEqual([true, first.accessToken, first.idToken]);
      expect(user).toMatchObject({ tenantId: tid, idToken });
    });
  });

  it.each(["a plugin", "memory"])("a user who is removed takes the tokens along: %s", async (kept) => {
    const cache = kept === "memory" ? {} : { cachePlugin: plugin({ text: "" }) };
    const app = tessera(new Network(), { cache });
    const { account: user } = await app.acquireTokenOnBehalfOf(request("1"));
    await app.acquireTokenOnBehalfOf(request("2"));
    await app.removeAccount(user as AccountInfo);
    expect(app.getTokenCache().stats()).toMatchObject({ partitions: { users: 0, assertions: 0 }, tokens: 0 });
    expect(await app.acquireTokenOnBehalfOf(request("1"))).toMatchObject({ fromCache: false });
  });

  it.each<[string, (clock: TestClock) => NonNullable<Configuration["cache"]>]>([
    ["memory", () => ({})],
    ["a plugin", () => ({ cachePlugin: plugin({ text: "" }) })],
    ["a token store", (clock) => ({ store: createMemoryTokenStore(clock) })],
  ])("a session that another user begins anew has nothing of the first user's, in %s", async (_, cacheAt) => {
    const bob = "10000000-0000-4000-8000-000000000b0b";
    const homeOfBob = `${bob}.${tenant}`;
    const asBob = (scope = ""): Answer =>
      tokens({ client_info: encoded({ uid: bob, utid: tenant }), scope }, { oid: bob });
    const network = new Network(({ assertion, scope }) =>
      assertion === caller("alice") ? tokens({ scope }) : asBob(scope),
    );
    const clock = createTestClock();
    const cache = cacheAt(clock);
    const app = tessera(network, { cache, system: { clock } });
    const begin = { sessionKey: "nightly job" };
    const isBobs = { homeAccountId: homeOfBob, localAccountId: bob };
    await app.acquireTokenOnBehalfOf({ ...begin, scopes: ["Mail.Read"], oboAssertion: caller("alice") });
    const begun = await app.acquireTokenOnBehalfOf({ ...begin, scopes, oboAssertion: caller("bob") });
    expect(begun.account).toMatchObject(isBobs);
    expect([...(begun.account?.tenantProfiles?.values() ?? [])]).toHaveLength(1);
    const elsewhere = tessera(network, { cache, system: { clock } });
    for (const process of "cachePlugin" in cache || "store" in cache ? [app, elsewhere] : [app]) {
      const goesOn = await process.acquireTokenOnBehalfOf({ ...begin, scopes });
      expect(goesOn).toMatchObject({ fromCache: true, account: isBobs });
      const { Account, ...credentials } = JSON.parse(process.getTokenCache().serialize()) as Entities;
      const ofSession = Object.values(credentials).flatMap((section) =>
        Object.values(section as Readonly<Record<string, { userAssertionHash?: string }>>).filter(
          ({ userAssertionHash }) => userAssertionHash?.startsWith("session."),
        ),
      );
      expect(ofSession).toHaveLength(2);
      for (const entity of ofSession) expect(entity).toMatchObject({ home_account_id: homeOfBob });
      const accounts = Object.values(Account as Readonly<Record<string, Readonly<Record<string, unknown>>>>);
      for (const entity of accounts.filter(({ tenantProfiles }) =>
        JSON.stringify(tenantProfiles).includes(bob),
      ))
        expect(entity).toMatchObject({ home_account_id: homeOfBob });
    }
    const mail = await app.acquireTokenOnBehalfOf({ ...begin, scopes: ["Mail.Read"] });
    expect(mail).toMatchObject({ fromCache: false, account: isBobs });
  });

  it("an assertion leaves memory, and a token store, with its last token", async () => {
    const clock = createTestClock();
    const store = createMemoryTokenStore(clock);
    const [inMemory, inStore] = [{}, { store }].map((cache) =>
      tessera(new Network(), { cache, system: { clock } }),
    ) as [App, App];
    for (const app of [inMemory, inStore])
      for (const id of ["1", "2", "3"]) await app.acquireTokenOnBehalfOf(request(id));
    const [account] = await inStore.getAllAccounts();
    const group = `user:${account?.homeAccountId}`;
    expect(inMemory.getTokenCache().stats().partitions.assertions).toBe(3);
    expect(await storedNames(store, group)).toHaveLength(3);
    clock.advance(3601);
    expect(inMemory.getTokenCache().stats().partitions.assertions).toBe(0);
    expect(await storedNames(store, group)).toEqual([]);
  });

  const DAY = 86_400;
  it.each<[string, Answer, number, number]>([
    ["a refresh token that does not say when it ends", {}, 90 * DAY, 600],
    ["a refresh token that does", { refresh_token_expires_in: 7200 }, 7200, 600],
    ["no refresh token", { refresh_token: undefined }, 3600, 600],
  ])("a user who is only called for leaves a token store: %s", async (_, over, seconds, pause) => {
    const clock = createTestClock();
    const store = createMemoryTokenStore(clock);
    const app = tessera(new Network(() => tokens(over)), { cache: { store }, system: { clock } });
    await app.acquireTokenOnBehalfOf(request("1"));
    clock.advance(pause);
    // Each call counts anew.
    await app.acquireTokenOnBehalfOf(request("2"));
    clock.advance(seconds - 1);
    expect(await storedNames(store, "users")).toHaveLength(1);
    clock.advance(2);
    expect(await storedNames(store, "users")).toEqual([]);
  });

  it("a user who signs in stays in a token store", async () => {
    const clock = createTestClock();
    const store = createMemoryTokenStore(clock);
    const app = tessera(new Network(), { cache: { store }, system: { clock } });
    await app.acquireTokenOnBehalfOf(request("1"));
    await signIn(app);
    await app.acquireTokenOnBehalfOf(request("2"));
    clock.advance(1000 * DAY);
    expect(await storedNames(store, "users")).toHaveLength(1);
  });
});
