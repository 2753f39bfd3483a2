// A process dies or stands still in the middle of a refresh: what becomes of the user's session, at providers of every strictness.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { describeWith } from "../support/real-part.js";
import { hasRedis, startRedis, type RedisServer } from "../support/redis-servers.js";
import { startFarm, type Farm, type Worker } from "./farm.js";
import { startStrictAuthority, type Reuse, type StrictAuthority } from "./strict-authority.js";

const leaseMs = 600;

let redis: RedisServer;
let now = Date.now();
let authority: StrictAuthority;
let farm: Farm;
let users = 0;

/** A user whose access token has expired. */
async function stage(reuse: Reuse) {
  await farm.refill();
  authority.reuse = reuse;
  authority.refusals.length = 0;
  const [first, second, third] = farm.workers as readonly [Worker, Worker, Worker];
  const user = `u${(users += 1)}`;
  const signIn = async () => {
    expect(await third.do({ call: "signIn", code: authority.code(user) })).toContain(`${user}/`);
  };
  await signIn();
  now += 3_600_000;
  authority.taken();
  const silent = { call: "silent", id: authority.homeAccountId(user) } as const;
  const everywhere = async () => {
    await farm.refill();
    return Promise.all(farm.workers.map((worker) => worker.do(silent)));
  };
  /** An hour later every process gets the same token, with one request. */
  const expectToGoOn = async () => {
    now += 3_600_000;
    authority.taken();
    const tokens = new Set(await everywhere());
    expect([...tokens]).toEqual([expect.stringContaining(`${user}/`)]);
    expect(authority.taken()).toHaveLength(1);
  };
  return { first, second, third, user, silent, signIn, everywhere, expectToGoOn };
}

describeWith("redis-server", hasRedis(), () => {
  beforeAll(async () => {
    redis = await startRedis();
    authority = await startStrictAuthority({ now: () => now });
    farm = await startFarm({ processes: 3, now: () => now });
  });
  afterAll(async () => {
    await farm.close();
    await authority.close();
    await redis.stop();
  });

  describe.each(["ioredis", "redis"] as const)("through %s,", (library) => {
    beforeAll(async () => {
      await farm.connect({ authority, redis: { library, url: redis.url }, store: { leaseMs } });
    });

    test("a process that is killed before it sends a refresh token blocks the others no longer than its lease", async () => {
      const { first, second, silent, user, expectToGoOn } = await stage("revoke");
      const refresh = first.doUntilItSends(silent);
      await refresh.stopped;
      const other = second.do(silent);
      await first.kill();

      expect(await other).toContain(`${user}/`);
      expect(authority.taken()).toHaveLength(1);
      await expectToGoOn();
      expect(authority.refusals).toEqual([]);
    });

    test("a process that stands still before it sends a refresh token takes the new one afterwards", async () => {
      const { first, second, silent, expectToGoOn } = await stage("revoke");
      const refresh = first.doUntilItSends(silent);
      await refresh.stopped;
      const other = await second.do(silent);
      first.resume();

      expect(await refresh.outcome).toBe(other);
      expect(authority.taken()).toHaveLength(1);
      await expectToGoOn();
      expect(authority.refusals).toEqual([]);
    });

    if (library === "redis") describe("a process that", sentBefore);
  });
});

function sentBefore(): void {
  /** The first process has sent the refresh token and stands still while the second one asks; then it gets its answer. */
  async function standStill(reuse: Reuse) {
    const staged = await stage(reuse);
    const { first, second, silent } = staged;
    const held = authority.hold();
    const sent = first.do(silent);
    await held.arrived;
    first.pause();
    const other = await second.do(silent);
    held.release();
    first.resume();
    return { ...staged, own: await sent, other };
  }

  test("stands still is not noticed where a refresh token may be used twice", async () => {
    const { own, other, user, expectToGoOn } = await standStill("allow");
    for (const token of [own, other]) expect(token).toContain(`${user}/`);
    await expectToGoOn();
    expect(authority.refusals).toEqual([]);
  });

  test("stands still saves its answer for all where a used refresh token is refused", async () => {
    const { own, other, user, everywhere, expectToGoOn } = await standStill("refuse");
    expect(other).toBe("!invalid_grant");
    expect(own).toContain(`${user}/`);
    expect(new Set(await everywhere())).toEqual(new Set([own]));
    await expectToGoOn();
  });

  test("stands still costs its user a sign-in where a used refresh token revokes the session", async () => {
    const { other, third, silent, signIn, everywhere, expectToGoOn } = await standStill("revoke");
    expect(other).toBe("!invalid_grant");
    now += 3_600_000;
    expect(await third.do(silent)).toBe("!invalid_grant");
    await signIn();
    expect(new Set(await everywhere()).size).toBe(1);
    await expectToGoOn();
  });

  /** The first process is killed after it has sent the refresh token. */
  async function kill(reuse: Reuse) {
    const staged = await stage(reuse);
    const { first, second, silent } = staged;
    const held = authority.hold();
    void first.do(silent);
    await held.arrived;
    await first.kill();
    held.release();
    return { ...staged, other: await second.do(silent) };
  }

  test("is killed is not noticed where a refresh token may be used twice", async () => {
    const { other, user, expectToGoOn } = await kill("allow");
    expect(other).toContain(`${user}/`);
    await expectToGoOn();
    expect(authority.refusals).toEqual([]);
  });

  test("is killed costs its user a sign-in where a refresh token is good for one use", async () => {
    const { other, signIn, everywhere, expectToGoOn } = await kill("revoke");
    expect(other).toBe("!invalid_grant");
    await signIn();
    expect(new Set(await everywhere()).size).toBe(1);
    await expectToGoOn();
  });

  test("refreshes while another one signs the user out does not bring the user back", async () => {
    const { first, second, user, silent, everywhere } = await stage("revoke");
    const held = authority.hold();
    const sent = first.do(silent);
    await held.arrived;
    expect(await second.do({ call: "signOut", id: silent.id })).toBe("signed out");
    held.release();

    expect(await sent).toContain(`${user}/`);
    expect(new Set(await everywhere())).toEqual(new Set(["signed out"]));
    expect(await second.users()).not.toContain(silent.id);
  });
}
