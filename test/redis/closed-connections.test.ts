// A connection that is closed while a command is on its way, as in a failover, costs nothing: the command is sent again.
// proves: redis/src/send-again.ts, redis/src/failure.ts, redis/src/connection/connect.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  createRedisCacheClient,
  createRedisStore,
  type RedisClient,
  type RedisTokenStore,
} from "@tessera/redis";
import { describeWith } from "../support/real-part.js";
import { clientOf, clusterClientOf, libraries, type AppClient } from "../support/redis-clients.js";
import {
  hasRedis,
  startRedis,
  startRedisCluster,
  until,
  type RedisCluster,
  type RedisServer,
} from "../support/redis-servers.js";

const put = (document: string) => () => ({ document, group: "users", timeToLive: 3_600 });

/** However busy the machine is. */
const patient = { commandTimeoutMs: 60_000, memory: false } as const;

const opened = ({ client }: AppClient, prefix: string): RedisTokenStore =>
  createRedisStore({ client: client as RedisClient, prefix, ...patient });

/** Whether a command of an app has arrived and waits. */
const has = async (server: RedisServer, command: RegExp): Promise<boolean> =>
  command.test(String(await server.command("CLIENT", "LIST")));

const SCRIPT = / cmd=eval(sha)? /;

const isMaster = async (server: RedisServer): Promise<boolean> =>
  JSON.stringify(await server.command("ROLE")).includes("master");

describeWith("redis-server", hasRedis(), () => {
  describe("alone", () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await startRedis();
    });
    afterAll(async () => server.stop());
    beforeEach(async () => server.command("CLIENT", "UNPAUSE"));

    test.each(libraries)("%s: a change and a turn are sent again on the next connection", async (library) => {
      const app = await clientOf(library, server);
      const store = opened(app, `${library}:`);
      await store.update("user:1", put("before"));
      await server.command("CLIENT", "KILL", "TYPE", "normal");
      await server.command("CLIENT", "PAUSE", "600000", "WRITE");
      const stored = store.update("user:1", put("after"));
      const turn = store.inTurn("user:2", { found: async () => undefined, run: async (it) => it.holds() });
      await until(async () => has(server, SCRIPT));
      await server.command("CLIENT", "KILL", "TYPE", "normal");
      await server.command("CLIENT", "UNPAUSE");
      expect([await stored, await turn]).toEqual([{ version: expect.any(String) }, true]);
      expect(await store.load("user:1")).toMatchObject({ document: "after" });
      expect(store.stats()).toMatchObject({
        available: true,
        errors: {},
        turns: { taken: 1, waited: 0, lost: 0 },
      });
      await store.close();
      await app.close();
    });

    test.each(libraries)("%s: so is what a cache plugin stores", async (library) => {
      const app = await clientOf(library, server);
      const cache = createRedisCacheClient({ client: app.client as RedisClient, prefix: `${library}:` });
      await server.command("CLIENT", "PAUSE", "600000", "WRITE");
      const stored = cache.set("user:1", "document");
      await until(async () => has(server, / cmd=set /));
      await server.command("CLIENT", "KILL", "TYPE", "normal");
      await server.command("CLIENT", "UNPAUSE");
      expect(await stored).toBe("document");
      expect(await cache.get("user:1")).toBe("document");
      await app.close();
    });

    test.each(libraries)("%s: nothing is sent again after the app has closed its client", async (library) => {
      const app = await clientOf(library, server);
      const store = opened(app, `${library} closed:`);
      await store.update("user:1", put("before"));
      await app.close();
      // It would take as long as commandTimeoutMs otherwise, which is longer than a test may.
      expect(await store.load("user:1")).toBe("unavailable");
      await store.close();
    });
  });

  describe("as a cluster", () => {
    let cluster: RedisCluster;
    beforeAll(async () => {
      cluster = await startRedisCluster({ replicas: 1, settings: { "cluster-node-timeout": 60_000 } });
    });
    afterAll(async () => cluster.stop());

    test.each([
      ["redis 6", 0],
      ["redis 5", 1],
      ["ioredis 5", 2],
    ] as const)(
      "%s: a change that waits at a master is made at the one that takes over",
      async (library, index) => {
        const [master, replica] = [cluster.masters[index], cluster.replicas[index]];
        if (!master || !replica) throw new Error("the cluster has too few nodes");
        const app = await clusterClientOf(library, cluster);
        const store = opened(app, `${library}:`);
        let user = "";
        const keys = async (): Promise<number> => Number(await master.command("DBSIZE"));
        for (let number = 0; user === ""; number += 1) {
          const before = await keys();
          await store.update(`user:${number}`, put("before"));
          if ((await keys()) > before) user = `user:${number}`;
        }
        await until(async () => Number(await replica.command("DBSIZE")) === (await keys()));
        await master.command("CLIENT", "PAUSE", "600000", "WRITE");
        const stored = store.update(user, put("after"));
        await until(async () => has(master, SCRIPT));
        // Without votes: a replica is elected once in a while only.
        await replica.command("CLUSTER", "FAILOVER", "TAKEOVER");
        await until(async () => (await isMaster(replica)) && !(await isMaster(master)));
        await master.command("CLIENT", "KILL", "TYPE", "normal");
        expect(await stored).toEqual({ version: expect.any(String) });
        expect(await store.load(user)).toMatchObject({ document: "after" });
        expect(store.stats()).toMatchObject({ available: true, errors: {} });
        await store.close();
        await app.close();
      },
    );
  });
});
