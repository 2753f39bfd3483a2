// Partitions in Redis: atomic updates, expiry, lists, through each library and kind of server.
// proves: redis/src/create-redis-store.ts, redis/src/partitions.ts, redis/src/pages.ts, redis/src/scripts.ts,
// redis/src/commands.ts, redis/src/guarded-commands.ts, redis/src/names.ts, redis/src/invalidation/sources.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  createRedisStore,
  type RedisClient,
  type RedisStoreOptions,
  type RedisTokenStore,
} from "@tessera/redis";
import { describeWith } from "../support/real-part.js";
import {
  clientOf,
  clusterClientOf,
  libraries,
  sentinelClientOf,
  type AppClient,
  type Library,
} from "../support/redis-clients.js";
import {
  hasRedis,
  startRedis,
  startRedisCluster,
  startRedisWithSentinel,
  type RedisCluster,
  type RedisServer,
  type SentinelRedis,
} from "../support/redis-servers.js";
import { isFull } from "../support/sample.js";

const put =
  (document: string, group = "users", timeToLive = 3_600) =>
  () => ({ document, group, timeToLive });

describeWith("redis-server", hasRedis(), () => {
  let alone: RedisServer;
  let cluster: RedisCluster;
  let watched: SentinelRedis;
  const clients = new Map<string, AppClient>();
  const stores: RedisTokenStore[] = [];
  beforeAll(async () => {
    [alone, cluster, watched] = await Promise.all([
      startRedis(),
      startRedisCluster(),
      startRedisWithSentinel(),
    ]);
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map(async (store) => store.close()));
  });
  afterAll(async () => {
    await Promise.all([...clients.values()].map(async ({ close }) => close()));
    await Promise.all([alone.stop(), cluster.stop(), watched.stop()]);
  });

  const clientFor = async (
    library: Library,
    kind: "alone" | "cluster" | "sentinel",
  ): Promise<RedisClient> => {
    const name = `${library} ${kind}`;
    const found =
      clients.get(name) ??
      (await (kind === "alone"
        ? clientOf(library, alone)
        : kind === "cluster"
          ? clusterClientOf(library, cluster)
          : sentinelClientOf(library, watched)));
    clients.set(name, found);
    return found.client as RedisClient;
  };
  const storeOf = (client: RedisClient, options: Partial<RedisStoreOptions> = {}): RedisTokenStore => {
    const store = createRedisStore({ client, ...options });
    stores.push(store);
    return store;
  };

  // Every library, and every kind of server with two of them.
  const places = libraries.flatMap((library, row) =>
    (["alone", "cluster", "sentinel"] as const)
      .filter((_, column) => isFull || (row + column) % 2 === 0)
      .map((kind) => [library, kind] as const),
  );
  describe.each(places)("%s, %s", (library, kind) => {
    let store: RedisTokenStore;
    let another: RedisTokenStore;
    beforeEach(async () => {
      const client = await clientFor(library, kind);
      const prefix = `${library} ${kind} ${expect.getState().currentTestName?.length ?? 0}:`;
      store = storeOf(client, { prefix });
      another = storeOf(client, { prefix });
    });

    test("what one process stores, the other finds, changes and removes", async () => {
      const name = "user:é‮\0 {}'\"\n";
      expect(await store.load(name)).toBe("absent");
      const document = JSON.stringify({ text: "ü\0‮😀".repeat(3_000) });
      const stored = await store.update(name, put(document));
      expect(await another.load(name)).toEqual({
        document,
        version: (stored as { version: string }).version,
      });
      expect(await another.load(name, (stored as { version: string }).version)).toBe("unchanged");
      const changed = await another.update(name, (current) => ({
        document: `${String(current?.length)} code units`,
        group: "users",
      }));
      expect(changed).not.toEqual(stored);
      expect(await store.load(name, "other")).toMatchObject({ document: `${document.length} code units` });
      expect(await store.update(name, () => "keep")).toEqual(changed);
      expect(await store.update(name, () => "remove")).toEqual({ version: undefined });
      expect(await another.load(name)).toBe("absent");
    });

    test("of many writers none is lost", async () => {
      const add = (process: RedisTokenStore) =>
        process.update("user:counter", (current) => put(String(Number(current ?? "0") + 1))());
      await Promise.all(Array.from({ length: 10 }, (_, index) => add(index % 2 === 0 ? store : another)));
      expect(await store.load("user:counter")).toMatchObject({ document: "10" });
    });

    test("users are listed over all servers, others under their group", async () => {
      await Promise.all([
        ...Array.from({ length: 30 }, async (_, index) => store.update(`user:${index}`, put(`of ${index}`))),
        store.update("assertion:1", put("one", "user:1")),
        store.update("assertion:2", put("two", "user:1")),
        store.update("assertion:3", put("three", "user:2")),
      ]);
      await another.update("user:7", () => "remove");
      await another.update("assertion:2", () => "remove");
      const users = await all(another, "users");
      expect(users).toHaveLength(29);
      expect(users).toContainEqual(expect.objectContaining({ partition: "user:29", document: "of 29" }));
      expect(await all(another, "user:1")).toMatchObject([{ partition: "assertion:1", document: "one" }]);
      expect(await all(another, "user:9")).toEqual([]);
    });
  });

  test("a list of hundreds has pages, which have every user once", async () => {
    const store = storeOf(await clientFor("redis 6", "alone"), { prefix: "pages:" });
    const names = Array.from({ length: 450 }, (_, index) => `user:${index}`);
    await Promise.all(names.map(async (name) => store.update(name, put(name))));
    await Promise.all(names.map(async (name) => store.update(`${name}/app`, put(name, "app:1"))));
    for (const [group, expected] of [
      ["users", names],
      ["app:1", names.map((name) => `${name}/app`)],
    ] as const) {
      const first = await store.list(group);
      expect(first).toMatchObject({ cursor: expect.any(String) });
      const found = (await all(store, group)).map(({ partition }) => partition);
      expect(found.sort()).toEqual([...expected].sort());
    }
  });

  test("a group whose members all end in the same moment is listed completely", async () => {
    const store = storeOf(await clientFor("redis 6", "alone"), { prefix: "same:" });
    await Promise.all(
      Array.from({ length: 150 }, async (_, index) => store.update(`a:${index}`, put("x", "app:1"))),
    );
    const [index = ""] = (await alone.command("KEYS", "same:index:*")) as string[];
    const members = (await alone.command("ZRANGE", index, "0", "-1")) as string[];
    const until = String(Date.now() + 1_000_000);
    for (const member of members) await alone.command("ZADD", index, until, member);
    expect(await all(store, "app:1")).toHaveLength(150);
  });

  test("what has ended is gone, and its index with it", async () => {
    const store = storeOf(await clientFor("redis 6", "alone"), { prefix: "expiry:", maxLifetimeSeconds: 7 });
    await store.update("user:1", put("short", "users", 0.2));
    await store.update("assertion:1", put("short", "user:1", 0.2));
    await store.update("user:2", () => ({ document: "as long as allowed", group: "users" }));
    const lifetimes = async (): Promise<readonly number[]> => {
      const keys = (await alone.command("KEYS", "expiry:*")) as string[];
      const left = await Promise.all(keys.map(async (key) => alone.command("PTTL", key)));
      return left.map(Number);
    };
    const left = await lifetimes();
    expect(left).toHaveLength(6);
    expect(left.every((ttl) => ttl > 0 && ttl <= 7_001)).toBe(true);
    while ((await lifetimes()).filter((ttl) => ttl < 1_000).length > 0);
    expect(await lifetimes()).toHaveLength(2);
    expect(await store.load("user:1")).toBe("absent");
    expect(await all(store, "users")).toMatchObject([{ partition: "user:2" }]);
    expect(await all(store, "user:1")).toEqual([]);
  });

  test("keys say nothing about users", async () => {
    const store = storeOf(await clientFor("redis 6", "alone"), { prefix: "names:" });
    await store.update("user:alice.tenant", put("x"));
    await store.update("assertion:1", put("x", "user:alice.tenant"));
    const keys = (await alone.command("KEYS", "names:*")) as string[];
    expect(keys).toHaveLength(4);
    for (const key of keys) expect(key).toMatch(/^names:(index:)?\{[0-3][\da-f]{2}\}([\w-]{32}|users)$/);
  });
});

async function all(store: RedisTokenStore, group: string) {
  const found: { readonly partition: string; readonly document: string }[] = [];
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = await store.list(group, cursor);
    if (page === "unavailable") throw new Error("unavailable");
    found.push(...page.partitions);
    ({ cursor } = page);
  }
  return found;
}
