// `kill -9` at random moments: whatever a process was doing, the next one finds a valid cache, and waits no longer than after an orderly end.
import { randomInt } from "node:crypto";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { AccountInfo } from "@tessera/node";
import { full } from "./load.js";
import { alice, scopes, startStage, type Stage } from "./stage.js";
import { forkWorker, killed, startWorker } from "./worker.js";

if (full) jest.setTimeout(600_000);

/** Of four, two are in the middle of a refresh, one of a write, and one of the start. */
const KILLS = full ? 200 : 4;

/** After so many milliseconds without a sign from its owner a lock is taken over. */
const LOCK_STAYS_MS = 5000;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

test("after kill -9 the next process reads what was saved last, and is not blocked", async () => {
  const cache = stage.cache();
  const [account] = (await stage.signIn(cache, alice)) as [AccountInfo];
  const options = stage.worker(cache);

  let saved = 0;
  const afterKill: Waits = { cache: [], refresh: [] };
  const afterEnd: Waits = { cache: [], refresh: [] };
  /** Starts a process, and notes how long it waits for the cache and for a refresh. */
  const start = async (waits: Waits) => {
    const worker = await startWorker(options);
    const count = await timed(worker.do({ call: "count" }));
    const raised = await timed(worker.do({ call: "raise" }));
    const refreshed = await timed(worker.do({ call: "acquire", account, scopes, forceRefresh: true }));
    waits.cache.push(worker.openMs, count.ms, raised.ms);
    waits.refresh.push(refreshed.ms);
    expect(refreshed.value).toMatchObject({ fromCache: false });
    expect(await worker.do({ call: "problems" })).toEqual([]);
    expect(count.value).toBeGreaterThanOrEqual(saved);
    saved = raised.value;
    return worker;
  };
  for (let kill = 0; kill < KILLS; kill += 1) {
    if (kill % 4 === 3) {
      // While it starts.
      const child = forkWorker(options);
      await delay(randomInt(200));
      await killed(child);
      continue;
    }
    const worker = await start(afterKill);
    const refreshing = kill % 2 === 0;
    worker.churn(refreshing ? { account, scopes } : undefined, (counted) => {
      if (!refreshing) saved = Number(counted);
    });
    await delay(randomInt(60));
    await worker.kill();
  }

  for (let end = 0; end < KILLS / 4; end += 1) await (await start(afterEnd)).end();

  const longest = ({ cache, refresh }: Waits): readonly number[] =>
    [cache, refresh].map((times) => Math.round(Math.max(...times)));
  const [waited = 0, waitedToRefresh = 0] = longest(afterKill);
  const [usual = 0, usualToRefresh = 0] = longest(afterEnd);
  process.stdout.write(
    `${KILLS} kills: ${saved} numbers saved; the longest wait for the cache was ${waited} ms (after an orderly end ${usual} ms), for a refresh ${waitedToRefresh} ms (${usualToRefresh} ms)\n`,
  );
  // A lock that stays blocks for five seconds: as much as the machine is slow by comes on top of both figures.
  expect(waited - usual).toBeLessThan(LOCK_STAYS_MS);
  expect(waitedToRefresh - usualToRefresh).toBeLessThan(LOCK_STAYS_MS);
  const last = await startWorker(options);
  expect(await last.do({ call: "accounts" })).toHaveLength(1);
  await last.do({ call: "acquire", account, scopes, forceRefresh: true });
  await last.kill();
  // What the dead left behind was cleared away.
  expect(readdirSync(cache.directory).sort()).toEqual(["locks", "token-cache.json"]);
  expect(readdirSync(`${cache.directory}/locks`)).toEqual([]);
});

interface Waits {
  readonly cache: number[];
  readonly refresh: number[];
}

async function timed<T>(work: Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const begin = performance.now();
  return { value: await work, ms: performance.now() - begin };
}
