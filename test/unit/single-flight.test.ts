// proves: core/src/flight/background.ts, core/src/flight/single-flight.ts, core/src/flight/until-aborted.ts, core/src/clock.ts,
// core/src/longest-timer.ts
import { describe, expect, it } from "@jest/globals";
import { pause, systemClock } from "../../packages/core/src/clock.js";
import { isBackground, markBackground } from "../../packages/core/src/flight/background.js";
import { abortAfter } from "../../packages/core/src/flight/deadline.js";
import { SingleFlight } from "../../packages/core/src/flight/single-flight.js";
import { untilAborted } from "../../packages/core/src/flight/until-aborted.js";

/** Work that ends when the test says so. */
function work() {
  const started: (AbortSignal | undefined)[] = [];
  let finish: (value: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const start = (signal: AbortSignal | undefined) =>
    new Promise<string>((resolve, reject) => {
      started.push(signal);
      finish = resolve;
      fail = reject;
    });
  return { start, started, finish: (value: string) => finish(value), fail: (error: Error) => fail(error) };
}

describe("single flight", () => {
  it("starts equal work once, and gives every caller its outcome", async () => {
    const flights = new SingleFlight();
    const { start, started, finish } = work();
    const calls = [1, 2, 3].map(() => flights.run("key", undefined, start));
    finish("done");
    expect(await Promise.all(calls)).toEqual(["done", "done", "done"]);
    expect(started).toHaveLength(1);
  });

  it("does not mix work with different keys", async () => {
    const flights = new SingleFlight();
    const results = ["a", "b"].map((key) => flights.run(key, undefined, async () => key));
    expect(await Promise.all(results)).toEqual(["a", "b"]);
  });

  it("remembers neither success nor failure", async () => {
    const flights = new SingleFlight();
    const refuse = async (): Promise<string> => {
      throw new Error("refused");
    };
    await expect(flights.run("key", undefined, refuse)).rejects.toThrow("refused");
    expect(await flights.run("key", undefined, async () => "first")).toBe("first");
    expect(await flights.run("key", undefined, async () => "second")).toBe("second");
  });

  it("gives every caller the failure", async () => {
    const flights = new SingleFlight();
    const { start, fail } = work();
    const calls = [1, 2].map(() => flights.run("key", undefined, start));
    const outcomes = Promise.allSettled(calls);
    fail(new Error("refused"));
    expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("lets a caller leave with the reason of its signal, and goes on for the others", async () => {
    const flights = new SingleFlight();
    const { start, started, finish } = work();
    const leaving = new AbortController();
    const left = flights.run("key", leaving.signal, start);
    const stayed = flights.run("key", new AbortController().signal, start);
    const reason = new Error("had enough");
    leaving.abort(reason);
    await expect(left).rejects.toBe(reason);
    expect(started[0]?.aborted).toBe(false);
    finish("done");
    expect(await stayed).toBe("done");
  });

  it("aborts the work when the last caller has left, and starts anew for the next one", async () => {
    const flights = new SingleFlight();
    const { start, started, finish } = work();
    const leaving = [new AbortController(), new AbortController()];
    const calls = leaving.map(({ signal }) => flights.run("key", signal, start));
    const outcomes = Promise.allSettled(calls);
    for (const controller of leaving) controller.abort();
    await outcomes;
    expect(started[0]?.aborted).toBe(true);
    const next = flights.run("key", undefined, start);
    expect(started).toHaveLength(2);
    finish("done");
    expect(await next).toBe("done");
  });

  it("starts nothing for a caller whose signal was aborted before", async () => {
    const { start, started } = work();
    await expect(new SingleFlight().run("key", AbortSignal.abort("no"), start)).rejects.toBe("no");
    expect(started).toHaveLength(0);
  });

  it("waits for the work itself, with no promise around it, for a caller who cannot leave", () => {
    const { start } = work();
    const running = start(undefined);
    expect(untilAborted(running, undefined)).toBe(running);
  });

  it("does not abort work that is over, and makes no signal for a caller who cannot leave", async () => {
    const flights = new SingleFlight();
    const { start, started, finish } = work();
    const bounded = flights.run("key", new AbortController().signal, start);
    finish("done");
    expect(await bounded).toBe("done");
    expect(started[0]?.aborted).toBe(false);
    const unbounded = flights.run("key", undefined, start);
    finish("done");
    expect(await unbounded).toBe("done");
    expect(started[1]).toBeUndefined();
  });

  it("leaves no rejection unhandled when the work fails after everybody has left", async () => {
    const flights = new SingleFlight();
    const { start, fail } = work();
    const leaving = new AbortController();
    const left = flights.run("key", leaving.signal, start);
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    fail(new Error("too late"));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  it("of background work is background work, and so are the limits of its requests and the pauses between them", async () => {
    const flights = new SingleFlight();
    const { signal } = new AbortController();
    markBackground(signal);
    const seen: boolean[] = [];
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    let finish = (): void => undefined;
    const first = flights.run("key", signal, async (shared) => {
      const deadline = abortAfter(100_000, shared);
      seen.push(isBackground(shared), isBackground(deadline.signal));
      void pause(systemClock, 100_000, shared).catch(() => undefined);
      await new Promise<void>((resolve) => (finish = resolve));
      deadline.done();
    });
    expect(seen).toEqual([true, true]);
    // Its timers do not keep the process alive; a caller who waits for it does.
    expect(timers()).toBe(before);
    const joined = flights.run("key", undefined, async () => undefined);
    expect(timers()).toBe(before + 1);
    finish();
    await Promise.all([first, joined]);
    expect(timers()).toBe(before);
  });
});
