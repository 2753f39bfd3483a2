// The lock between processes: one at a time, first come first served, and nobody waits for the dead.
// proves: persistence/src/lock/ticket-lock.ts, persistence/src/lock/process-identity.ts,
// persistence/src/delay.ts
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, jest, test } from "@jest/globals";
import { createPersistentCache } from "@tessera/persistence";
import { liveness, ownIdentity } from "../../packages/persistence/src/lock/process-identity.js";
import { acquireLock } from "../../packages/persistence/src/lock/ticket-lock.js";
import { root } from "../packages/workspace.js";
import { temporaryFolder } from "./folder.js";
import { onLinux } from "./on-linux.js";
import { load, save } from "./raw-access.js";
import { startStage } from "./stage.js";
import { startWorker } from "./worker.js";

const [host, space, pid, start] = ownIdentity().split("-") as [string, string, string, string];
const ticketOf = (identity: string): string => `cache.000000000001.${identity}.00000000`;

/** Lets everybody who waits in this process believe that a step of time passes with each look at the clock. */
function clockOfSteps(milliseconds: number, onStep: (now: number) => void = () => undefined) {
  let now = 0;
  return jest.spyOn(performance, "now").mockImplementation(() => {
    now += milliseconds;
    onStep(now);
    return now;
  });
}

describe("the holder of the lock", () => {
  test("holds it alone", async () => {
    const folder = temporaryFolder();
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      const lock = await acquireLock(folder, "cache");
      inside += 1;
      most = Math.max(most, inside);
      await delay(1);
      inside -= 1;
      lock.release();
    };
    await Promise.all(Array.from({ length: 50 }, work));
    expect(most).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("got it in the order in which they came", async () => {
    const folder = temporaryFolder();
    const first = await acquireLock(folder, "cache");
    const order: number[] = [];
    const waiting = Array.from({ length: 10 }, async (_, index) => {
      const lock = await acquireLock(folder, "cache");
      order.push(index);
      lock.release();
    });
    first.release();
    await Promise.all(waiting);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("does not keep anybody from a lock with another name", async () => {
    const folder = temporaryFolder();
    await acquireLock(folder, "cache");
    await acquireLock(folder, "cache-2");
    await acquireLock(folder, "refresh");
  });
});

describe("what else is in the folder", () => {
  test.each(["cache.conflicted copy", "cache.x.y.z", "cache.", ".DS_Store", "cache"])(
    "is not taken for a ticket: %s",
    async (name) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, name), "");
      (await acquireLock(folder, "cache", { timeoutMs: 10_000 })).release();
      expect(readdirSync(folder)).toEqual([name]);
    },
  );

  test("is not waited for in vain: a ticket that cannot be removed is named in the error", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, ticketOf([host, space, "4194305", start].join("-"))));
    const waiting = acquireLock(folder, "cache", { timeoutMs: 50 });
    await expect(waiting).rejects.toThrow("lock_timeout: Process 4194305 has held the lock");
  });
});

test("a ticket that cannot be removed at once, as when a virus scanner has it open, is removed soon", async () => {
  const folder = temporaryFolder();
  const lock = await acquireLock(folder, "cache");
  const ticket = join(folder, readdirSync(folder)[0] ?? "");
  unlinkSync(ticket);
  mkdirSync(ticket);
  lock.release();
  rmdirSync(ticket);
  writeFileSync(ticket, "");
  while (existsSync(ticket)) await delay(1);
});

describe("who waits", () => {
  test("can leave the queue, and holds up nobody behind", async () => {
    const folder = temporaryFolder();
    const held = await acquireLock(folder, "cache");
    const leaving = new AbortController();
    const left = acquireLock(folder, "cache", { signal: leaving.signal });
    const behind = acquireLock(folder, "cache");
    leaving.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    held.release();
    (await behind).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is told which process is in the way when it takes too long", async () => {
    const folder = temporaryFolder();
    const held = await acquireLock(folder, "cache");
    const late = acquireLock(folder, "cache", { timeoutMs: 20 });
    await expect(late).rejects.toThrow(`lock_timeout: Process ${process.pid} has held the lock`);
    held.release();
  });
});

describe("a lock is healed", () => {
  test.each([
    ["at once when the process is gone", [host, space, "4194305", start]],
    ["at once when its process id belongs to another process now", [host, space, pid, `${start}0`]],
  ])("%s", async (_, identity) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, ticketOf(identity.join("-"))), "");
    // No time passes, so that nothing that waits for it would ever end.
    const clock = clockOfSteps(0);
    (await acquireLock(folder, "cache")).release();
    clock.mockRestore();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("at once when the machine has been started again", async () => {
    const folder = temporaryFolder();
    const ticket = join(folder, ticketOf([host, "another boot", pid, start].join("-")));
    writeFileSync(ticket, "");
    utimesSync(ticket, 1000, 1000);
    (await acquireLock(folder, "cache")).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("but not when all stood still together, as a machine that sleeps: the holder is not robbed", async () => {
    const folder = temporaryFolder();
    const ticket = join(folder, ticketOf("another host-another boot-1-1"));
    writeFileSync(ticket, "");
    const real = performance.now.bind(performance);
    let asleep = 0;
    const clock = jest.spyOn(performance, "now").mockImplementation(() => real() + asleep);
    const waiting = acquireLock(folder, "cache", { timeoutMs: 60_000 });
    while (clock.mock.calls.length < 3) await delay(1);
    asleep = 3_600_000;
    const looks = clock.mock.calls.length;
    while (clock.mock.calls.length < looks + 3) await delay(1);
    expect(existsSync(ticket)).toBe(true);
    unlinkSync(ticket);
    (await waiting).release();
    clock.mockRestore();
  });

  test("of another host's process only when that has given no sign for five seconds", async () => {
    const folder = temporaryFolder();
    const ticket = join(folder, ticketOf("another host-another boot-1-1"));
    writeFileSync(ticket, "");
    let now = 0;
    let lastSign = 0;
    const clock = clockOfSteps(500, (time) => {
      now = time;
      if (time > 3000) return;
      utimesSync(ticket, new Date(1_000_000 + time), new Date(1_000_000 + time));
      lastSign = time;
    });
    const lock = await acquireLock(folder, "cache");
    clock.mockRestore();
    lock.release();
    expect(lastSign).toBe(3000);
    expect(now - lastSign).toBeGreaterThan(4500);
    expect(now - lastSign).toBeLessThan(15_000);
  });

  test("of several that stand still together after five seconds in all", async () => {
    const folder = temporaryFolder();
    for (const number of ["1", "2", "3", "4", "5"])
      writeFileSync(join(folder, `cache.00000000000${number}.another host-another boot-1-1.00000000`), "");
    let now = 0;
    const clock = clockOfSteps(500, (time) => (now = time));
    const lock = await acquireLock(folder, "cache");
    clock.mockRestore();
    lock.release();
    expect(now).toBeGreaterThan(5000);
    expect(now).toBeLessThan(15_000);
  });

  test("of a process that stands still; when it goes on it writes nothing", async () => {
    const stage = await startStage();
    const cache = stage.cache();
    const worker = await startWorker(stage.worker(cache));
    await worker.do({ call: "begin" });
    process.kill(worker.pid, "SIGSTOP");
    const clock = clockOfSteps(500);
    const sibling = await createPersistentCache(cache);
    await save(sibling, () => '{"Count":{"value":7}}');
    clock.mockRestore();
    process.kill(worker.pid, "SIGCONT");
    await expect(worker.do({ call: "end" })).rejects.toMatchObject({ errorCode: "lock_lost" });
    expect(await load(sibling)).toBe('{"Count":{"value":7}}');
    await worker.kill();
    await stage.close();
  });
});

describe("a patient wait", () => {
  onLinux("for a process that stands still goes on until that goes on or is killed", async () => {
    const folder = temporaryFolder();
    const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"]);
    const { pid: stopped = 0 } = child;
    process.kill(stopped, "SIGSTOP");
    const stat = readFileSync(`/proc/${stopped}/stat`, "latin1");
    const since = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
    writeFileSync(join(folder, ticketOf([host, space, stopped, since].join("-"))), "");
    let steps = 0;
    let waits = (): void => undefined;
    const waited = new Promise<void>((resolve) => (waits = resolve));
    // Twice as long as one that runs is waited for.
    const clock = clockOfSteps(1000, () => (steps += 1) === 12 && waits());
    let isHeld = false;
    const lock = acquireLock(folder, "cache", { patienceMs: 6_000 }).then((held) => {
      isHeld = true;
      return held;
    });
    await waited;
    expect(isHeld).toBe(false);
    child.kill("SIGKILL");
    await once(child, "exit");
    (await lock).release();
    clock.mockRestore();
  });

  test("for a thread that has ended in a process that runs takes as long as it says", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, ticketOf(ownIdentity())), "");
    let now = 0;
    const clock = clockOfSteps(1000, (time) => (now = time));
    const lock = await acquireLock(folder, "cache", { patienceMs: 10_000 });
    clock.mockRestore();
    lock.release();
    expect(now).toBeGreaterThan(10_000);
    expect(now).toBeLessThan(15_000);
  });
});

const sandbox = ["unshare", "--user", "--map-root-user", "--pid", "--fork"] as const;
const [unshare, ...inSandbox] = sandbox;
const canUnshare = spawnSync(unshare, [...inSandbox, "true"]).status === 0;

(canUnshare ? test : test.skip)(
  "in a sandbox that counts processes anew and shows the /proc of all, the living are not taken for gone",
  () => {
    const script = `
      import { createPersistentCache } from "@tessera/persistence";
      const options = { appName: "app", directory: process.argv[1], protection: "none" };
      const [first, second] = [await createPersistentCache(options), await createPersistentCache(options)];
      const context = () => ({ cacheHasChanged: true, tokenCache: { deserialize() {}, serialize: () => "{}" } });
      const [held, late] = [context(), context()];
      await first.beforeCacheAccess(held);
      const waiting = second.beforeCacheAccess(late);
      await first.afterCacheAccess(held);
      await waiting;
      await second.afterCacheAccess(late);`;
    const parameters = [process.execPath, "--input-type=module", "--eval", script, temporaryFolder()];
    const { status, stderr } = spawnSync(unshare, [...inSandbox, ...parameters], {
      cwd: root,
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
  },
);

onLinux(
  "a process that cannot be looked at, as by one with too many files open, is not taken for gone",
  () => {
    // Its path in /proc is too long to be opened.
    const identity = [host, space, pid.padStart(5000, "0"), start].join("-");
    expect(liveness(identity, Date.now())).toBe("running");
  },
);

onLinux("a killed process is gone even while nobody has asked for its exit code", async () => {
  // The second `sleep` is the parent of the first, and never asks.
  const parent = spawn("sh", ["-c", "sleep 100 & echo $!; exec sleep 100"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const child = Number(line.toString());
  const stat = readFileSync(`/proc/${String(child)}/stat`, "latin1");
  const identity = [host, space, child, stat.split(" ")[21]].join("-");
  expect(liveness(identity, Date.now())).toBe("running");

  process.kill(child, "SIGKILL");
  const isRunning = (): boolean => {
    try {
      return !/^\d+ \(\w+\) Z/.test(readFileSync(`/proc/${String(child)}/stat`, "latin1"));
    } catch {
      // Somebody has asked for the exit code after all.
      return false;
    }
  };
  while (isRunning()) await delay(1);
  expect(liveness(identity, Date.now())).toBe("gone");
  parent.kill("SIGKILL");
});

test("a file with the last of all numbers is told of, not waited for", async () => {
  const folder = temporaryFolder();
  const file = join(folder, `cache.${"9".repeat(12)}.${ownIdentity()}.00000000`);
  writeFileSync(file, "");
  await expect(acquireLock(folder, "cache")).rejects.toMatchObject({
    errorCode: "storage_failed",
    errorMessage: expect.stringContaining(file),
  });
});
