// What is known of a user stays known: an answer that does not say it, or says it empty, hides nothing.
// proves: core/src/cache/account-info.ts, core/src/cache/merge-account.ts
import { describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore, PublicClientApplication, type CacheOptions } from "@tessera/node";
import {
  clientId,
  differs,
  Network,
  now,
  plugin,
  redirectUri,
  scopes,
  tenant,
  tessera,
  tokens,
  type Answer,
  type App,
} from "../support/cache-stage.js";

const signIn = (app: App) => app.acquireTokenByCode({ code: "code", scopes, redirectUri });
const address = "buyer@example.test";
const nameless = { preferred_username: undefined, name: undefined };

describe("a user who is named by mail addresses alone, as at B2C,", () => {
  const network = () => new Network(() => tokens({}, { ...nameless, emails: [address, "b@example.test"] }));

  it("is shown by the first one, where the peer shows nobody", async () => {
    await differs(
      async (library) => {
        const app = library(network());
        const { account } = await signIn(app);
        const [listed] = await app.getTokenCache().getAllAccounts();
        return [account?.username, listed?.username];
      },
      [address, address],
      ["", ""],
    );
  });

  describe.each<[string, () => CacheOptions]>([
    ["memory", () => ({})],
    ["a plugin", () => ({ cachePlugin: plugin({ text: "" }) })],
    ["a token store", () => ({ store: createMemoryTokenStore() })],
  ])("in %s", (_, cache) => {
    it("is found by it, and the one call needs no question", async () => {
      const system = { networkClient: network() };
      const auth = { clientId, authority: `https://login.microsoftonline.com/${tenant}` };
      const app = new PublicClientApplication({ auth, cache: cache(), system });
      await app.acquireTokenByCode({ code: "code", scopes, redirectUri });
      expect(await app.getAccounts({ username: address.toUpperCase() })).toMatchObject([
        { username: address },
      ]);
      const openBrowser = async (): Promise<never> => Promise.reject(new Error("a question"));
      expect(await app.acquireToken({ scopes, loginHint: address, openBrowser })).toMatchObject({
        fromCache: true,
        account: { username: address },
      });
    });
  });
});

describe("what a sign-in has said of a user", () => {
  const said: Answer = {
    preferred_username: "alice@contoso.example",
    name: "Alice",
    upn: "alice.upn@contoso.example",
    login_hint: "the-hint",
  };
  const shown = {
    username: "alice@contoso.example",
    name: "Alice",
    upn: "alice.upn@contoso.example",
    loginHint: "the-hint",
  };

  it.each<[string, Answer]>([
    ["says nothing of it", Object.fromEntries(Object.keys(said).map((name) => [name, undefined]))],
    ["has it empty", Object.fromEntries(Object.keys(said).map((name) => [name, ""]))],
  ])("outlives a renewal that %s", async (_, claims) => {
    const file = { text: "" };
    const network = new Network(({ code }) => tokens({}, code ? said : claims));
    const open = () => tessera(network, { cache: { cachePlugin: plugin(file) } });
    const app = open();
    const { account } = await signIn(app);
    expect(account).toMatchObject(shown);
    if (!account) throw new Error("nobody has signed in");
    const renewed = await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
    expect(renewed.account).toMatchObject(shown);
    const [listed] = await open().getAllAccounts();
    expect(listed).toMatchObject(shown);
    expect(listed?.tenantProfiles?.get(tenant)).toMatchObject(shown);
    expect(await open().getAccounts({ username: shown.upn })).toHaveLength(1);
  });

  it("is gone with such a renewal at the peer", async () => {
    await differs(
      async (library) => {
        const app = library(new Network(({ code }) => tokens({}, code ? said : nameless)));
        const { account } = await signIn(app);
        if (!account) throw new Error("nobody has signed in");
        const renewed = await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
        return [renewed.account?.username, renewed.account?.name];
      },
      [shown.username, shown.name],
      ["", undefined],
    );
  });

  it("is replaced by what a renewal says anew", async () => {
    const network = new Network(({ code }) => tokens({}, code ? said : { ...said, name: "Alice Archer" }));
    const app = tessera(network);
    const { account } = await signIn(app);
    if (!account) throw new Error("nobody has signed in");
    const renewed = await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
    expect(renewed.account).toMatchObject({ ...shown, name: "Alice Archer" });
  });

  it("is filled in where it was not known before", async () => {
    const network = new Network(({ code }) => tokens({}, code ? { ...nameless, exp: now + 9999 } : said));
    const file = { text: "" };
    const app = tessera(network, { cache: { cachePlugin: plugin(file) } });
    const { account } = await signIn(app);
    if (!account) throw new Error("nobody has signed in");
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
    const { Account } = JSON.parse(file.text) as { Account: Record<string, object> };
    expect(Object.values(Account)).toMatchObject([{ username: shown.username, name: "Alice" }]);
  });
});
