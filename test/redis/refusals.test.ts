// What the store does about each thing that a server may answer instead of what was asked.
// proves: redis/src/errors.ts, redis/src/failure.ts, redis/src/guarded-commands.ts
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
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
  sentinelClientOf,
  type AppClient,
  type Library,
} from "../support/redis-clients.js";
import {
  hasRedis,
  startRedis,
  startRedisCluster,
  startRedisWithSentinel,
  until,
  type RedisCluster,
  type RedisServer,
} from "../support/redis-servers.js";
import { isFull } from "../support/sample.js";

const put =
  (document: string, group = "users") =>
  () => ({ document, group });

interface Opened {
  readonly store: RedisTokenStore;
  readonly lines: string[];
}

describeWith("redis-server", hasRedis(), () => {
  let server: RedisServer;
  const undo: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => server.stop());
  afterEach(async () => {
    for (const end of undo.splice(0).reverse()) await end();
  });

  const used = <T extends AppClient>({ client, close }: T): RedisClient => {
    undo.push(close);
    return client as RedisClient;
  };
  const opened = (client: RedisClient, options: Partial<RedisStoreOptions> = {}): Opened => {
    const lines: string[] = [];
    const line = (message: string): void => void lines.push(message);
    const logger = { error: line, warning: line, info: line };
    const store = createRedisStore({ client, logger, ...options });
    undo.push(async () => store.close());
    return { store, lines };
  };
  const stopped = <T extends { stop(): Promise<void> }>(started: T): T => {
    undo.push(async () => started.stop());
    return started;
  };
  const errorsOf = (store: RedisTokenStore) => store.stats().errors;

  describe.each(["redis 6", "ioredis 5"] as const)("with %s", (library: Library) => {
    test("LOADING: it is unavailable until the data is there", async () => {
      const loading = stopped(await startRedis());
      const { store } = opened(used(await clientOf(library, loading)), { commandTimeoutMs: 200 });
      await store.update("user:1", put("before"));
      const fill = Array.from({ length: 100 }, (_, index) => [`filler:${index}`, "x"]).flat();
      await loading.command("MSET", ...fill);
      await loading.command("SAVE");
      const settings = { "key-load-delay": 5_000, "loading-process-events-interval-bytes": 1024 };
      await loading.restart({ settings, until: "listening" });
      expect(await store.load("user:1")).toBe("unavailable");
      await until(async () => (await store.load("user:1")) !== "unavailable");
      expect(await store.load("user:1")).toMatchObject({ document: "before" });
    });

    test("slow answers: a call waits no longer than commandTimeoutMs, and other calls do not wait at all", async () => {
      const slow = stopped(await startRedis());
      const { store, lines } = opened(used(await clientOf(library, slow)), { commandTimeoutMs: 50 });
      await store.update("user:1", put("before"));
      await slow.command("CLIENT", "PAUSE", "100000", "ALL");
      for (let call = 0; call < 5; call += 1) expect(await store.load("user:1")).toBe("unavailable");
      // The last ones have not been sent.
      expect(errorsOf(store)).toEqual({ timeout: 3 });
      expect(lines).toEqual([expect.stringContaining("timeout")]);
      slow.pause();
    });

    test("NOPERM for SCRIPT, FUNCTION and CLIENT: it does without, and knows changes by age", async () => {
      const limits = [
        "-script",
        "-function",
        "-client",
        "-subscribe",
        "-publish",
        "-ssubscribe",
        "-psubscribe",
      ];
      await server.command(
        "ACL",
        "SETUSER",
        "limited",
        "on",
        ">secret",
        "~limited:*",
        "resetchannels",
        "+@all",
        ...limits,
      );
      const url = `redis://limited:secret@127.0.0.1:${server.port}`;
      const { store } = opened(used(await clientOf(library, { ...server, url })), { prefix: "limited:" });
      const outcome = await store.update("user:1", put("x"));
      const { version } = outcome as { version: string };
      await store.inTurn("user:1", { found: async () => undefined, run: async (turn) => turn.holds() });
      await store.update("assertion:1", put("y", "user:1"));
      expect(await store.list("user:1")).toMatchObject({ partitions: [{ document: "y" }] });
      expect(await store.list("users")).toMatchObject({ partitions: [{ document: "x" }] });
      await until(async () => store.load("user:1", version) === "unchanged");
      expect(store.stats()).toMatchObject({ invalidatedBy: "age", available: true, errors: {} });
    });

    test("a value or type of another program under one of its keys is left as it is, and named", async () => {
      const { store } = opened(used(await clientOf(library, server)), { prefix: `${library}:` });
      await store.update("user:1", put("x"));
      const [key = ""] = (await server.command("KEYS", `${library}:{*`)) as string[];
      const failure = { errorCode: "cache_store_failed", message: expect.stringContaining(key) };
      for (const replace of [
        ["SET", key, "of another program"],
        ["SET", key, ""],
        ["LPUSH", key, "of", "another"],
      ]) {
        await server.command("DEL", key);
        await server.command(...replace);
        const before = await server.command("DUMP", key);
        if (replace[2] !== "") {
          await expect(store.load("user:1")).rejects.toMatchObject(failure);
          await expect(store.update("user:1", put("y"))).rejects.toMatchObject(failure);
          await expect(store.update("user:1", () => "remove")).rejects.toMatchObject(failure);
          expect(await store.list("users")).toEqual({ partitions: [] });
          expect(await server.command("DUMP", key)).toEqual(before);
        } else await expect(store.load("user:1")).rejects.toMatchObject(failure);
      }
      expect(store.stats()).toMatchObject({ available: true });
    });

    test("another type in the place of an index is an error that names its key", async () => {
      const { store } = opened(used(await clientOf(library, server)), { prefix: `${library} index:` });
      await store.update("user:1", put("x"));
      const [index = ""] = (await server.command("KEYS", `${library} index:index:*`)) as string[];
      await server.command("SET", index, "of another program");
      const failure = { errorCode: "cache_store_failed" };
      await expect(store.list("users")).rejects.toMatchObject({
        ...failure,
        message: expect.stringContaining(index),
      });
      await expect(store.update("user:1", put("y"))).rejects.toMatchObject(failure);
      expect(await server.command("GET", index)).toBe("of another program");
    });
  });

  test.each(isFull ? (["redis 6", "ioredis 5"] as const) : (["ioredis 5"] as const))(
    "failover by a sentinel: the store goes on at the new master, which knows no script, with %s",
    async (library) => {
      const watched = stopped(await startRedisWithSentinel());
      const { store } = opened(used(await sentinelClientOf(library, watched)));
      await store.update("user:1", put("before"));
      // WAIT would answer for the writes of its own connection only.
      await until(async () => Number(await watched.replica.command("DBSIZE")) > 0);
      await watched.master.kill();
      await until(
        async () =>
          (await store.update("user:1", (current) => put(`${String(current)}, after`)())) !== "unavailable",
      );
      expect(await store.load("user:1")).toMatchObject({ document: "before, after" });
      expect(await watched.replica.command("INFO", "replication")).toContain("role:master");
    },
  );

  test("OOM: what is removed is removed", async () => {
    const { store } = opened(used(await clientOf("redis 6", server)), { prefix: "oom:" });
    await store.update("user:1", put("x"));
    await server.command("CONFIG", "SET", "maxmemory", "1");
    expect(await store.update("user:1", () => "remove")).toEqual({ version: undefined });
    await server.command("CONFIG", "SET", "maxmemory", "0");
    expect(await store.load("user:1")).toBe("absent");
  });
});

describeWith("redis-server as a cluster", hasRedis(), () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  // A server that holds other keys of a slot does not give it away.
  afterEach(async () => Promise.all(cluster.masters.map(async (master) => master.command("FLUSHALL"))));
  afterAll(async () => cluster.stop());

  test.each(["redis 6", "ioredis 5"] as const)(
    "MOVED, ASK and TRYAGAIN: a slot that moves loses nothing, with %s",
    async (library) => {
      const { client, close } = await clusterClientOf(library, cluster);
      const prefix = `${library}:`;
      const store = createRedisStore({ client: client as RedisClient, prefix, memory: false });
      await store.update("user:1", put("1"));
      const holders = await Promise.all(
        cluster.masters.map(async (master) => ({
          master,
          keys: (await master.command("KEYS", `${prefix}{*`)) as string[],
        })),
      );
      const source = holders.find(({ keys }) => keys.length > 0);
      const target = holders.find(({ keys }) => keys.length === 0)?.master;
      const [key = ""] = source?.keys ?? [];
      if (!source || !target) throw new Error("no source or target");
      const slot = String(await target.command("CLUSTER", "KEYSLOT", key));
      const [from, to] = [await idOf(source.master), await idOf(target)];
      await target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", from);
      await source.master.command("CLUSTER", "SETSLOT", slot, "MIGRATING", to);
      const migrate = async (moved: string) =>
        source.master.command("MIGRATE", "127.0.0.1", String(target.port), moved, "0", "5000");

      // All keys are at the source.
      expect(await change(store, "2")).toBe("12");
      // One is here, one there: the script waits for the other.
      await migrate(key);
      const waiting = change(store, "3");
      const [index = ""] = (await source.master.command("KEYS", `${prefix}index:*`)) as string[];
      await migrate(index);
      expect(await waiting).toBe("123");
      // All are at the target, and the client is asked to look there.
      expect(await change(store, "4")).toBe("1234");
      for (const { master } of [{ master: target }, ...holders])
        await master.command("CLUSTER", "SETSLOT", slot, "NODE", to);
      expect(await change(store, "5")).toBe("12345");
      expect(store.stats()).toMatchObject({ available: true });
      await store.close();
      await close();
    },
  );

  test.each(isFull ? (["redis 6", "ioredis 5"] as const) : (["redis 6"] as const))(
    "CLUSTERDOWN: it is unavailable until all slots are served, with %s",
    async (library) => {
      const { client, close } = await clusterClientOf(library, cluster);
      const store = createRedisStore({ client: client as RedisClient, memory: false, commandTimeoutMs: 200 });
      await store.update("user:1", put("before"));
      const [first] = cluster.masters;
      const slots = String(await first?.command("CLUSTER", "NODES")).match(/myself.* (\d+)-(\d+)/) ?? [];
      await first?.command("CLUSTER", "DELSLOTSRANGE", ...slots.slice(1));
      const names = Array.from({ length: 20 }, (_, index) => `user:${index}`);
      await until(async () =>
        (await Promise.all(names.map(async (name) => store.load(name)))).includes("unavailable"),
      );
      await first?.command("CLUSTER", "ADDSLOTSRANGE", ...slots.slice(1));
      await until(
        async () => !(await Promise.all(names.map(async (name) => store.load(name)))).includes("unavailable"),
      );
      expect(await store.load("user:1")).toMatchObject({ document: "before" });
      await store.close();
      await close();
    },
  );

  test("MOVED to a client that knows only one server: unavailable, and the log says so", async () => {
    const lines: string[] = [];
    const line = (message: string): void => void lines.push(message);
    const [first] = cluster.masters;
    if (!first) throw new Error("no master");
    const { client, close } = await clientOf("redis 6", first);
    const logger = { error: line, warning: line, info: line };
    const store = createRedisStore({ client: client as RedisClient, prefix: "alone:", logger });
    const names = Array.from({ length: 200 }, (_, index) => `user:${index}`);
    for (const name of names) await store.load(name);
    expect(lines.join()).toContain("MOVED");
    await store.close();
    await close();
  });
});

const idOf = async (server: RedisServer) => String(await server.command("CLUSTER", "MYID"));

/** Appends to a document; returns what is stored then. */
async function change(store: RedisTokenStore, text: string): Promise<string> {
  await store.update("user:1", (current) => put(`${String(current)}${text}`)());
  const loaded = await store.load("user:1");
  return typeof loaded === "object" ? loaded.document : loaded;
}
