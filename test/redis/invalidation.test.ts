// Changes by other processes are heard of: by tracking, else by messages, through both client libraries.
// proves: redis/src/invalidation/invalidation.ts, redis/src/invalidation/feed.ts, redis/src/invalidation/wire.ts,
// redis/src/invalidation/sources.ts, redis/src/invalidation/node-redis-wire.ts,
// redis/src/invalidation/ioredis-wire.ts
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { connect } from "../../packages/redis/src/connection/connect.js";
import { Invalidation } from "../../packages/redis/src/invalidation/invalidation.js";
import { sourcesOf } from "../../packages/redis/src/invalidation/sources.js";
import { describeWith } from "../support/real-part.js";
import {
  clientOf,
  clusterClientOf,
  libraries,
  sentinelClientOf,
  type AppClient,
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

/** What is heard, one word a line: a key, `turned` with what it means, or `flushed`. */
class Heard {
  readonly invalidation: Invalidation;
  readonly #words: string[] = [];
  #wake = (): void => undefined;

  constructor(client: object) {
    const say = (word: string): void => {
      this.#words.push(word);
      this.#wake();
    };
    this.invalidation = new Invalidation(
      sourcesOf(client, connect(client)),
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
const hearing = async (opening: Promise<AppClient>): Promise<Heard> => {
  const { client, close } = await opening;
  undo.push(close);
  const heard = new Heard(client);
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
  const as = (user: string): RedisServer => ({
    ...server,
    url: server.url.replace("//", `//${user}:secret@`),
  });

  test.each(libraries)("%s hears of every change, expiry and flush under the prefix", async (library) => {
    const heard = await hearing(clientOf(library, server));
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

  test.each(libraries)(
    "%s hears of keys that the client itself puts a prefix in front of",
    async (library) => {
      const heard = await hearing(clientOf(library, server, { keyPrefix: "app:" }));
      await heard.next("by tracking");
      await server.command("SET", "app:tessera:1", "a");
      await heard.next("tessera:1");
    },
  );

  test.each(libraries)("%s forgets on the loss of the connection, and listens again", async (library) => {
    const heard = await hearing(clientOf(library, server));
    await heard.next("by tracking");
    await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await server.command("CLIENT", "KILL", "TYPE", "pubsub");
    await heard.next("turned");
    await heard.next("by tracking");
    await server.command("SET", "tessera:1", "a");
    await heard.next("tessera:1");
  });

  test.each(libraries)(
    "%s falls back to messages where tracking is refused, and else to age",
    async (library) => {
      const heard = await hearing(clientOf(library, as("untracked")));
      await heard.next("by messages");
      await server.command("PUBLISH", "tessera:changes", "tessera:1");
      await heard.next("tessera:1");
      const deaf = await hearing(clientOf(library, as("deaf")));
      await deaf.next("by age");
    },
  );

  test.each(libraries)("%s: nothing is left at the server after close", async (library) => {
    const heard = await hearing(clientOf(library, server));
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

  test.each(libraries)("%s hears of changes at every master of a cluster", async (library) => {
    const heard = await hearing(clusterClientOf(library, cluster));
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

  test.each(libraries)("%s hears of changes at the master that a sentinel names", async (library) => {
    const { master } = servers;
    const heard = await hearing(sentinelClientOf(library, servers));
    await heard.next("by tracking");
    await master.command("SET", "tessera:1", "a");
    await heard.next("tessera:1");
  });
});
