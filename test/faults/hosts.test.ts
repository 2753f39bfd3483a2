// What is known about a host: when it is left alone, how much may be repeated, what its clock says; and the time of a call.
// proves: core/src/http/host.ts, core/src/http/hosts.ts, core/src/http/budget.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Budget } from "../../packages/core/src/http/budget.js";
import { MOST_FAILURES, type Host } from "../../packages/core/src/http/host.js";
import { Hosts } from "../../packages/core/src/http/hosts.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

let clock: TestClock;
let host: Host;
beforeEach(() => {
  clock = createTestClock();
  host = new Hosts(clock).of("login.example");
});
const fail = (times: number): void => {
  for (let time = 0; time < times; time += 1) host.leave("usual", "failed", "HTTP 503");
};

describe("a host", () => {
  it("is left alone after failures in a row, and then tried by one request for which the others wait", async () => {
    fail(MOST_FAILURES - 1);
    expect(host.circuit).toBe("closed");
    fail(1);
    expect(host).toMatchObject({ circuit: "open", failures: MOST_FAILURES, lastFailure: "HTTP 503" });
    expect(host.enter()).toBe("refused");
    clock.advance(1);
    expect(host.circuit).toBe("half-open");
    expect(host.enter()).toBe("trial");
    const waiting = host.enter();
    expect(waiting).toBeInstanceOf(Promise);
    host.leave("trial", "answered");
    await waiting;
    expect(host.circuit).toBe("closed");
    expect(host.enter()).toBe("usual");
  });

  it("is left alone for longer after each trial that fails, up to half a minute", () => {
    fail(MOST_FAILURES);
    const rests = Array.from({ length: 8 }, () => {
      const { restMs } = host;
      clock.advance(restMs / 1000);
      host.leave(host.enter() as "trial", "failed", "HTTP 503");
      return restMs;
    });
    for (const [index, rest] of rests.entries()) {
      const longest = Math.min(30_000, 1000 * 2 ** index);
      expect(rest).toBeGreaterThanOrEqual(longest / 2);
      expect(rest).toBeLessThanOrEqual(longest);
    }
  });

  it("is tried by the next request when the one that tried it has left", () => {
    fail(MOST_FAILURES);
    clock.advance(1);
    host.leave(host.enter() as "trial", "left");
    expect(host.enter()).toBe("trial");
  });

  it("is not left alone for failures between answers", () => {
    fail(MOST_FAILURES - 1);
    host.leave("usual", "answered");
    fail(MOST_FAILURES - 1);
    expect(host.enter()).toBe("usual");
  });

  it.each([
    [0, 10],
    [40, 10],
    [400, 100],
  ])("gets, with %i requests, %i repetitions a minute: ten, or a fifth of all", (requests, most) => {
    for (let count = 0; count < requests; count += 1) host.count();
    const repeats = (): number => Array.from({ length: 500 }, () => host.mayRepeat()).filter(Boolean).length;
    expect(repeats()).toBe(most);
    clock.advance(60);
    expect(repeats()).toBe(10);
  });

  it.each<[string, Record<string, string>, number | undefined]>([
    ["its Date", { date: "+7200" }, 7_200_000],
    ["its Date, although a cache has kept the answer for a while", { date: "+7100", age: "100" }, 7_200_000],
    ["no Date", {}, undefined],
    ["a Date that is none", { date: "soon" }, undefined],
    ["an Age that is none", { date: "+7200", age: "old" }, undefined],
  ])("tells the time with %s", (_, { date = "", ...headers }, skew) => {
    clock = createTestClock(1_800_000_000_000);
    host = new Hosts(clock).of("login.example");
    const said = date.startsWith("+") ? new Date(clock.now() + Number(date) * 1000).toUTCString() : date;
    host.learnTime({ status: 200, body: "", headers: { date: said, ...headers } }, clock.now());
    expect(host.skewMs).toBe(skew);
  });
});

it("an answer that took long says nothing of the clock: the host told the time in between", () => {
  clock = createTestClock(1_800_000_000_000);
  host = new Hosts(clock).of("login.example");
  const date = new Date(clock.now() + 20_000).toUTCString();
  const sentAt = clock.now();
  clock.advance(110);
  host.learnTime({ status: 200, body: "", headers: { date } }, sentAt);
  expect(host.skewMs).toBe(0);
});

it("the hosts that are known are listed, each once", () => {
  const hosts = new Hosts(clock);
  expect(hosts.of("a")).toBe(hosts.of("a"));
  hosts.of("b:8443");
  expect(
    hosts
      .records()
      .map(({ host: name }) => name)
      .sort(),
  ).toEqual(["a", "b:8443"]);
});

describe("the time of a call", () => {
  it("runs from its first request, by the monotonic clock", () => {
    let monotonic = 0;
    const budget = new Budget({ now: () => 0, monotonic: () => monotonic }, 100);
    monotonic = 1000;
    expect(budget.left()).toBe(100);
    monotonic += 60;
    expect(budget.left()).toBe(40);
    const half = budget.half();
    expect(half.left()).toBe(20);
    monotonic += 1000;
    expect([budget.left(), half.left()]).toEqual([0, 0]);
  });
});
