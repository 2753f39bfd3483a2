// A server that is away costs a bounded wait, then none, and is missed and greeted with one line each.
// proves: redis/src/availability.ts, redis/src/in-time.ts
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { Availability } from "../../packages/redis/src/availability.js";
import type { CommandFailure } from "../../packages/redis/src/failure.js";
import { Counters } from "../../packages/redis/src/stats.js";

const FAILURES: Readonly<Record<string, CommandFailure>> = {
  LOADING: { kind: "LOADING", unavailable: "all", passes: "no" },
  READONLY: { kind: "READONLY", unavailable: "writes", passes: "no" },
  WRONGTYPE: { kind: "WRONGTYPE", unavailable: "none", passes: "no" },
  CLUSTERDOWN: { kind: "CLUSTERDOWN", unavailable: "all", passes: "soon" },
  TRYAGAIN: { kind: "TRYAGAIN", unavailable: "key", passes: "soon" },
};

describe("the availability of a server", () => {
  let time: number;
  let lines: string[];
  let counters: Counters;
  let availability: Availability;
  const started = (commandTimeoutMs: number): Availability =>
    new Availability({
      commandTimeoutMs,
      failureOf: (error) => FAILURES[String(error)] ?? { kind: "other", unavailable: "none", passes: "no" },
      mayPass: ({ passes }) => passes === "soon",
      counters,
      now: () => time,
      random: () => 0.5,
      log: (level, message) => lines.push(`${level}: ${message}`),
    });
  beforeEach(() => {
    time = 0;
    lines = [];
    counters = new Counters();
    availability = started(20);
  });
  const answers = (): Promise<string> => Promise.resolve("answer");
  const fails = (text: string) => (): Promise<never> => Promise.reject(text);
  const never = (): Promise<never> => new Promise(() => undefined);
  const errors = (): Readonly<Record<string, number>> =>
    counters.snapshot({ available: true, since: new Date(), invalidatedBy: "age" }).errors;

  test("a command that is not answered in time is given up", async () => {
    expect(await availability.run("read", never)).toBe("unavailable");
    expect(errors()).toEqual({ timeout: 1 });
  });

  test("an answer that came in time counts, although the process was too busy to read it", async () => {
    const answer = availability.run("read", () => promisify(randomBytes)(8));
    const begin = performance.now();
    while (performance.now() - begin < 60);
    expect(await answer).toHaveLength(8);
  });

  test("its late answer is told to whom it concerns, and to nobody else", async () => {
    let answer = (_: string): void => undefined;
    const late: string[] = [];
    const slow = (): Promise<string> => new Promise((resolve) => (answer = resolve));
    expect(await availability.run("write", slow, { onLate: (value) => late.push(value) })).toBe(
      "unavailable",
    );
    answer("late");
    while (late.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(late).toEqual(["late"]);
    await availability.run("write", answers, { onLate: (value) => late.push(value) });
    expect(late).toEqual(["late"]);
  });

  test("a command is sent again while its failure may be over in a moment, which is not a failure", async () => {
    // However busy the machine is.
    availability = started(30_000);
    const replies = [fails("CLUSTERDOWN"), fails("TRYAGAIN"), fails("CLUSTERDOWN"), fails("CLUSTERDOWN")];
    const send = jest.fn(async () => (replies.shift() ?? answers)());
    expect(await availability.run("write", send)).toBe("answer");
    expect(send).toHaveBeenCalledTimes(5);
    expect([availability.isAvailable, errors(), lines]).toEqual([true, {}, []]);
  });

  test("it is sent again until its time is up, and the reason is that of the last attempt", async () => {
    expect(await availability.run("read", fails("CLUSTERDOWN"))).toBe("unavailable");
    expect(await availability.run("write", fails("TRYAGAIN"))).toBe("unavailable");
    expect(errors()).toEqual({ CLUSTERDOWN: 1, TRYAGAIN: 1 });
    const replies = [fails("CLUSTERDOWN"), never];
    expect(await availability.run("read", async () => (replies.shift() ?? never)())).toBe("unavailable");
    expect(errors()).toEqual({ CLUSTERDOWN: 1, TRYAGAIN: 1, timeout: 1 });
  });

  test("the failure that ends it is the one that lasts", async () => {
    availability = started(30_000);
    const replies = [fails("CLUSTERDOWN"), fails("LOADING")];
    expect(await availability.run("read", async () => (replies.shift() ?? answers)())).toBe("unavailable");
    expect(errors()).toEqual({ LOADING: 1 });
  });

  test("a trial of a server that counts as unavailable is one attempt", async () => {
    availability = started(30_000);
    for (let count = 0; count < 3; count += 1) await availability.run("read", fails("LOADING"));
    time += 100;
    const send = jest.fn(fails("CLUSTERDOWN"));
    expect(await availability.run("read", send)).toBe("unavailable");
    expect(send).toHaveBeenCalledTimes(1);
  });

  test("after three failures in a row nothing is sent, until one call may try", async () => {
    for (let count = 0; count < 3; count += 1) {
      expect(availability.isAvailable).toBe(true);
      expect(await availability.run("read", fails("LOADING"))).toBe("unavailable");
    }
    expect(availability.isAvailable).toBe(false);
    const send = jest.fn(never);
    expect(await availability.run("read", send)).toBe("unavailable");
    expect(send).not.toHaveBeenCalled();

    time += 100;
    const trial = availability.run("read", send);
    expect(await availability.run("read", send)).toBe("unavailable");
    expect(send).toHaveBeenCalledTimes(1);
    await trial;
    // The second pause is longer.
    time += 199;
    await availability.run("read", send);
    expect(send).toHaveBeenCalledTimes(1);
    time += 1;
    expect(await availability.run("read", answers)).toBe("answer");
    expect(await availability.run("read", answers)).toBe("answer");
    expect(availability.isAvailable).toBe(true);
  });

  test("what others wait for is sent even so", async () => {
    for (let count = 0; count < 3; count += 1) await availability.run("read", fails("LOADING"));
    expect(await availability.run("write", answers)).toBe("unavailable");
    expect(await availability.run("write", answers, { isUrgent: true })).toBe("answer");
    expect(availability.isAvailable).toBe(true);
  });

  test("the pause has an upper bound", async () => {
    for (let count = 0; count < 20; count += 1) {
      time += 5_000;
      await availability.run("read", fails("LOADING"));
    }
    time += 5_000;
    expect(await availability.run("read", answers)).toBe("answer");
  });

  test("failures between successes do not make it unavailable", async () => {
    for (let count = 0; count < 10; count += 1) {
      await availability.run("read", fails("LOADING"));
      await availability.run("read", fails("LOADING"));
      await availability.run("read", answers);
    }
    expect([availability.isAvailable, lines]).toEqual([true, []]);
  });

  test("a server that refuses writes is still read from", async () => {
    for (let count = 0; count < 3; count += 1) await availability.run("write", fails("READONLY"));
    expect(availability.isAvailable).toBe(false);
    expect(await availability.run("read", answers)).toBe("answer");
    const send = jest.fn(answers);
    expect(await availability.run("write", send)).toBe("unavailable");
    expect(send).not.toHaveBeenCalled();
    expect(availability.isAvailable).toBe(false);
    time += 100;
    expect(await availability.run("write", send)).toBe("answer");
    expect(availability.isAvailable).toBe(true);
  });

  test("a command that is wrong in itself fails, and says nothing about the server", async () => {
    for (let count = 0; count < 5; count += 1)
      await expect(availability.run("write", fails("WRONGTYPE"))).rejects.toBe("WRONGTYPE");
    expect([availability.isAvailable, errors()]).toEqual([true, { WRONGTYPE: 5 }]);
  });

  test("a client that throws at once is treated like one that rejects", async () => {
    const send = (): Promise<never> => {
      throw "LOADING" as unknown as Error;
    };
    expect(await availability.run("read", send)).toBe("unavailable");
  });

  test("a loss and a return are one line each", async () => {
    for (let count = 0; count < 10; count += 1) {
      time += 10_000;
      await availability.run("read", fails("LOADING"));
      await availability.run("write", fails("LOADING"));
    }
    time += 10_000;
    const lost = availability.since;
    await availability.run("write", answers);
    await availability.run("write", answers);
    expect(lines).toEqual([
      expect.stringMatching(/^warning: Redis does not answer \(LOADING\)\. /),
      expect.stringMatching(/^info: Redis answers again\. /),
    ]);
    expect(availability.since.getTime()).toBeGreaterThanOrEqual(lost.getTime());
  });
});
