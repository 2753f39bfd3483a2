// proves: core/src/cache/memory/partitions.ts, core/src/cache/memory/partition-key.ts,
// core/src/bounded-map.ts
import { describe, expect, it } from "@jest/globals";
import { LogLevel, PublicClientApplication } from "@tessera/node";
import {
  appPartition,
  assertionPartition,
  partitionName,
  userPartition,
} from "../../packages/core/src/cache/memory/partition-key.js";
import { MemoryCache } from "../support/memory-cache.js";
import type { CacheRecord } from "../../packages/core/src/cache/record.js";
import { createTestClock } from "../support/test-clock.js";

const clientId = "30000000-0000-4000-8000-00000000ca11";
const tenant = "20000000-0000-4000-8000-00000000c0de";
const environment = "login.windows.net";
const hosts = new Set([environment]);
const clock = createTestClock(1_760_000_000_000);
const seconds = (): number => clock.now() / 1000;

interface Written {
  readonly refreshToken?: string | undefined;
  /** Seconds. */
  readonly lifetime?: number;
}

function record(
  partition: CacheRecord["partition"],
  home: string,
  { refreshToken, lifetime = 3600 }: Written = {},
): CacheRecord {
  const common = { home_account_id: home, environment, client_id: clientId };
  const account = {
    home_account_id: home,
    environment,
    realm: tenant,
    local_account_id: home,
    username: `${home}@contoso.example`,
    authority_type: "MSSTS",
  };
  return {
    partition,
    accessToken: {
      ...common,
      credential_type: "AccessToken",
      secret: `access token of ${partition.id}`,
      realm: tenant,
      target: "User.Read",
      cached_at: String(seconds()),
      expires_on: String(seconds() + lifetime),
      token_type: "Bearer",
    },
    ...(home
      ? {
          account,
          idToken: { ...common, credential_type: "IdToken", secret: `id token of ${home}`, realm: tenant },
        }
      : {}),
    ...(refreshToken
      ? { refreshToken: { ...common, credential_type: "RefreshToken", secret: refreshToken } }
      : {}),
  };
}

const app = (id: number): CacheRecord => record(appPartition(clientId, `tenant-${id}`), "");
const assertion = (id: number): CacheRecord => record(assertionPartition(`hash-${id}`), `user-${id}`);
const user = (id: number, refreshToken?: string): CacheRecord =>
  record(userPartition(`user-${id}`), `user-${id}`, { refreshToken });

function cacheOf(maxPartitions: number): { cache: MemoryCache; forgotten: string[] } {
  const forgotten: string[] = [];
  return {
    cache: new MemoryCache({ maxPartitions, clock, onForget: ({ id }) => forgotten.push(id) }),
    forgotten,
  };
}

function save(cache: MemoryCache, ...records: readonly CacheRecord[]): void {
  for (const one of records) cache.save(one, hosts);
}

const query = ({ partition }: CacheRecord) => ({
  partition,
  clientId,
  environments: hosts,
  realms: [tenant],
});
const hasAccessToken = (cache: MemoryCache, one: CacheRecord): boolean =>
  cache.findTokens({ ...query(one), scopes: ["User.Read"] }) !== undefined;
const refreshTokenIn = (cache: MemoryCache, one: CacheRecord): string | undefined =>
  cache.findRefreshToken(query(one), false)?.entity.secret;

describe("partitions in memory", () => {
  it.each([
    { kind: "apps", make: app },
    { kind: "assertions", make: assertion },
    { kind: "users", make: (id: number) => user(id) },
  ] as const)(
    "are at most as many $kind as allowed: the least recently used leaves first",
    ({ kind, make }) => {
      const { cache } = cacheOf(3);
      save(cache, make(1), make(2), make(3));
      expect(hasAccessToken(cache, make(1))).toBe(true);
      save(cache, make(4));
      expect([1, 2, 3, 4].map((id) => hasAccessToken(cache, make(id)))).toEqual([true, false, true, true]);
      expect(cache.stats().partitions[kind]).toBe(3);
      expect(cache.stats().evictions).toBe(kind === "assertions" ? 2 : 1); // the user of the assertion leaves, too
    },
  );

  it("bound each kind by itself: many apps push no user out", () => {
    const { cache } = cacheOf(2);
    save(cache, user(1), app(1), app(2), app(3), app(4));
    expect(hasAccessToken(cache, user(1))).toBe(true);
  });

  it("of a user who has to make room lose what can be had again, and keep account and refresh token", () => {
    const { cache, forgotten } = cacheOf(1);
    save(cache, user(1, "refresh 1"), user(2, "refresh 2"));
    expect(cache.accountsOf(userPartition("user-1"))).toHaveLength(1);
    expect(cache.usersBy({ username: "USER-1@contoso.example" }).map(partitionName)).toEqual(["user:user-1"]);
    expect(cache.stats().partitions.users).toBe(2);
    expect(hasAccessToken(cache, user(1))).toBe(false);
    expect(refreshTokenIn(cache, user(1))).toBe("refresh 1");
    expect(forgotten).toEqual([]);
  });

  it("of a user who is looked for again are back among those who are served, and another user makes room", () => {
    const { cache } = cacheOf(1);
    save(cache, user(1, "refresh 1"), user(2, "refresh 2"));
    expect(cache.stats().evictions).toBe(1);
    expect(refreshTokenIn(cache, user(1))).toBe("refresh 1");
    expect(cache.stats()).toMatchObject({ partitions: { users: 2 }, evictions: 2 });
    expect(hasAccessToken(cache, user(2))).toBe(false);
  });

  it("of five times as many users as allowed have room for a refresh token; each who makes room is counted", () => {
    const { cache, forgotten } = cacheOf(1);
    save(cache, ...[1, 2, 3, 4, 5, 6].map((id) => user(id, `refresh ${id}`)));
    expect(cache.stats()).toMatchObject({ partitions: { users: 5 }, tokens: 4 + 3, evictions: 5 + 1 });
    expect(forgotten).toEqual(["user-1"]);
  });

  it("of a user who had to go are found by no name", () => {
    const { cache } = cacheOf(1);
    save(cache, user(1));
    const named = { username: "user-1@contoso.example" };
    expect(cache.usersBy(named).map(partitionName)).toEqual(["user:user-1"]);
    save(cache, user(2));
    expect(cache.usersBy(named)).toEqual([]);
  });

  it("of a user who comes back are whole again, and then another user makes room", () => {
    const { cache } = cacheOf(2);
    save(cache, user(1, "refresh 1"), user(2, "refresh 2"), user(3, "refresh 3"));
    save(cache, user(1, "refresh 1b"));
    // To look for the second user's is to use it: the others come first.
    expect([1, 3, 2].map((id) => hasAccessToken(cache, user(id)))).toEqual([true, true, false]);
    expect([1, 2, 3].map((id) => refreshTokenIn(cache, user(id)))).toEqual([
      "refresh 1b",
      "refresh 2",
      "refresh 3",
    ]);
  });

  it("of apps and assertions leave by themselves when their last token has expired, which is no eviction", () => {
    const { cache } = cacheOf(100);
    save(cache, app(1), assertion(1), user(1));
    save(cache, record(appPartition(clientId, "tenant-1"), "", { lifetime: 7200 }));
    clock.advance(3601);
    expect(cache.stats()).toMatchObject({ partitions: { users: 1, apps: 1, assertions: 0 }, evictions: 0 });
    clock.advance(3600);
    expect(cache.stats()).toMatchObject({ partitions: { users: 1, apps: 0, assertions: 0 }, evictions: 0 });
    expect(hasAccessToken(cache, app(1))).toBe(false);
    expect(Object.keys(cache.document()["AccessToken"] as object)).toHaveLength(1);
  });

  it("are counted with what they hold, and hold no token in their figures", () => {
    const { cache } = cacheOf(2);
    save(cache, user(1, "refresh 1"), app(1), assertion(2));
    expect(cache.stats()).toEqual({
      partitions: { users: 2, apps: 1, assertions: 1 },
      // User: ID, access, refresh. App: access. Assertion: ID, access; its user: ID.
      tokens: 3 + 1 + 2 + 1,
      hits: 0,
      misses: 0,
      evictions: 0,
    });
  });
});

describe("an application with little room", () => {
  it("pushes nobody out by listing everybody", async () => {
    const { cache } = cacheOf(1000);
    const pca = new PublicClientApplication({
      auth: { clientId },
      cache: { maxPartitions: 2 },
      system: { clock },
    });
    save(cache, ...[1, 2, 3, 4, 5, 6].map((id) => user(id, "rt-secret")));
    pca.getTokenCache().deserialize(JSON.stringify(cache.document()));
    const before = pca.getTokenCache().stats();
    expect(await pca.getAllAccounts()).toHaveLength(6);
    expect(await pca.getAccounts({ username: "user-1@contoso.example" })).toHaveLength(1);
    expect(await pca.getAccountByLocalId("user-2")).not.toBeNull();
    expect(await pca.getAccountByHomeId("user-3")).not.toBeNull();
    expect(pca.getTokenCache().stats()).toEqual(before);
  });

  it("warns before it forgets a user with a refresh token, names the option, and says nothing of the user", () => {
    const warnings: string[] = [];
    const loggerCallback = (level: LogLevel, message: string): void =>
      void (level === LogLevel.Warning && warnings.push(message));
    const pca = new PublicClientApplication({
      auth: { clientId },
      cache: { maxPartitions: 1 },
      system: {
        clock,
        loggerOptions: { loggerCallback, logLevel: LogLevel.Warning, piiLoggingEnabled: false },
      },
    });
    const fill = (first: number, count: number, refreshToken?: string): void => {
      const { cache } = cacheOf(1000);
      for (let id = first; id < first + count; id += 1) save(cache, user(id, refreshToken));
      pca.getTokenCache().deserialize(JSON.stringify(cache.document()));
    };
    fill(100, 1);
    fill(1, 5, "rt-secret");
    expect(warnings).toEqual([]);
    fill(6, 1, "rt-secret");
    expect(warnings).toEqual([expect.stringContaining("cache.maxPartitions")]);
    expect(warnings[0]).not.toMatch(/rt-secret|user-\d/);
    expect(pca.getTokenCache().stats().partitions.users).toBe(5);
  });
});
