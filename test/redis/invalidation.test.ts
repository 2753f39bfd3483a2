// Changes by other processes are heard of: by tracking, else by messages, through both client libraries.
// proves: redis/src/invalidation/invalidation.ts, redis/src/invalidation/feed.ts, redis/src/invalidation/wire.ts,
// redis/src/invalidation/node-redis-wire.ts, redis/src/invalidation/ioredis-wire.ts, redis/src/error-text.ts
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { Cluster, Redis } from "ioredis";
import { Redis as Redis6 } from "ioredis-6";
import { createClient, createCluster, createSentinel } from "redis";
import { createClient as createClient5, createCluster as createCluster5 } from "redis-5";
import { Invalidation } from "../../packages/redis/src/invalidation/invalidation.js";
import { ioRedisClusterSources, ioRedisSources } from "../../packages/redis/src/invalidation/ioredis-wire.js";
import {
  nodeRedisClusterSources,
  nodeRedisSentinelSources,
  nodeRedisSources,
} from "../../packages/redis/src/invalidation/node-redis-wire.js";
import type { WireSources } from "../../packages/redis/src/invalidation/wire.js";
import { describeWith } from "../support/real-part.js";
import {
  hasRedis,
  startRedis,
  startRedisCluster,
  startRedisWithSentinel,
  type RedisCluster,
  type RedisServer,
  type SentinelRedis,
} from "../support/redis-servers.js";

interface Opened {
  readonly sources: WireSources;
  close(): unknown;
}

const nodeRedis =
  (create: typeof createClient) =>
  async (url: string): Promise<Opened> => {
    const client = create({ url });
    client.on("error", () => undefined);
    await client.connect();
    return { sources: nodeRedisSources(client as never), close: () => client.destroy() };
  };
const ioRedis =
  (library: typeof Redis) =>
  async (url: string): Promise<Opened> => {
    const client = new library(url);
    client.on("error", () => undefined);
    return { sources: ioRedisSources(client as never), close: () => client.disconnect() };
  };
const ALONE: readonly (readonly [string, (url: string) => Promise<Opened>])[] = [
  ["redis 6", nodeRedis(createClient)],
  ["redis 5", nodeRedis(createClient5 as never)],
  ["ioredis 5", ioRedis(Redis)],
  ["ioredis 6", ioRedis(Redis6 as never)],
];

const nodeRedisCluster =
  (create: typeof createCluster) =>
  async (urls: readonly string[]): Promise<Opened> => {
    const cluster = create({ rootNodes: urls.map((url) => ({ url })) });
    cluster.on("error", () => undefined);
    await cluster.connect();
    return { sources: nodeRedisClusterSources(cluster as never), close: () => cluster.destroy() };
  };
const CLUSTERS: readonly (readonly [string, (urls: readonly string[]) => Promise<Opened>])[] = [
  ["redis 6", nodeRedisCluster(createCluster)],
  ["redis 5", nodeRedisCluster(createCluster5 as never)],
  [
    "ioredis 5",
    async (urls) => {
      const cluster = new Cluster([...urls]);
      cluster.on("error", () => undefined);
      if (cluster.status !== "ready") await new Promise((done) => cluster.once("ready", done));
      return { sources: ioRedisClusterSources(cluster as never), close: () => cluster.disconnect() };
    },
  ],
];

/** What is heard, one word a line: a key, `turned` with what it means, or `flushed`. */
class Heard {
  readonly invalidation: Invalidation;
  readonly #words: string[] = [];
  #wake = (): void => undefined;

  constructor(sources: WireSources) {
    const say = (word: string): void => {
      this.#words.push(word);
      this.#wake();
    };
    this.invalidation = new Invalidation(
      sources,
      { prefix: "tessera:", channel: "tessera:changes" },
      {
        changed: say,
        turned: (isHeard) => say(isHeard ? `by ${this.invalidation.means}` : "turned"),
        flushed: () => say("flushed"),
      },
    );
    this.invalidation.start();
  }

  /** Waits for a word, and forgets those before it. */
  async next(wanted: string): Promise<readonly string[]> {
    for (;;) {
      const at = this.#words.indexOf(wanted);
      if (at >= 0) return this.#words.splice(0, at + 1);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of undo.splice(0).reverse()) await end();
});
const hearing = async (opening: Promise<Opened>): Promise<Heard> => {
  const { sources, close } = await opening;
  undo.push(close);
  const heard = new Heard(sources);
  undo.push(() => heard.invalidation.close());
  return heard;
};

describeWith("redis-server", hasRedis(), () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
    await server.command(
      "ACL",
      "SETUSER",
      "untracked",
      "on",
      ">secret",
      "~*",
      "&*",
      "+@all",
      "-client|tracking",
    );
    await server.command(
      "ACL",
      "SETUSER",
      "deaf",
      "on",
      ">secret",
      "~*",
      "&none",
      "+@all",
      "-client|tracking",
    );
  });
  afterAll(async () => server.stop());

  test.each(ALONE)("%s hears of every change, expiry and flush under the prefix", async (_, open) => {
    const heard = await hearing(open(server.url));
    await heard.next("by tracking");
    await server.command("MSET", "tessera:1", "a", "tessera:2", "b");
    await heard.next("tessera:2");
    await server.command("SET", "other", "a");
    await server.command("SET", "tessera:3", "a", "PX", "1");
    await heard.next("tessera:3");
    expect(await heard.next("tessera:3")).toEqual(["tessera:3"]);
    await server.command("FLUSHALL");
    await heard.next("flushed");
  });

  test.each(ALONE)("%s forgets on the loss of the connection, and listens again", async (_, open) => {
    const heard = await hearing(open(server.url));
    await heard.next("by tracking");
    await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await server.command("CLIENT", "KILL", "TYPE", "pubsub");
    await heard.next("turned");
    await heard.next("by tracking");
    await server.command("SET", "tessera:1", "a");
    await heard.next("tessera:1");
  });

  test.each(ALONE)(
    "%s falls back to messages where tracking is refused, and else to age",
    async (_, open) => {
      const heard = await hearing(open(server.url.replace("//", "//untracked:secret@")));
      await heard.next("by messages");
      await server.command("PUBLISH", "tessera:changes", "tessera:1");
      await heard.next("tessera:1");
      const deaf = await hearing(open(server.url.replace("//", "//deaf:secret@")));
      await deaf.next("by age");
    },
  );

  test.each(ALONE)("%s: nothing is left at the server after close", async (_, open) => {
    const heard = await hearing(open(server.url));
    await heard.next("by tracking");
    const trackers = async (): Promise<number> =>
      String(await server.command("CLIENT", "LIST"))
        .split("\n")
        .filter((line) => /flags=\w*[tB]/.test(line)).length;
    expect(await trackers()).toBe(1);
    heard.invalidation.close();
    while ((await trackers()) > 0);
  });
});

describeWith("redis-server", hasRedis(), () => {
  let cluster: RedisCluster;
  beforeAll(async () => (cluster = await startRedisCluster({ replicas: 0 })));
  afterAll(async () => cluster.stop());

  test.each(CLUSTERS)("%s hears of changes at every master of a cluster", async (_, open) => {
    const heard = await hearing(open(cluster.urls));
    await heard.next("by tracking");
    // The slots of these keys are at the three masters.
    for (const [index, tag] of ["{b}", "{d}", "{a}"].entries()) {
      const key = `tessera:${tag}`;
      const answers = await Promise.allSettled(
        cluster.masters.map(async (it) => it.command("SET", key, "a")),
      );
      expect([index, answers.filter(({ status }) => status === "fulfilled").length]).toEqual([index, 1]);
      await heard.next(key);
    }
  });
});

describeWith("redis-server", hasRedis(), () => {
  let servers: SentinelRedis;
  beforeAll(async () => (servers = await startRedisWithSentinel()));
  afterAll(async () => servers.stop());

  test.each([
    [
      "redis 6",
      async (port: number, name: string): Promise<Opened> => {
        const client = createSentinel({ name, sentinelRootNodes: [{ host: "127.0.0.1", port }] });
        client.on("error", () => undefined);
        await client.connect();
        return { sources: nodeRedisSentinelSources(client as never), close: async () => client.destroy() };
      },
    ],
    [
      "ioredis 5",
      async (port: number, name: string): Promise<Opened> => {
        const client = new Redis({ sentinels: [{ host: "127.0.0.1", port }], name });
        client.on("error", () => undefined);
        return { sources: ioRedisSources(client as never), close: () => client.disconnect() };
      },
    ],
  ])("%s hears of changes at the master that a sentinel names", async (_, open) => {
    const { master, sentinel, name } = servers;
    const heard = await hearing(open(sentinel.port, name));
    await heard.next("by tracking");
    await master.command("SET", "tessera:1", "a");
    await heard.next("tessera:1");
  });
});
