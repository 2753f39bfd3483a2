// Many processes, one file: nobody's tokens are lost, and no refresh token is redeemed twice.
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { AccountInfo } from "@tessera/node";
import { full } from "./load.js";
import { alice, bob, scopes, startStage, type Stage } from "./stage.js";
import { startWorker, type Worker } from "./worker.js";

if (full) jest.setTimeout(1_800_000);

const PROCESSES = full ? 50 : 4;
const ROUNDS = full ? 200 : 3;

let stage: Stage;
let workers: readonly Worker[];
let app: Awaited<ReturnType<Stage["app"]>>;
let accounts: readonly AccountInfo[];
let account: AccountInfo;

// To start a process takes longer than what it does here: the tests share them.
beforeAll(async () => {
  stage = await startStage({ refreshTokenRotation: "strict" });
  const cache = stage.cache();
  accounts = await stage.signIn(cache, alice, bob);
  account = accounts[0] as AccountInfo;
  workers = await Promise.all(Array.from({ length: PROCESSES }, () => startWorker(stage.worker(cache))));
  app = await stage.app(cache);
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await stage.close();
});

interface Tally {
  readonly seconds: number;
  readonly tokenRequests: number;
  readonly results: readonly PromiseSettledResult<{
    readonly fromCache: boolean;
    readonly accessToken: string;
  }>[];
}

/** Lets every process ask at once, again and again. */
async function rounds(
  accountOf: (worker: number) => AccountInfo,
  forceRefresh: boolean,
): Promise<readonly Tally[]> {
  const { entra } = stage;
  const tallies: Tally[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    entra.authority.clearRequests();
    entra.clock.advance(3600);
    const begin = performance.now();
    const asked = workers.map((worker, index) =>
      worker.do({ call: "acquire", account: accountOf(index), scopes, forceRefresh }, entra.clock.now()),
    );
    const results = await Promise.allSettled(asked);
    tallies.push({
      seconds: (performance.now() - begin) / 1000,
      tokenRequests: entra.tokenRequests(),
      results,
    });
  }
  return tallies;
}

function report(what: string, tallies: readonly Tally[]) {
  const results = tallies.flatMap((tally) => tally.results);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [String(result.reason)] : []));
  const figures = {
    acquisitions: results.length,
    tokenRequests: tallies.reduce((sum, tally) => sum + tally.tokenRequests, 0),
    failures,
    seconds: Number(tallies.reduce((sum, tally) => sum + tally.seconds, 0).toFixed(1)),
    // In the first one the processes read their programs from the disk, and ask for the metadata of the authority.
    firstRound: Number(tallies[0]?.seconds.toFixed(2)),
    slowestOfTheOthers: Number(Math.max(...tallies.slice(1).map((tally) => tally.seconds)).toFixed(2)),
  };
  process.stdout.write(
    `${what}: ${PROCESSES} processes × ${ROUNDS}: ${JSON.stringify({ ...figures, failures: failures.length })}\n`,
  );
  return figures;
}

describe("processes that share a cache", () => {
  test("need one token request each time a token has expired, however many of them ask at once", async () => {
    const tallies = await rounds(() => account, false);

    const figures = report("an expired token", tallies);
    expect(figures.failures).toEqual([]);
    expect(tallies.map((tally) => tally.tokenRequests)).toEqual(tallies.map(() => 1));
    for (const { results } of tallies) {
      const tokens = results.flatMap((result) =>
        result.status === "fulfilled" ? [result.value.accessToken] : [],
      );
      expect(new Set(tokens).size).toBe(1);
    }
    expect(await app.acquireTokenSilent({ account, scopes })).toMatchObject({ fromCache: true });
  });

  test("redeem a refresh token that rotates one after the other when each of them insists on a new token", async () => {
    const tallies = await rounds(() => account, true);

    const figures = report("forced refreshes", tallies);
    expect(figures.failures).toEqual([]);
    expect(figures.tokenRequests).toBe(PROCESSES * ROUNDS);
    // The token that was written last is the one that is good.
    expect(await app.acquireTokenSilent({ account, scopes, forceRefresh: true })).toMatchObject({
      fromCache: false,
    });
  });

  test("lose no user's tokens when they refresh different users at once", async () => {
    const tallies = await rounds((worker) => accounts[worker % accounts.length] as AccountInfo, true);

    expect(report("two users", tallies).failures).toEqual([]);
    for (const account of accounts) {
      expect(await app.acquireTokenSilent({ account, scopes })).toMatchObject({ fromCache: true });
      expect(await app.acquireTokenSilent({ account, scopes, forceRefresh: true })).toMatchObject({
        fromCache: false,
      });
    }
  });
});
