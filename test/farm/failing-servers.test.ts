// Redis restarts, fails over and moves its slots, and processes are killed, in the middle of web traffic: who is signed out.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
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
import { startFarm, type Farm, type FarmConnection, type RedisAddress, type Worker } from "./farm.js";
import { full, withAllLibraries } from "./load.js";
import { startStrictAuthority, type Reuse, type StrictAuthority } from "./strict-authority.js";
import { hourOfTraffic, randomFrom, signIn, type Crowd, type Hour } from "./traffic.js";

if (full) jest.setTimeout(3_600_000);

const PROCESSES = full ? 8 : 3;
const USERS = full ? 4000 : 40;
const libraries = withAllLibraries ? (["redis", "ioredis"] as const) : (["redis"] as const);

let now = Date.now();
let authority: StrictAuthority;
let farm: Farm;

beforeAll(async () => {
  farm = await startFarm({ processes: PROCESSES, now: () => now });
});
afterEach(() => authority.close());
afterAll(() => farm.close());

interface Scene {
  /** An hour of traffic, and something that happens in the middle of it. */
  hour(during?: () => Promise<void>): Promise<Hour>;
  /** All who should be signed in get a token, and nobody else is listed. */
  expectAllSignedIn(): Promise<void>;
}

let scenes = 0;

/** Signs everybody in. */
async function begin(
  redis: RedisAddress,
  {
    reuse = "revoke",
    sticky = false,
    ...over
  }: Pick<FarmConnection, "store"> & { reuse?: Reuse; sticky?: boolean } = {},
): Promise<Scene> {
  authority = await startStrictAuthority({ reuse, now: () => now });
  // Each scene finds nobody of the one before.
  const store = { ...over.store, prefix: `scene-${(scenes += 1)}:` };
  await farm.connect({ authority, redis, store });
  const random = randomFrom(1);
  const crowd: Crowd = {
    names: Array.from({ length: USERS }, (_, index) => `u${index}`),
    signedIn: new Set(),
    sticky,
  };
  expect(await signIn(farm, authority, crowd, random)).toEqual([]);
  // Every process knows everybody: of one whom it has never met, it can learn from Redis only.
  const meet = crowd.names.map((name) => ({ call: "silent", id: authority.homeAccountId(name) }) as const);
  // On a busy machine Redis may seem away, and then says nothing of one whom the process has not met yet.
  const hasMetAll = async (worker: Worker) =>
    (await worker.doAll(meet)).every((outcome) => outcome.includes("/"));
  if (!sticky) for (const worker of farm.workers) while (!(await hasMetAll(worker)));
  let hour = 0;
  return {
    hour: async (during = async () => undefined) => {
      now += 3_600_000;
      const inFullSwing = authority.redeems(Math.round(USERS / 4)).then(during);
      const traffic = await hourOfTraffic(farm, authority, { crowd, hour: (hour += 1), random });
      await inFullSwing;
      return traffic;
    },
    expectAllSignedIn: async () => {
      for (const worker of farm.workers)
        while (Number((await worker.stats())["unsaved"]) > 0) await turnOfTheLoop();
      now += 3_600_000;
      authority.taken();
      const names = [...crowd.signedIn];
      const calls = names.map((name) => ({ call: "silent", id: authority.homeAccountId(name) }) as const);
      const outcomes = await farm.worker(1).doAll(calls);
      const bad = outcomes.filter((outcome, index) => !outcome.startsWith(`${names[index]}/`));
      expect(bad).toEqual([]);
      expect([...(await farm.worker(0).users())].sort()).toEqual(calls.map(({ id }) => id).sort());
      expect(authority.refusals).toEqual([]);
    },
  };
}

/** Lets a process that is asked what it has not saved yet do something else in between. */
const turnOfTheLoop = () => new Promise((resolve) => setTimeout(resolve, 20));

/** On a busy machine a slot is without a master for longer than a site would wait. */
const patient = { commandTimeoutMs: 30_000 };

const exact = ({ faults, refreshes, onBehalfOf }: Hour) => ({ faults, refreshes, onBehalfOf });
const due = ({ refreshesDue, onBehalfOfDue }: Hour) => ({
  faults: [],
  refreshes: refreshesDue,
  onBehalfOf: onBehalfOfDue,
});

describeWith("redis-server", hasRedis(), () => {
  describe.each(libraries)("with %s, under load,", (library) => {
    let cluster: RedisCluster;
    let watched: SentinelRedis;
    let alone: RedisServer;
    let durable: RedisServer;
    beforeAll(async () => {
      [cluster, watched, alone, durable] = await Promise.all([
        // On a busy machine, a master would count as failed, and lose its last writes.
        startRedisCluster({ replicas: 1, settings: { "cluster-node-timeout": 60_000 } }),
        startRedisWithSentinel(),
        startRedis(),
        startRedis({ appendonly: "yes", appendfsync: "always" }),
      ]);
    });
    afterAll(async () => {
      await Promise.all([cluster, watched, alone, durable].map((servers) => servers.stop()));
    });

    test("a planned failover signs nobody out, and sends no refresh twice", async () => {
      const { hour, expectAllSignedIn } = await begin({ library, urls: cluster.urls }, { store: patient });
      const traffic = await hour(async () => {
        const [replica] = await having("slave", cluster);
        await replica?.command("CLUSTER", "FAILOVER");
      });
      expect(exact(traffic)).toEqual(due(traffic));
      await expectAllSignedIn();
    });

    test("slots that move to another node sign nobody out, and send no refresh twice", async () => {
      const { hour, expectAllSignedIn } = await begin({ library, urls: cluster.urls }, { store: patient });
      const masters = await having("master", cluster);
      const traffic = await hour(() => moveSlots(masters, full ? 2000 : 100));
      expect(exact(traffic)).toEqual(due(traffic));
      await expectAllSignedIn();
    });

    test("a master that is killed signs nobody out where a refresh token may be used twice", async () => {
      const sentinel = { name: watched.name, port: watched.sentinel.port };
      const { hour, expectAllSignedIn } = await begin({ library, sentinel }, { reuse: "allow" });
      const { faults } = await hour(() => watched.master.kill());
      expect(faults).toEqual([]);
      await expectAllSignedIn();
    });

    test("a Redis that is killed and keeps its data signs nobody out whose requests reach one process", async () => {
      const { hour, expectAllSignedIn } = await begin({ library, url: durable.url }, { sticky: true });
      const { faults } = await hour(async () => {
        await durable.kill();
        await authority.redeems(Math.round(USERS / 4));
        await durable.restart();
      });
      expect(faults).toEqual([]);
      await expectAllSignedIn();
    });

    test("a process that is killed costs no session but those whose refresh token it had sent", async () => {
      const { hour } = await begin({ library, url: alone.url }, { store: { leaseMs: 600 } });
      const victim = farm.worker(0);
      const traffic = await hour(() => victim.kill());
      const atOnce = 16;
      const others = traffic.faults.filter((fault) => !fault.includes("the process ended"));
      expect(others.length).toBeLessThan(traffic.faults.length);
      // Refused once, they are told so each time until they sign in again.
      const refused = new Set(authority.refusals.map((refusal) => refusal.split(": ")[1]));
      expect(refused.size).toBeLessThanOrEqual(atOnce);
      expect(others.filter((fault) => !refused.has(fault.split(": ")[0]))).toEqual([]);
    });
  });
});

/** The nodes of a cluster that have a role now, after the failovers of other tests. */
async function having(
  role: "master" | "slave",
  { masters, replicas }: RedisCluster,
): Promise<readonly RedisServer[]> {
  const nodes = [...replicas, ...masters];
  const roles = await Promise.all(nodes.map((node) => node.command("ROLE")));
  return nodes.filter((_, index) => JSON.stringify(roles[index]).includes(`"${role}"`));
}

/** Moves slots of the first master to the second one, key by key, as `redis-cli` does it. */
async function moveSlots([from, to]: readonly RedisServer[], count: number): Promise<void> {
  if (!from || !to) throw new Error("the cluster has too few masters");
  const id = async (server: RedisServer) => String(await server.command("CLUSTER", "MYID"));
  const [source, target] = await Promise.all([id(from), id(to)]);
  const cli = spawn(
    "redis-cli",
    [
      ...["--cluster", "reshard", `127.0.0.1:${from.port}`, "--cluster-yes"],
      ...["--cluster-from", source, "--cluster-to", target, "--cluster-slots", String(count)],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  cli.stdout.resume();
  const [code] = (await once(cli, "exit")) as [number];
  expect(code).toBe(0);
}
