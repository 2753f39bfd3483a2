// The lock that apps share: its options are checked and have effect, and it is free as soon as its owner is gone.
// proves: persistence/src/lock/process-lock.ts
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { acquireProcessLock, type ProcessLockOptions } from "@tessera/persistence";
import { ownIdentity } from "../../packages/persistence/src/lock/process-identity.js";
import { assertBuilt, root } from "../packages/workspace.js";
import { temporaryFolder } from "./folder.js";

afterEach(() => {
  jest.restoreAllMocks();
});

const ticketOf = (identity: string): string => `sign-in.000000000001.${identity}.00000000`;
const [, space, pid, start] = ownIdentity().split("-") as [string, string, string, string];

/** Lets every look at the clock be so many milliseconds later, and says how late it has become. */
function clockOfSteps(milliseconds: number): () => number {
  let now = 0;
  jest.spyOn(performance, "now").mockImplementation(() => (now += milliseconds));
  return () => now;
}

test("one owner has it at a time, and the others are told once of whom they wait for", async () => {
  const directory = temporaryFolder();
  const first = await acquireProcessLock({ directory, name: "sign-in" });
  const owners: (number | undefined)[] = [];
  const second = acquireProcessLock({ directory, name: "sign-in", onWait: (owner) => owners.push(owner) });
  while (owners.length === 0) await new Promise((resolve) => setImmediate(resolve));
  first.release();
  expect(first.isHeld()).toBe(false);
  const lock = await second;
  expect(lock.isHeld()).toBe(true);
  lock.release();
  lock.release();
  expect(owners).toEqual([process.pid]);
  expect(readdirSync(directory)).toEqual([]);
});

test("it is free when its owner is killed", async () => {
  assertBuilt();
  const directory = temporaryFolder();
  const script = `
    import { acquireProcessLock } from "@tessera/persistence";
    await acquireProcessLock({ directory: process.argv[1], name: "sign-in" });
    console.log("held");
    setInterval(() => undefined, 1000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "--eval", script, directory], { cwd: root });
  await once(owner.stdout, "data");
  const waits = new Promise<number | undefined>((resolve) => {
    void acquireProcessLock({ directory, name: "sign-in", onWait: resolve }).then((lock) => {
      lock.release();
      released();
    });
  });
  let released = (): void => undefined;
  const end = new Promise<void>((resolve) => (released = resolve));
  expect(await waits).toBe(owner.pid);
  owner.kill("SIGKILL");
  await end;
});

describe("the time limits are the caller's:", () => {
  test.each([
    // A thread of this process that ended without releasing it.
    ["abandonedMs, for an owner without a sign of life", { abandonedMs: 20_000 }, ownIdentity(), 20_000],
    [
      "abandonedMs, for one on another host",
      { abandonedMs: 9000 },
      ["b".repeat(12), space, pid, start].join("-"),
      9000,
    ],
    ["patienceMs, for one that is known to run", { patienceMs: 30_000 }, ownIdentity(), 30_000],
  ])("%s", async (_, limits: Partial<ProcessLockOptions>, owner, expected) => {
    const directory = temporaryFolder();
    writeFileSync(join(directory, ticketOf(owner)), "");
    const now = clockOfSteps(500);
    const lock = await acquireProcessLock({ directory, name: "sign-in", ...limits });
    lock.release();
    expect(now()).toBeGreaterThan(expected);
    expect(now()).toBeLessThan(expected + 15_000);
  });

  test("timeoutMs, for the wait", async () => {
    const directory = temporaryFolder();
    const held = await acquireProcessLock({ directory, name: "sign-in" });
    const late = acquireProcessLock({ directory, name: "sign-in", timeoutMs: 20 });
    await expect(late).rejects.toMatchObject({ errorCode: "lock_timeout" });
    held.release();
  });

  test("signal, for a wait that is given up", async () => {
    const directory = temporaryFolder();
    const held = await acquireProcessLock({ directory, name: "sign-in" });
    const leaving = new AbortController();
    const left = acquireProcessLock({ directory, name: "sign-in", signal: leaving.signal });
    const reason = new Error("enough");
    leaving.abort(reason);
    await expect(left).rejects.toBe(reason);
    held.release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test("heartbeatMs, for the signs of life", async () => {
    const spy = jest.spyOn(globalThis, "setInterval");
    const lock = await acquireProcessLock({
      directory: temporaryFolder(),
      name: "sign-in",
      heartbeatMs: 250,
    });
    lock.release();
    expect(spy.mock.calls.map(([, interval]) => interval)).toEqual([250]);
  });
});

test.each([
  [{ name: "sign-in" }, /directory is undefined: pass the absolute path/],
  [{ directory: "locks", name: "sign-in" }, /directory is "locks": pass the absolute path/],
  [{ directory: "/tmp", name: "../sign-in" }, /name is "\.\.\/sign-in": pass 1 to 100 letters/],
  [{ directory: "/tmp", name: "" }, /name is "": pass/],
  [{ directory: "/tmp", name: "a", timeout: 5 }, /timeout is not an option of acquireProcessLock/],
  [{ directory: "/tmp", name: "a", timeoutMs: 0 }, /timeoutMs is 0: pass a positive number/],
  [{ directory: "/tmp", name: "a", patienceMs: "1" }, /patienceMs is "1": pass a positive number/],
  [
    { directory: "/tmp", name: "a", heartbeatMs: 3000 },
    /abandonedMs is 5000, and signs of life come every 3000 ms/,
  ],
  [{ directory: "/tmp", name: "a", onWait: true }, /onWait is a boolean: pass a function/],
  [{ directory: "/tmp", name: "a", signal: {} }, /signal is a object: pass an AbortSignal/],
])("%j is refused", async (options, message) => {
  const lock = acquireProcessLock(options as unknown as ProcessLockOptions);
  await expect(lock).rejects.toMatchObject({
    errorCode: "invalid_option",
    message: expect.stringMatching(message),
  });
});
