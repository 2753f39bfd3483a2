// proves: core/src/cache/storage/cache-access.ts, core/src/cache/storage/plugin-session.ts,
// core/src/flight/keyed-mutex.ts
import * as peer from "@azure/msal-node";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { AccountInfo, CacheOptions, ClientApplication, ICachePlugin } from "@tessera/node";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { filePlugin, type StoredFile } from "../support/file-plugin.js";
import { gate } from "../support/gate.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const alice = "alice@contoso.example";
const bob = "bob@contoso.example";

describe("a cache plugin", () => {
  let entra: Entra;
  let network: PeerNetwork;
  beforeAll(async () => {
    entra = await startEntra();
    network = peerNetwork(entra.authority.caPem);
  });
  afterAll(async () => {
    await network.close();
    await entra.close();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  const appOn = (cache: CacheOptions): ClientApplication => entra.confidential({ cache });
  const peerOn = (file: StoredFile): ClientApplication => {
    const { auth } = entra.configuration("confidential", {
      auth: { knownAuthorities: [new URL(entra.authority.url).host] },
    });
    const cache = { cachePlugin: filePlugin(file) as unknown as peer.ICachePlugin };
    const configuration = { auth, cache, system: { networkClient: network } } as peer.Configuration;
    return new peer.ConfidentialClientApplication(configuration) as unknown as ClientApplication;
  };

  it("is called before and after every access, and told whether it writes", async () => {
    const log: string[] = [];
    const app = entra.confidential({ cache: { cachePlugin: filePlugin({ text: "" }, log) } });
    const during = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
      log.length = 0;
      await work();
      return [...log];
    };
    const read = ["before a read", "after a read"];
    const write = ["before a write", "after a write"];
    const app1 = { scopes: ["https://graph.microsoft.com/.default"] };
    expect(await during(() => signInWithCode(entra, app, scopes))).toEqual(write);
    const account = (await app.getAllAccounts())[0] as AccountInfo;
    expect(await during(() => app.getAllAccounts())).toEqual(read);
    expect(await during(() => app.getTokenCache().getAccountByHomeId(account.homeAccountId))).toEqual(read);
    expect(await during(() => app.acquireTokenSilent({ scopes, account }))).toEqual(read);
    expect(await during(() => app.acquireTokenByClientCredential(app1))).toEqual([...read, ...write]);
    expect(await during(() => app.acquireTokenByClientCredential(app1))).toEqual(read);
    expect(await during(() => app.removeAccount(account))).toEqual(write);
    expect(await during(() => app.getTokenCache().overwriteCache())).toEqual(read);
  });

  it.each(["one app", "two apps"])("is never called for two accesses of %s at once", async (apps) => {
    const log: string[] = [];
    const cachePlugin = filePlugin({ text: "" }, log);
    const first = appOn({ cachePlugin });
    const second = apps === "one app" ? first : appOn({ cachePlugin });
    const account = accountOf(await signInWithCode(entra, first, scopes));
    log.length = 0;
    await Promise.allSettled([
      ...[first, second].flatMap((app) => [
        app.acquireTokenSilent({ scopes, account }),
        app.acquireTokenSilent({ scopes, account, forceRefresh: true }),
        app.getAllAccounts(),
        signInWithCode(entra, app, scopes, bob),
      ]),
      first.removeAccount(account),
      second.getAccountByHomeId(account.homeAccountId),
    ]);
    const kinds = log.map((line) => line.split(" ")[0]);
    expect(kinds.length).toBeGreaterThanOrEqual(12);
    expect(kinds).toEqual(kinds.map((_, index) => (index % 2 === 0 ? "before" : "after")));
  });

  it.each(["before", "after"] as const)(
    "that throws in %s leaves memory and file as they were, and the caller learns why",
    async (hook) => {
      const file = { text: "" };
      const good = filePlugin(file);
      const broken = new Error("the disk is full");
      const cachePlugin: ICachePlugin = { ...good };
      const app = appOn({ cachePlugin });
      const account = accountOf(await signInWithCode(entra, app, scopes));
      const kept = file.text;
      const figures = app.getTokenCache().stats();

      cachePlugin[`${hook}CacheAccess`] = () => Promise.reject(broken);
      await expect(app.removeAccount(account)).rejects.toBe(broken);
      await expect(signInWithCode(entra, app, scopes, bob)).rejects.toBe(broken);
      expect(file.text).toBe(kept);
      expect(app.getTokenCache().serialize()).toBe(kept);
      expect(app.getTokenCache().stats()).toEqual(figures);

      Object.assign(cachePlugin, good);
      expect(await app.getAllAccounts()).toHaveLength(1);
      expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
    },
  );

  it("that fails after it has loaded something newer leaves in memory what was there before", async () => {
    const file = { text: "" };
    const good = filePlugin(file);
    const cachePlugin: ICachePlugin = { ...good };
    const app = appOn({ cachePlugin });
    const account = accountOf(await signInWithCode(entra, app, scopes));
    const memory = app.getTokenCache().serialize();
    await appOn({ cachePlugin: filePlugin(file) }).acquireTokenSilent({
      scopes,
      account,
      forceRefresh: true,
    });
    cachePlugin.afterCacheAccess = () => Promise.reject(new Error("the disk is full"));
    await expect(app.acquireTokenSilent({ scopes, account, forceRefresh: true })).rejects.toThrow("disk");
    expect(JSON.parse(app.getTokenCache().serialize())).toEqual(JSON.parse(memory));
  });

  it("is told that an access is over even if it failed, with nothing to save, so that it can give back its lock", async () => {
    const file = { text: "not a cache" };
    const log: string[] = [];
    const app = appOn({ cachePlugin: filePlugin(file, log) });
    await expect(signInWithCode(entra, app, scopes)).rejects.toMatchObject({
      errorCode: "invalid_cache_content",
    });
    expect(log).toEqual(["before a write", "after a read"]);
    expect(file.text).toBe("not a cache");
  });

  it("that fails to save is not asked to save a second time", async () => {
    let saves = 0;
    const afterCacheAccess = (): Promise<void> => {
      saves += 1;
      return Promise.reject(new Error("the disk is full"));
    };
    const app = appOn({ cachePlugin: { ...filePlugin({ text: "" }), afterCacheAccess } });
    await expect(app.getAllAccounts()).rejects.toThrow("disk");
    expect(saves).toBe(1);
  });

  it.each([
    {
      promise: "does not bring back a user whom another process has removed",
      open: (file: StoredFile) => appOn({ cachePlugin: filePlugin(file) }),
      left: [bob],
    },
    {
      promise: "brings such a user back with the peer",
      open: (file: StoredFile) => peerOn(file),
      left: [alice, bob],
    },
  ])("$promise", async ({ open, left }) => {
    const file = { text: "" };
    const here = open(file);
    await signInWithCode(entra, here, scopes, alice);
    const cache = here.getTokenCache();
    const [account] = await cache.getAllAccounts();
    await open(file)
      .getTokenCache()
      .removeAccount(account as AccountInfo);
    await signInWithCode(entra, here, scopes, bob);
    expect((await cache.getAllAccounts()).map(({ username }) => username).sort()).toEqual(left);
    expect(file.text.includes(account?.homeAccountId ?? "")).toBe(left.includes(alice));
  });

  it("gets both, when another process writes while a refresh is in flight", async () => {
    const file = { text: "" };
    const arrived = gate();
    const held = gate();
    const networkClient: typeof network = {
      ...network,
      async sendPostRequestAsync(url, options) {
        arrived.open();
        await held.opened;
        return network.sendPostRequestAsync(url, options);
      },
    };
    const elsewhere = appOn({ cachePlugin: filePlugin(file) });
    const account = accountOf(await signInWithCode(entra, elsewhere, scopes, alice));
    const here = entra.confidential({ cache: { cachePlugin: filePlugin(file) }, system: { networkClient } });
    const refreshed = here.acquireTokenSilent({ scopes, account, forceRefresh: true });
    await arrived.opened;
    await signInWithCode(entra, elsewhere, scopes, bob);
    held.open();
    const { accessToken } = await refreshed;
    expect((await elsewhere.getAllAccounts()).map(({ username }) => username).sort()).toEqual([alice, bob]);
    expect(await elsewhere.acquireTokenSilent({ scopes, account })).toMatchObject({
      fromCache: true,
      accessToken,
    });
  });

  it("that is asynchronous makes no call at once with others fail, as the peer's do when it empties its memory to load", async () => {
    const file = { text: "" };
    const app = appOn({ cachePlugin: filePlugin(file) });
    const account = accountOf(await signInWithCode(entra, app, scopes));
    const failures = async (one: ClientApplication): Promise<readonly unknown[]> => {
      const requests = Array.from({ length: 10 }, (_, index) => ({
        scopes: [`https://graph.microsoft.com/Things.Read.${index}`],
        account,
      }));
      const outcomes = await Promise.allSettled(requests.map((request) => one.acquireTokenSilent(request)));
      return outcomes.flatMap((one) =>
        one.status === "rejected" ? [(one.reason as peer.AuthError).errorCode] : [],
      );
    };
    expect(await failures(app)).toEqual([]);
    expect(await failures(peerOn({ ...file }))).toContain("no_tokens_found");
  });

  it("has its text parsed once, however often it hands it over, and not at all when it was written here", async () => {
    const file = { text: "" };
    const writer = appOn({ cachePlugin: filePlugin(file) });
    const account = accountOf(await signInWithCode(entra, writer, scopes));
    const reader = appOn({ cachePlugin: filePlugin(file) });
    const parse = jest.spyOn(JSON, "parse");
    const timesParsed = (): number => parse.mock.calls.filter(([text]) => text === file.text).length;
    await writer.acquireTokenSilent({ scopes, account });
    expect(timesParsed()).toBe(0);
    for (let times = 0; times < 3; times += 1) {
      await reader.acquireTokenSilent({ scopes, account });
      await reader.getAllAccounts();
    }
    expect(timesParsed()).toBe(1);
  });
});
