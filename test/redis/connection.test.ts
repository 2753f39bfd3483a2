// What is sent to Redis through the application's client, whichever library it is from.
// proves: redis/src/connection/connection.ts, redis/src/connection/connect.ts, redis/src/connection/script.ts,
// redis/src/connection/key-prefix.ts
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { connect } from "../../packages/redis/src/connection/connect.js";
import { script } from "../../packages/redis/src/connection/script.js";
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

const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const both = script("redis.call('SET', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), ARGV[2]}");

describeWith("redis-server", hasRedis(), () => {
  let alone: RedisServer;
  let cluster: RedisCluster;
  let watched: SentinelRedis;
  const open: AppClient[] = [];

  beforeAll(async () => {
    [alone, cluster, watched] = await Promise.all([
      startRedis(),
      startRedisCluster(),
      startRedisWithSentinel(),
    ]);
  });
  afterAll(async () => {
    await Promise.all(open.map(async ({ close }) => close()));
    await Promise.all([alone.stop(), cluster.stop(), watched.stop()]);
  });

  const connections = {
    alone: async (library: Library) => clientOf(library, alone),
    cluster: async (library: Library) => clusterClientOf(library, cluster),
    sentinel: async (library: Library) => sentinelClientOf(library, watched),
  };
  const servers = {
    alone: () => [alone],
    cluster: () => cluster.masters,
    sentinel: () => [watched.master],
  };

  describe.each(libraries.map((library, row) => [library, row] as const))(
    "a client of %s",
    (library, row) => {
      // Each kind of server with every second library, and for the scripts with the others.
      const kinds = (["alone", "cluster", "sentinel"] as const).map(
        (kind, column) => [kind, row + column] as const,
      );
      const half = (rest: number) => kinds.filter(([, place]) => isFull || place % 2 === rest);
      test.each(half(0))("%s passes bytes in and out", async (kind) => {
        const app = await connections[kind](library);
        open.push(app);
        const connection = connect(app.client);
        expect(connection).toMatchObject({ kind, library: library.split(" ")[0] });
        // Keys of all servers of the cluster.
        for (const key of ["{a}1", "{b}1", "{c}1", "{d}1"]) {
          const name = `${library} ${key}`;
          await connection.command("SET", [name], [bytes, "PX", "60000"]);
          expect(await connection.command("GET", [name])).toEqual(bytes);
          expect(await connection.run(both, [name], [bytes, "text"])).toEqual([bytes, Buffer.from("text")]);
          expect(await connection.command("MGET", [name, `${name}2`])).toEqual([bytes, null]);
        }
      });

      test.each(half(1))("%s finds its scripts again after they were flushed", async (kind) => {
        const app = await connections[kind](library);
        open.push(app);
        const connection = connect(app.client);
        for (const expected of ["1", "2"]) {
          await Promise.all(servers[kind]().map(async (server) => server.command("SCRIPT", "FLUSH")));
          const answer = await connection.run(both, ["key"], [bytes, expected]);
          expect(answer).toEqual([bytes, Buffer.from(expected)]);
        }
      });
    },
  );

  test.each(["redis 6", "ioredis 5", "ioredis 6"] as const)(
    "the key prefix of a client of %s is kept",
    async (library) => {
      const app = await clientOf(library, alone, { keyPrefix: "app:" });
      open.push(app);
      const connection = connect(app.client);
      const key = `of ${library}`;
      await connection.run(both, [key], ["value", ""]);
      expect(await alone.command("GET", `app:${key}`)).toBe("value");
      expect(await connection.command("MGET", [key, key])).toEqual([
        Buffer.from("value"),
        Buffer.from("value"),
      ]);
    },
  );

  test("a pool of connections is a client", async () => {
    const app = await clientOf("redis 6", alone);
    open.push(app);
    const pool = (app.client as { createPool(): { connect(): Promise<void>; destroy(): void } }).createPool();
    await pool.connect();
    const connection = connect(pool);
    expect(await connection.run(both, ["pooled"], [bytes, ""])).toEqual([bytes, Buffer.from("")]);
    pool.destroy();
  });
});

test.each([
  [undefined, "client is missing"],
  [{ get: () => undefined }, "client is not a Redis client"],
  [
    { callBuffer: () => undefined, isCluster: true, options: { scaleReads: "slave" } },
    "client reads from replicas",
  ],
])("what is not a client that can be used is refused", (client, problem) => {
  expect(() => connect(client)).toThrow(problem);
});
