// A lease is had by one, ends by itself, and is not mistaken for held by a process that stood still.
// proves: redis/src/lease.ts
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { createClient } from "redis";
import { Lease, type LeaseParts, type RunScript } from "../../packages/redis/src/lease.js";
import { describeWith } from "../support/real-part.js";
import { hasRedis, startRedis, type RedisServer } from "../support/redis-servers.js";

describeWith("redis-server", hasRedis(), () => {
  let server: RedisServer;
  let client: ReturnType<typeof createClient>;
  let time = 0;
  let isAway = false;
  let lost = 0;
  let serial = 0;
  let key = "";
  beforeAll(async () => {
    server = await startRedis();
    client = createClient({ url: server.url });
    await client.connect();
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });
  beforeEach(() => {
    time = 0;
    isAway = false;
    lost = 0;
    key = `turn ${(serial += 1)}`;
  });

  const run: RunScript = async ({ text }, keys, parameters) =>
    isAway ? "unavailable" : Number(await client.eval(text, { keys: [...keys], arguments: [...parameters] }));
  const parts = (leaseMs = 60_000): LeaseParts => ({
    run,
    leaseMs,
    now: () => time,
    channel: () => "changes",
    onLost: () => (lost += 1),
  });
  const taken = async (leaseMs?: number): Promise<Lease> => {
    const lease = await Lease.take(key, parts(leaseMs));
    if (typeof lease !== "object") throw new Error(`not taken: ${lease}`);
    return lease;
  };

  test("one has it, and others learn for how long at most", async () => {
    const lease = await taken();
    const left = await Lease.take(key, parts());
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
    await lease.release();
    await (await taken()).release();
  });

  test("it ends by itself at the server", async () => {
    const lease = await taken();
    await client.pExpire(key, 1);
    while ((await client.exists(key)) === 1);
    const other = await taken();
    expect([await lease.holds(), lost]).toEqual([false, 1]);
    // What is not its own is not given back.
    await lease.release();
    expect(await client.get(key)).toBe(other.token);
    await other.release();
  });

  test("a holder that stood still does not take it for held, even if nobody else has taken it", async () => {
    const lease = await taken();
    time += 54_000;
    isAway = true;
    expect(await lease.holds()).toBe(false);
    isAway = false;
    // The server still has it, and prolongs it.
    expect(await lease.holds()).toBe(true);
    await client.del(key);
    expect(await lease.holds()).toBe(false);
  });

  test("an answer that came late does not make it longer than the server does", async () => {
    const lease = await taken();
    const slow: LeaseParts = {
      ...parts(),
      run: async (...command) => {
        const answer = await run(...command);
        time += 60_000;
        return answer;
      },
    };
    await lease.release();
    const late = await Lease.take(key, slow);
    expect(typeof late === "object" && (await late.holds())).toBe(false);
  });

  test("without an answer, its own clock decides", async () => {
    const lease = await taken();
    isAway = true;
    time += 53_999;
    expect(await lease.holds()).toBe(true);
    time += 1;
    expect(await lease.holds()).toBe(false);
  });

  test("it is prolonged while it is held", async () => {
    const lease = await taken(300);
    await client.pExpire(key, 60_000);
    // Until it has been given its usual term again.
    while ((await client.pTTL(key)) > 300);
    expect(await client.get(key)).toBe(lease.token);
    await lease.release();
    expect(await client.exists(key)).toBe(0);
  });

  test("one that lapses is prolonged no more, and says when it is over", async () => {
    const lease = await taken(100);
    await new Promise<void>((resolve) => lease.lapse(resolve));
    while ((await client.exists(key)) === 1);
    expect(lost).toBe(0);
  });

  test("one that was granted too late is given back, because nobody uses it", async () => {
    let tell = (_: number): void => undefined;
    const deaf: LeaseParts = {
      ...parts(),
      run: async (script, keys, parameters, options) => {
        if (options?.onLate === undefined) return run(script, keys, parameters);
        tell = options.onLate;
        await run(script, keys, parameters);
        return "unavailable";
      },
    };
    expect(await Lease.take(key, deaf)).toBe("unavailable");
    expect(await client.exists(key)).toBe(1);
    tell(0);
    while ((await client.exists(key)) === 1);
  });

  test.each([
    ["without an end", async () => client.set(key, "foreign")],
    ["of another type", async () => client.hSet(key, "a", "b")],
  ])("a foreign value %s does not block it", async (_, put) => {
    await put();
    await (await taken()).release();
  });

  test("its end is told on the channel", async () => {
    const other = client.duplicate();
    await other.connect();
    const told = new Promise((resolve) => void other.subscribe("changes", resolve));
    while ((await client.pubSubNumSub("changes"))["changes"] === 0);
    await (await taken()).release();
    expect(await told).toBe(key);
    other.destroy();
  });
});
