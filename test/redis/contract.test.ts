// The contract of a token store, kept by Redis through each library and kind of server.
// proves: redis/src/create-redis-store.ts, redis/src/partitions.ts
import { afterAll, beforeAll, describe, test } from "@jest/globals";
import { tokenStoreTests } from "@tessera/core/testing";
import { createRedisStore, type RedisClient } from "@tessera/redis";
import { describeWith } from "../support/real-part.js";
import { clientOf, clusterClientOf, type AppClient } from "../support/redis-clients.js";
import { letPass } from "../support/redis-clock.js";
import {
  hasRedis,
  startRedis,
  startRedisCluster,
  type RedisCluster,
  type RedisServer,
} from "../support/redis-servers.js";
import { isFull } from "../support/sample.js";

describeWith("redis-server", hasRedis(), () => {
  let server: RedisServer;
  let cluster: RedisCluster;
  let prefixes = 0;
  beforeAll(async () => {
    [server, cluster] = await Promise.all([startRedis(), startRedisCluster()]);
  });
  afterAll(async () => {
    await Promise.all([server.stop(), cluster.stop()]);
  });

  describe.each([
    ["redis, alone", 0, () => [server], async () => clientOf("redis 6", server)],
    ["redis, cluster", 1, () => cluster.masters, async () => clusterClientOf("redis 5", cluster)],
    ["ioredis, alone", 1, () => [server], async () => clientOf("ioredis 5", server)],
    ["ioredis, cluster", 0, () => cluster.masters, async () => clusterClientOf("ioredis 6", cluster)],
  ] as const)("%s", (_name, diagonal, servers, clientFor) => {
    let clients: readonly AppClient[];
    beforeAll(async () => {
      clients = await Promise.all([clientFor(), clientFor()]);
    });
    afterAll(async () => {
      await Promise.all(clients.map(async ({ close }) => close()));
    });

    /** A store whose commands wait so long for Redis. */
    const open = (commandTimeoutMs: number) => async () => {
      prefixes += 1;
      const prefix = `contract ${prefixes}:`;
      const [store, another] = clients.map(({ client }) =>
        createRedisStore({ client: client as RedisClient, prefix, commandTimeoutMs }),
      );
      if (!store || !another) throw new Error("no clients");
      return {
        store,
        another,
        pass: async (seconds: number) => {
          await Promise.all(servers().map(async (one) => letPass(one, seconds)));
        },
        cut: async () => {
          for (const one of servers()) one.pause();
          return async () => {
            for (const one of servers()) one.resume();
          };
        },
        close: async () => {
          await Promise.all([store.close(), another.close()]);
        },
      };
    };
    // Nothing is given up because the machine is busy, but for the tests that wait until a command is given up.
    const patient = tokenStoreTests(open(30_000));
    const cut = tokenStoreTests(open(250), { canCut: true }).slice(patient.length);
    // Of the four, each test runs in two that have neither library nor kind of server in common.
    const here = [...patient, ...cut].filter((_, index) => isFull || diagonal === index % 2);
    test.each(here.map(({ name, run }) => [name, run] as const))("%s", async (_, run) => run());
  });
});
