// proves: core/src/cache/storage/token-store.ts, core/src/cache/storage/stored-cache.ts, core/src/cache/storage/group-pages.ts,
// core/src/cache/storage/cache-access.ts, core/src/cache/storage/stored-partition.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  createMemoryTokenStore,
  type AccountInfo,
  type CacheOptions,
  type ClientApplication,
  type TokenStore,
} from "@tessera/node";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { signInWithCode } from "../support/sign-in-with-code.js";
import {
  putStored,
  storedDocument,
  storedNames,
  watchedStore as watched,
  type Access,
} from "../support/stored.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const appScopes = ["https://graph.microsoft.com/.default"];
const alice = "alice@contoso.example";
const bob = "bob@contoso.example";

function refreshTokenIn(document: string): string {
  const { RefreshToken } = JSON.parse(document) as Record<string, Record<string, { secret: string }>>;
  return Object.values(RefreshToken ?? {})[0]?.secret ?? "";
}

describe("a token store", () => {
  const log: Access[] = [];
  let entra: Entra;
  let store: TokenStore;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterAll(() => entra.close());
  beforeEach(() => {
    store = createMemoryTokenStore(entra.clock);
    log.length = 0;
  });
  const appOn = (one: TokenStore, cache: Partial<CacheOptions> = {}): ClientApplication =>
    entra.confidential({ cache: { ...cache, store: one } });
  /** What a caller learns of a store that throws. */
  const failed = {
    name: "ClientAuthError",
    errorCode: "cache_store_failed",
    cause: expect.objectContaining({ message: "no connection" }) as unknown,
  };
  const operations = (): readonly string[] =>
    log.map(({ operation, partition }) => `${operation} ${partition}`);

  it("is asked for the one partition a call is about, whoever else is in it", async () => {
    const app = appOn(watched(store, log));
    const account = accountOf(await signInWithCode(entra, app, scopes));
    const partition = `user:${account.homeAccountId}`;
    expect(operations()).toEqual([`update ${partition}`]);

    log.length = 0;
    await app.acquireTokenSilent({ scopes, account });
    expect(operations()).toEqual([`load ${partition}`]);
    expect(log).toEqual([{ operation: "load", partition, characters: 0 }]);
    const [alone] = log;

    for (let user = 0; user < 500; user += 1) await putStored(store, `user:${user}`, "{}");
    log.length = 0;
    await app.acquireTokenSilent({ scopes, account });
    await app.getAccountByHomeId(account.homeAccountId);
    expect(log).toEqual([alone, alone]);
  });

  it("parses nothing for a cache hit", async () => {
    const app = appOn(store);
    const account = accountOf(await signInWithCode(entra, app, scopes));
    await app.acquireTokenSilent({ scopes, account });
    const parse = jest.spyOn(JSON, "parse");
    try {
      expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
      expect(parse).not.toHaveBeenCalled();
    } finally {
      parse.mockRestore();
    }
  });

  it("lists accounts a page at a time, and loads none of them", async () => {
    const app = appOn(watched(store, log));
    const account = accountOf(await signInWithCode(entra, app, scopes));
    const document = (await storedDocument(store, `user:${account.homeAccountId}`)) ?? "";
    for (let user = 0; user < 250; user += 1) {
      const renamed = document.replaceAll(account.homeAccountId, `user-${user}.${account.tenantId}`);
      await putStored(store, `user:user-${user}.${account.tenantId}`, renamed);
    }
    log.length = 0;
    expect(await app.getAllAccounts()).toHaveLength(251);
    expect(operations()).toEqual(["list users", "list users", "list users"]);
    expect(app.getTokenCache().stats().partitions.users).toBe(1);
  });

  it("keeps an app's own tokens in a partition of their own, for as long as they live", async () => {
    const app = entra.confidential({ cache: { store: watched(store, log) } });
    await app.acquireTokenByClientCredential({ scopes: appScopes });
    await app.acquireTokenByClientCredential({ scopes: appScopes });
    const { clientId } = entra.configuration("confidential").auth;
    const partition = `app:${clientId}.${entra.tenantId}`;
    const turn = expect.stringMatching(`turn ${partition} [\\w-]{43}`) as unknown;
    const steps = [
      `load ${partition}`,
      turn,
      `load ${partition}`,
      `update ${partition}`,
      `load ${partition}`,
    ];
    expect(operations()).toEqual(steps);
    expect(log[3]?.group).toBe(`app:${clientId}`);
    const ttl = log[3]?.timeToLive ?? 0;
    // Until the extended expiry, in an outage.
    expect(ttl).toBeGreaterThan(7190);
    expect(ttl).toBeLessThanOrEqual(7200);
    entra.clock.advance(3601);
    expect(await storedNames(store, `app:${clientId}`)).toEqual([partition]);
    entra.clock.advance(3600);
    expect(await storedNames(store, `app:${clientId}`)).toEqual([]);
  });

  it("keeps a user as long as there is a refresh token that does not say when it ends", async () => {
    await signInWithCode(entra, appOn(watched(store, log)), scopes);
    expect(log[0]).toMatchObject({ operation: "update", timeToLive: undefined });
    entra.clock.advance(1_000_000);
    expect(await storedNames(store, "users")).toHaveLength(1);
  });

  it("serves two applications: what one has, the other finds, accounts included", async () => {
    const [first, second] = [appOn(store), appOn(store)];
    const { accessToken } = await signInWithCode(entra, first, scopes, alice);
    await signInWithCode(entra, second, scopes, bob);
    for (const app of [first, second, appOn(store)]) {
      const accounts = await app.getAllAccounts();
      expect(accounts.map(({ username }) => username).sort()).toEqual([alice, bob]);
      const account = (await app.getAccounts({ username: alice.toUpperCase() }))[0] as AccountInfo;
      expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({
        fromCache: true,
        accessToken,
      });
      expect(await app.getAccountByLocalId(account.localAccountId)).toMatchObject({ username: alice });
    }
  });

  it("keeps the tokens of two clients of one user side by side", async () => {
    const desktop = entra.publicClient({ cache: { store } });
    const web = appOn(store);
    const account = accountOf(await signInWithCode(entra, desktop, scopes));
    await signInWithCode(entra, web, scopes);
    expect(await storedNames(store, "users")).toHaveLength(1);
    for (const app of [desktop, web]) {
      expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
      expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({
        fromCache: false,
      });
    }
  });

  it("shows a sign-out in one application to the other at once", async () => {
    const [first, second] = [appOn(store), appOn(store)];
    const account = accountOf(await signInWithCode(entra, first, scopes));
    await second.acquireTokenSilent({ scopes, account });
    await first.signOut({ account });
    for (const name of await storedNames(store, "users"))
      expect(await storedDocument(store, name)).not.toMatch(/secret|alice/i);
    await expect(second.acquireTokenSilent({ scopes, account })).rejects.toMatchObject({
      errorCode: "no_tokens_found",
    });
    expect(await second.getAccountByHomeId(account.homeAccountId)).toBeNull();
    expect(second.getTokenCache().stats().tokens).toBe(0);
  });

  it("still has those whom memory has no room for", async () => {
    const app = appOn(store, { maxPartitions: 1 });
    const accounts = [
      accountOf(await signInWithCode(entra, app, scopes, alice)),
      accountOf(await signInWithCode(entra, app, scopes, bob)),
    ];
    for (const account of [...accounts, ...accounts]) {
      expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
    }
  });

  it("may ask again with newer content: the change is made to that, and to nothing else", async () => {
    const desktop = entra.publicClient({ cache: { store } });
    const account = accountOf(await signInWithCode(entra, desktop, scopes));
    const contested: TokenStore = {
      ...store,
      // As a store does that compares and swaps: another writer was first, and what was read is no longer there.
      update: async (partition, change) => {
        change('{"RefreshToken":{"stale":{"environment":"e","client_id":"c","secret":"stale"}}}');
        return store.update(partition, change);
      },
    };
    const web = appOn(contested);
    const { accessToken } = await signInWithCode(entra, web, scopes);
    expect(await web.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true, accessToken });
    expect(await desktop.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
    expect(await storedDocument(store, `user:${account.homeAccountId}`)).not.toContain("stale");
    expect(web.getTokenCache().serialize()).not.toContain("stale");
  });

  it.each<{ readonly when: string; readonly update: (real: TokenStore["update"]) => TokenStore["update"] }>([
    { when: "before it changes anything", update: () => () => Promise.reject(new Error("no connection")) },
    {
      when: "when it should keep the change",
      update: () => async (_, change) => {
        change(undefined);
        throw new Error("no connection");
      },
    },
  ])(
    "that fails $when leaves memory and store as they were, but for a rotated token, and the caller learns why",
    async ({ update }) => {
      const failing: TokenStore = { ...store };
      const app = appOn(failing);
      const account = accountOf(await signInWithCode(entra, app, scopes));
      const kept = await storedDocument(store, `user:${account.homeAccountId}`);
      const [memory, figures] = [app.getTokenCache().serialize(), app.getTokenCache().stats()];

      failing.update = update(store.update.bind(store));
      await expect(app.removeAccount(account)).rejects.toMatchObject(failed);
      await expect(signInWithCode(entra, app, scopes, bob)).rejects.toMatchObject(failed);
      expect(JSON.parse(app.getTokenCache().serialize())).toEqual(JSON.parse(memory));
      expect(app.getTokenCache().stats()).toMatchObject({
        partitions: figures.partitions,
        tokens: figures.tokens,
      });
      expect(await storedDocument(store, `user:${account.homeAccountId}`)).toBe(kept);
      expect(await storedNames(store, "users")).toHaveLength(1);

      // The provider may no longer accept the one that was redeemed.
      const refresh = app.acquireTokenSilent({ scopes, account, forceRefresh: true });
      await expect(refresh).rejects.toMatchObject(failed);
      const rotated = refreshTokenIn(app.getTokenCache().serialize());
      expect(memory).not.toContain(rotated);
      expect(app.getTokenCache().stats().unsaved).toBe(1);
      failing.update = store.update.bind(store);
      expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
      expect(await storedDocument(store, `user:${account.homeAccountId}`)).toContain(rotated);
      expect(app.getTokenCache().stats().unsaved).toBe(0);
    },
  );

  it("that cannot be read from tells the caller so", async () => {
    const app = appOn({ ...store, load: () => Promise.reject(new Error("no connection")) });
    const account = accountOf(await signInWithCode(entra, app, scopes));
    await expect(app.acquireTokenSilent({ scopes, account })).rejects.toMatchObject(failed);
  });

  it("that forgets to make the change is found out", async () => {
    const app = appOn({ ...store, update: async () => ({ version: undefined }) });
    await expect(signInWithCode(entra, app, scopes)).rejects.toMatchObject({
      errorCode: "cache_store_failed",
    });
  });
});
