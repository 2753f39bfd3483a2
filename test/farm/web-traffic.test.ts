// Many processes, one Redis, a provider that revokes a session whose refresh token is used twice: nobody is signed out.
import { afterAll, afterEach, beforeAll, expect, jest, test } from "@jest/globals";
import { describeWith } from "../support/real-part.js";
import { hasRedis, startRedis, startRedisCluster } from "../support/redis-servers.js";
import { startFarm, type Farm, type RedisAddress } from "./farm.js";
import { full } from "./load.js";
import { startStrictAuthority, type StrictAuthority } from "./strict-authority.js";
import { hourOfTraffic, randomFrom, signIn, type Crowd, type Hour } from "./traffic.js";

if (full) jest.setTimeout(7_200_000);

const PROCESSES = full ? 8 : 4;
const USERS = full ? 10_000 : 100;
const HOURS = full ? Number(process.env["FARM_HOURS"] ?? 12) : 2;
/** Another one makes other traffic: `FARM_SEED=7`. */
const seed = Number(process.env["FARM_SEED"] ?? 1);

let authority: StrictAuthority;
let now = Date.now();
let farm: Farm;
let stopRedis: () => Promise<void>;

beforeAll(async () => {
  authority = await startStrictAuthority({ now: () => now, latencyMs: 5 });
  farm = await startFarm({ processes: PROCESSES, now: () => now });
});
afterEach(() => stopRedis());
afterAll(async () => {
  await farm.close();
  await authority.close();
});

const servers: Readonly<Record<string, () => Promise<Omit<RedisAddress, "library">>>> = {
  "one Redis": async () => {
    const redis = await startRedis();
    stopRedis = redis.stop;
    return { url: redis.url };
  },
  "a cluster of three": async () => {
    const cluster = await startRedisCluster({ settings: { "cluster-node-timeout": 60_000 } });
    stopRedis = cluster.stop;
    return { urls: cluster.urls };
  },
};
const all = [
  ["redis", "one Redis"],
  ["ioredis", "a cluster of three"],
  ["redis", "a cluster of three"],
  ["ioredis", "one Redis"],
] as const;

describeWith("redis-server", hasRedis(), () => {
  test.each(full ? all : all.slice(0, 2))(
    `with %s and %s, ${PROCESSES} processes lose nobody's tokens and send each refresh that is due once`,
    async (library, server) => {
      const redis = { library, ...(await servers[server]?.()) };
      // A busy machine makes everything slow, and a store that answers late would count as away.
      const store = { commandTimeoutMs: 30_000 };
      await farm.connect({ authority, redis, store });
      const random = randomFrom(seed);
      const names = Array.from({ length: USERS }, (_, index) => `u${index}`);
      const crowd: Crowd = { names, signedIn: new Set(), sticky: false };
      const hours: Hour[] = [];
      // Each process has got to know the provider before the rush.
      const early = farm.workers.map((worker, index) =>
        worker.do({ call: "signIn", code: authority.code(`u${index}`) }),
      );
      expect((await Promise.all(early)).filter((outcome) => outcome.startsWith("!"))).toEqual([]);
      const begin = performance.now();
      for (let hour = 0; hour < HOURS; hour += 1) {
        expect(await signIn(farm, authority, crowd, random)).toEqual([]);
        now += 3_600_000;
        const traffic = await hourOfTraffic(farm, authority, { crowd, hour, random });
        expect(traffic.faults).toEqual([]);
        hours.push(traffic);
        if (full) process.stdout.write(`hour ${hour + 1}: ${JSON.stringify(traffic)}\n`);
        // Whoever has signed out stays signed out, whatever was refreshed at the same time.
        expect([...(await farm.worker(hour).users())].sort()).toEqual(
          [...crowd.signedIn].map((name) => authority.homeAccountId(name)).sort(),
        );
      }
      const seconds = (performance.now() - begin) / 1000;
      const sum = (count: (hour: Hour) => number) => hours.reduce((total, hour) => total + count(hour), 0);
      const figures = {
        calls: sum(({ calls }) => calls),
        refreshesDue: sum(({ refreshesDue }) => refreshesDue),
        refreshes: sum(({ refreshes }) => refreshes),
        onBehalfOfDue: sum(({ onBehalfOfDue }) => onBehalfOfDue),
        onBehalfOf: sum(({ onBehalfOf }) => onBehalfOf),
        refusals: authority.refusals.length,
        seconds: Number(seconds.toFixed(1)),
      };
      process.stdout.write(
        `${library}, ${server}: ${PROCESSES} processes, ${USERS} users, ${HOURS} hours: ${JSON.stringify(figures)}\n`,
      );
      expect(authority.refusals).toEqual([]);
      expect(figures.refreshes).toBe(figures.refreshesDue);
      expect(figures.onBehalfOf).toBe(figures.onBehalfOfDue);
      const warnings = (await Promise.all(farm.workers.map((worker) => worker.warnings()))).flat();
      expect(warnings.filter((warning) => !warning.endsWith("failed: no_tokens_found"))).toEqual([]);
    },
  );
});
