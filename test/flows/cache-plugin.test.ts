import { setImmediate as nextTurn } from "node:timers/promises";
import * as peer from "@azure/msal-node";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import {
  createMemoryTokenStore,
  LogLevel,
  type AccountInfo,
  type CacheOptions,
  type ClientApplication,
  type ICachePlugin,
} from "@tessera/node";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const alice = "alice@contoso.example";
const bob = "bob@contoso.example";

/** What is kept beyond the process. */
interface File {
  text: string;
}

/** A plugin as apps write them: it reads and writes asynchronously, all of it, and notes what is asked of it. */
function plugin(file: File, log: string[] = []): ICachePlugin {
  return {
    async beforeCacheAccess(context) {
      log.push(`before ${context.cacheHasChanged ? "a write" : "a read"}`);
      await nextTurn();
      context.tokenCache.deserialize(file.text);
    },
    async afterCacheAccess(context) {
      await nextTurn();
      if (context.cacheHasChanged) file.text = context.tokenCache.serialize();
      log.push(`after ${context.cacheHasChanged ? "a write" : "a read"}`);
    },
  };
}

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

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
  const peerOn = (file: File): ClientApplication => {
    const { auth } = entra.configuration("confidential", {
      auth: { knownAuthorities: [new URL(entra.authority.url).host] },
    });
    const cache = { cachePlugin: plugin(file) as unknown as peer.ICachePlugin };
    const configuration = { auth, cache, system: { networkClient: network } } as peer.Configuration;
    return new peer.ConfidentialClientApplication(configuration) as unknown as ClientApplication;
  };

  it("is called before and after every access, and told whether it writes", async () => {
    const log: string[] = [];
    const app = entra.confidential({ cache: { cachePlugin: plugin({ text: "" }, log) } });
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
    const cachePlugin = plugin({ text: "" }, log);
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
      const good = plugin(file);
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
    const good = plugin(file);
    const cachePlugin: ICachePlugin = { ...good };
    const app = appOn({ cachePlugin });
    const account = accountOf(await signInWithCode(entra, app, scopes));
    const memory = app.getTokenCache().serialize();
    await appOn({ cachePlugin: plugin(file) }).acquireTokenSilent({ scopes, account, forceRefresh: true });
    cachePlugin.afterCacheAccess = () => Promise.reject(new Error("the disk is full"));
    await expect(app.acquireTokenSilent({ scopes, account, forceRefresh: true })).rejects.toThrow("disk");
    expect(JSON.parse(app.getTokenCache().serialize())).toEqual(JSON.parse(memory));
  });

  it("is told that an access is over even if it failed, with nothing to save, so that it can give back its lock", async () => {
    const file = { text: "not a cache" };
    const log: string[] = [];
    const app = appOn({ cachePlugin: plugin(file, log) });
    await expect(signInWithCode(entra, app, scopes)).rejects.toMatchObject({
      errorCode: "invalid_cache_content",
    });
    expect(log).toEqual(["before a write", "after a read"]);
    expect(file.text).toBe("not a cache");
  });

  it.each([
    {
      promise: "does not bring back a user whom another process has removed",
      open: (file: File) => appOn({ cachePlugin: plugin(file) }),
      left: [bob],
    },
    {
      promise: "brings such a user back with the peer",
      open: (file: File) => peerOn(file),
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
    const elsewhere = appOn({ cachePlugin: plugin(file) });
    const account = accountOf(await signInWithCode(entra, elsewhere, scopes, alice));
    const here = entra.confidential({ cache: { cachePlugin: plugin(file) }, system: { networkClient } });
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
    const app = appOn({ cachePlugin: plugin(file) });
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
    const writer = appOn({ cachePlugin: plugin(file) });
    const account = accountOf(await signInWithCode(entra, writer, scopes));
    const reader = appOn({ cachePlugin: plugin(file) });
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

describe.each(["a plugin", "a token store"])(
  "fifty silent calls at once after a restart, with %s",
  (kind) => {
    const COUNT = 50;
    const users = Array.from({ length: COUNT }, (_, index) => ({ username: `user${index}@contoso.example` }));
    const scopeSets = users.map((_, index) => [`https://graph.microsoft.com/Things.Read.${index}`]);
    const file = { text: "" };
    let entra: Entra;
    let cache: CacheOptions;
    let accounts: readonly AccountInfo[];
    const restart = (): ClientApplication => entra.publicClient({ cache, system: { ca: [] } });

    beforeAll(async () => {
      // A refresh token works once: whoever loses the one that came for it has lost the user.
      entra = await startEntra({
        http: true,
        refreshTokenRotation: "strict",
        tenants: [{ domain: "contoso.example", users }],
      });
      cache =
        kind === "a plugin" ? { cachePlugin: plugin(file) } : { store: createMemoryTokenStore(entra.clock) };
      const app = restart();
      accounts = await Promise.all(
        users.map(async ({ username }) => accountOf(await signInWithCode(entra, app, scopes, username))),
      );
    });
    afterAll(() => entra.close());

    it.each([1, 2])(
      "renew fifty users in %d application(s), and lose none of their refresh tokens",
      async (apps) => {
        for (const round of ["first", "second"]) {
          entra.clock.advance(3600);
          const restarted = Array.from({ length: apps }, restart);
          const calls = accounts.flatMap((account) =>
            restarted.map((app) => app.acquireTokenSilent({ scopes, account })),
          );
          const tokens = (await Promise.all(calls)).map(({ accessToken }) => accessToken);
          expect([round, new Set(tokens).size]).toEqual([round, COUNT]);
        }
      },
    );

    it("get fifty scope sets of one user in two applications with fifty requests, and the refresh token lives on", async () => {
      const account = accounts[0] as AccountInfo;
      entra.authority.clearRequests();
      const restarted = [restart(), restart()];
      await Promise.all(
        scopeSets.flatMap((set) => restarted.map((app) => app.acquireTokenSilent({ scopes: set, account }))),
      );
      expect(entra.tokenRequests()).toBe(COUNT);
      entra.clock.advance(3600);
      expect(await restart().acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: false });
    });
  },
);

const unreadable = [
  { name: "truncated", text: '{"Account":{"a":{"home_account_id":"1' },
  { name: "an array", text: "[{}]" },
  { name: "a number", text: "17" },
  { name: "encrypted", text: "\u0001\u0000AQAAANCMnd8BFdERjHoAwE/Cl+sB" },
  { name: "a page", text: "<html>Service Unavailable</html>" },
];

describe("content that is not a cache", () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterAll(() => entra.close());

  it.each(unreadable)("fails every call and stays as it is, if it is $name", async ({ text }) => {
    const file = { text };
    const app = entra.confidential({ cache: { cachePlugin: plugin(file), onUnreadable: "refuse" } });
    const error = { name: "ClientAuthError", errorCode: "invalid_cache_content" };
    await expect(app.getAllAccounts()).rejects.toMatchObject(error);
    await expect(signInWithCode(entra, app, scopes)).rejects.toMatchObject(error);
    await expect(
      app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] }),
    ).rejects.toMatchObject(error);
    expect(() => app.getTokenCache().deserialize(text)).toThrow(expect.objectContaining(error));
    expect(app.getTokenCache().stats().tokens).toBe(0);
    expect(file.text).toBe(text);
  });

  it.each(unreadable)(
    "stays as it is while calls succeed from memory, if it is $name and is to be ignored",
    async ({ text }) => {
      const file = { text };
      const warnings: string[] = [];
      const loggerOptions = {
        logLevel: LogLevel.Warning,
        loggerCallback: (_: LogLevel, message: string) => void warnings.push(message),
      };
      const app = entra.confidential({
        cache: { cachePlugin: plugin(file), onUnreadable: "ignore" },
        system: { loggerOptions },
      });
      const account = accountOf(await signInWithCode(entra, app, scopes));
      expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
      expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({
        fromCache: false,
      });
      await app.removeAccount(account);
      expect(await app.getAllAccounts()).toEqual([]);
      expect(file.text).toBe(text);
      expect(warnings[0]).toContain("left as it is");
    },
  );

  it.each(["", "{}", '{"Account":{}}'])("is not what an empty cache is: %j", async (text) => {
    const file = { text };
    const app = entra.confidential({ cache: { cachePlugin: plugin(file) } });
    await signInWithCode(entra, app, scopes);
    expect(Object.keys((JSON.parse(file.text) as { Account: object }).Account)).toHaveLength(1);
  });
});
