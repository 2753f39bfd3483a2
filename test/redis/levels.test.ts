// What a process knows costs no round trip, what the server knows costs one, and a change elsewhere ends what was known.
// proves: redis/src/create-redis-store.ts, redis/src/first-level.ts
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import {
  createRedisStore,
  type RedisClient,
  type RedisStoreOptions,
  type RedisTokenStore,
} from "@tessera/redis";
import { describeWith } from "../support/real-part.js";
import { clientOf, clusterClientOf, libraries, type AppClient } from "../support/redis-clients.js";
import {
  hasRedis,
  startRedis,
  startRedisCluster,
  type RedisCluster,
  type RedisServer,
} from "../support/redis-servers.js";
import { isFull } from "../support/sample.js";

const put =
  (document: string, group = "users") =>
  () => ({ document, group, timeToLive: 3_600 });
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describeWith("redis-server", hasRedis(), () => {
  let alone: RedisServer;
  let cluster: RedisCluster;
  const undo: (() => Promise<unknown>)[] = [];
  let serial = 0;
  beforeAll(async () => {
    [alone, cluster] = await Promise.all([startRedis(), startRedisCluster()]);
    await alone.command("ACL", "SETUSER", "untracked", "on", ">x", "~*", "&*", "+@all", "-client|tracking");
    await alone.command("ACL", "SETUSER", "deaf", "on", ">x", "~*", "&none", "+@all", "-client|tracking");
  });
  afterAll(async () => Promise.all([alone.stop(), cluster.stop()]));
  afterEach(async () => {
    for (const end of undo.splice(0).reverse()) await end();
  });

  const opened = async (
    opening: Promise<AppClient>,
    options: Partial<RedisStoreOptions> = {},
  ): Promise<RedisTokenStore> => {
    const { client, close } = await opening;
    undo.push(close);
    const store = createRedisStore({
      client: client as RedisClient,
      prefix: `levels ${serial}:`,
      ...options,
    });
    undo.push(async () => store.close());
    return store;
  };
  const as = (user: string): RedisServer => ({ ...alone, url: alone.url.replace("//", `//${user}:x@`) });
  /** Waits until a store hears of changes by these means. */
  const hears = async (store: RedisTokenStore, means: string): Promise<void> => {
    await store.load("nothing");
    while (store.stats().invalidatedBy !== means) await tick();
  };
  /** Loads until the answer is known without a round trip. */
  const known = async (store: RedisTokenStore, partition: string): Promise<string> => {
    for (;;) {
      const loaded = await store.load(partition);
      if (typeof loaded !== "object") throw new Error(loaded);
      if (store.load(partition, loaded.version) === "unchanged") return loaded.version;
    }
  };
  const PLACES = libraries.flatMap((library) => [
    [library, "alone", async () => clientOf(library, alone)] as const,
    [library, "cluster", async () => clusterClientOf(library, cluster)] as const,
  ]);
  /** Every library with one of the two kinds of server; with the other one for the other rest. */
  const half = (rest: number) =>
    PLACES.filter((_, place) => isFull || (place + Math.floor(place / 2)) % 2 === rest);
  /** The commands that all servers have executed for clients, without those that count them. */
  const executed = async (): Promise<number> => {
    const stats = await Promise.all(
      [alone, ...cluster.masters].map(async (server) => server.command("INFO", "commandstats")),
    );
    const counts = stats.map((text) =>
      [...String(text).matchAll(/^cmdstat_(?:get|eval|evalsha|getrange):calls=(\d+)/gm)].map(([, calls]) =>
        Number(calls),
      ),
    );
    return counts.flat().reduce((sum, calls) => sum + calls, 0);
  };

  test.each(half(0))(
    "%s, %s: a first-level hit takes no command, a second-level hit one",
    async (...place) => {
      serial += 1;
      const store = await opened(place[2]());
      await hears(store, "tracking");
      await store.update("user:1", put("document"));
      const version = await known(store, "user:1");
      const before = await executed();
      for (let hit = 0; hit < 100; hit += 1) expect(store.load("user:1", version)).toBe("unchanged");
      expect(await executed()).toBe(before);
      // What the caller does not hold has to be sent; a version that it holds is enough for the server to know.
      expect(await store.load("user:1")).toEqual({ document: "document", version });
      expect(await executed()).toBe(before + 1);
      expect(store.stats()).toMatchObject({ invalidatedBy: "tracking", misses: 1 });
      expect(store.stats().firstLevelHits).toBeGreaterThanOrEqual(100);
    },
  );

  test("without a first level every hit takes one command, and no connection is opened", async () => {
    serial += 1;
    const store = await opened(clientOf("redis 6", alone), { memory: false });
    const clients = async (): Promise<number> =>
      String(await alone.command("CLIENT", "LIST"))
        .trim()
        .split("\n").length;
    const connected = await clients();
    const outcome = await store.update("user:1", put("document"));
    const { version } = outcome as { version: string };
    const before = await executed();
    for (let hit = 0; hit < 10; hit += 1) expect(await store.load("user:1", version)).toBe("unchanged");
    expect(await executed()).toBe(before + 10);
    expect(store.stats()).toMatchObject({ invalidatedBy: "age", firstLevelHits: 0, secondLevelHits: 10 });
    expect(await clients()).toBe(connected);
  });

  test.each(half(1))("%s, %s: a sign-out elsewhere is seen as soon as it is heard of", async (...place) => {
    serial += 1;
    const [here, elsewhere] = [await opened(place[2]()), await opened(place[2]())];
    await hears(here, "tracking");
    for (const partition of ["user:1", "user:2", "user:3"]) {
      await elsewhere.update(partition, put("signed in"));
      const version = await known(here, partition);
      await elsewhere.update(partition, () => "remove");
      while (here.load(partition, version) === "unchanged") await tick();
      expect(await here.load(partition, version)).toBe("absent");
    }
  });

  test("a sign-out elsewhere is seen by messages where tracking is refused", async () => {
    serial += 1;
    const here = await opened(clientOf("ioredis 5", as("untracked")), { memory: { maxAgeMs: 3_600_000 } });
    const elsewhere = await opened(clientOf("redis 6", alone));
    await hears(here, "messages");
    await elsewhere.update("user:1", put("signed in"));
    const version = await known(here, "user:1");
    await elsewhere.update("user:1", () => "remove");
    while (here.load("user:1", version) === "unchanged") await tick();
    expect(await here.load("user:1", version)).toBe("absent");
  });

  test("a sign-out elsewhere is seen after maxAgeMs where nothing is heard", async () => {
    serial += 1;
    const here = await opened(clientOf("redis 6", as("deaf")), { memory: { maxAgeMs: 300 } });
    const elsewhere = await opened(clientOf("redis 6", alone));
    await elsewhere.update("user:1", put("signed in"));
    const version = await known(here, "user:1");
    await elsewhere.update("user:1", () => "remove");
    while (here.load("user:1", version) === "unchanged") await tick();
    expect(await here.load("user:1", version)).toBe("absent");
    expect(here.stats().invalidatedBy).toBe("age");
  });

  test("a turn reads what is stored, whatever was known before", async () => {
    serial += 1;
    const here = await opened(clientOf("redis 6", as("deaf")), { memory: { maxAgeMs: 3_600_000 } });
    const elsewhere = await opened(clientOf("redis 6", alone));
    await elsewhere.update("user:a b", put("old"));
    for (const [name, document] of [
      ["user:a b", "new"],
      ["user:a b equal-requests", "newer"],
    ] as const) {
      const version = await known(here, "user:a b");
      await elsewhere.update("user:a b", put(document));
      expect(here.load("user:a b", version)).toBe("unchanged");
      const found = await here.inTurn(name, {
        found: async () => undefined,
        run: async () => here.load("user:a b", version),
      });
      expect(found).toMatchObject({ document });
    }
  });

  test("after a reconnect nothing is taken for known that may have changed meanwhile", async () => {
    serial += 1;
    const [here, elsewhere] = [
      await opened(clientOf("redis 6", alone)),
      await opened(clientOf("redis 6", alone)),
    ];
    await hears(here, "tracking");
    await elsewhere.update("user:1", put("old"));
    const version = await known(here, "user:1");
    await alone.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    while (here.load("user:1", version) === "unchanged") await tick();
    expect(await here.load("user:1", version)).toBe("unchanged");
    while ((await elsewhere.update("user:1", put("new"))) === "unavailable") await tick();
    expect(await here.load("user:1", version)).toMatchObject({ document: "new" });
  });
});
