// The figures that the sizing page plans with: round trips of each kind of call, and bytes of each kind of partition.
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { describeWith } from "../support/real-part.js";
import { hasRedis, until } from "../support/redis-servers.js";
import { full } from "./load.js";
import { startWebsite, type Client, type Website, type WebProcess } from "./website.js";

if (full) jest.setTimeout(1_200_000);

let now = Date.now();
let site: Website;
let control: Client;
let monitor: Client;
/** The commands that the server has got from the store's own client, those inside of scripts not counted. */
const commands: string[] = [];

/** How many commands a call sends. */
async function roundTrips(call: () => Promise<unknown>): Promise<number> {
  // What was held is given back after a call has ended.
  await until(async () => (await control.keys("*turn:*")).length === 0);
  await control.ping();
  commands.length = 0;
  await call();
  // The server shows commands in the order in which it executes them.
  const mark = `mark ${Math.random()}`;
  await control.echo(mark);
  while (!commands.some((command) => command.includes(mark)))
    await new Promise((resolve) => setImmediate(resolve));
  return commands.length - 1;
}

describeWith("redis-server", hasRedis(), () => {
  beforeAll(async () => {
    site = await startWebsite({ now: () => now, longTokens: true });
    control = await site.connect();
    monitor = await site.connect();
    await monitor.monitor((line: unknown) => {
      const [, from = "", command = ""] = /^\S+ \[\d+ (\S+)\] (.*)$/.exec(String(line)) ?? [];
      if (from !== "lua" && !/^"(HELLO|CLIENT|PING|INFO)"/i.test(command))
        commands.push(command.replaceAll('"', ""));
    });
  });
  afterAll(() => site.close());

  test("each kind of call makes as many round trips as the guide says", async () => {
    const [first, second] = [await site.process(), await site.process()];
    // From here on the scripts are loaded, and both processes hear of changes.
    await first.signIn("u1");
    await first.onBehalfOf("u1", 0);
    await Promise.all([first.silent("u1"), second.silent("u1")]);
    await Promise.all([first, second].map(heard));
    await second.signOut("u1");
    await first.signIn("u1");
    now += 3_600_000;
    await first.silent("u1");
    await upToDate(second, first);

    expect(await roundTrips(() => second.silent("u1"))).toEqual(1);
    expect(await roundTrips(() => second.silent("u1"))).toEqual(0);
    expect(await roundTrips(() => first.signIn("u1"))).toEqual(2);
    now += 3_600_000;
    expect(await roundTrips(() => first.silent("u1"))).toEqual(7);
    expect(await roundTrips(() => first.onBehalfOf("u1", 1))).toEqual(10);
    expect(await roundTrips(() => second.onBehalfOf("u1", 1))).toEqual(1);
    expect(await roundTrips(() => second.signOut("u1"))).toBeLessThanOrEqual(16);
  });

  test("a user and a call on behalf of one take as many bytes as the guide plans with", async () => {
    await control.flushAll();
    const process = await site.process();
    await all((name) => process.signIn(name));
    const withUsers = await memory();
    await all((name) => process.onBehalfOf(name, 1));
    const bytes = { user: withUsers / USERS, call: ((await memory()) - withUsers) / USERS };
    report("bytes", bytes);
    for (const [is, planned] of [
      [bytes.user, 7_400],
      [bytes.call, 10_500],
    ] as const)
      expect(Math.abs(is / planned - 1)).toBeLessThan(0.01);
  });

  // Times of a processor are no promise of the code, so they are printed, and not in every run.
  (full ? test : test.skip)("the processor time of Redis for each kind of call", async () => {
    // To show all commands takes longer than to execute them.
    monitor.destroy();
    await control.flushAll();
    const [process, second] = [await site.process(), await site.process()];
    const microseconds: Record<string, number> = {};
    const time = async (what: string, call: (name: string) => Promise<unknown>) => {
      const before = await processorSeconds();
      await all(call);
      microseconds[what] = Math.round((((await processorSeconds()) - before) * 1e6) / USERS);
    };
    await time("sign-in", (name) => process.signIn(name));
    await time("second level", (name) => second.silent(name));
    now += 3_600_000;
    await time("refresh", (name) => process.silent(name));
    await time("on behalf of", (name) => process.onBehalfOf(name, 1));
    await time("on behalf of, at another", (name) => second.onBehalfOf(name, 1));
    await time("sign-out", (name) => second.signOut(name));
    report("microseconds of Redis", microseconds);
  });
});

const USERS = full ? 1_000 : 100;

/** Does something for every user, for some of them at once. */
async function all(call: (name: string) => Promise<unknown>): Promise<void> {
  const names = Array.from({ length: USERS }, (_, index) => `u${1000 + index}`);
  const lane = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) await call(name);
  };
  await Promise.all(Array.from({ length: 32 }, lane));
}

function report(what: string, figures: object): void {
  process.stdout.write(`${what}: ${JSON.stringify(figures)}\n`);
}

async function infoOf(section: string, figure: string): Promise<number> {
  const info = await control.info(section);
  return Number(new RegExp(`^${figure}:([0-9.]+)`, "m").exec(info)?.[1]);
}

/** Bytes of all keys and their values, as the allocator rounds them, without the tables that find the keys. */
const memory = async (): Promise<number> => {
  const sizes = await Promise.all(
    (await control.keys("*")).map((key) => control.memoryUsage(key, { SAMPLES: 0 })),
  );
  return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
};

async function processorSeconds(): Promise<number> {
  return (await infoOf("cpu", "used_cpu_sys")) + (await infoOf("cpu", "used_cpu_user"));
}

/** Waits until a process has heard of all that another has changed so far: messages come in order. */
async function upToDate({ store }: WebProcess, other: WebProcess): Promise<void> {
  const mark = () => other.store.update("mark", () => ({ document: "", group: "marks" }));
  await mark();
  let version: string | undefined;
  while (version === undefined || store.load("mark", version) !== "unchanged") {
    const loaded = await store.load("mark");
    version = typeof loaded === "object" ? loaded.version : undefined;
  }
  await mark();
  while (store.load("mark", version) === "unchanged") await new Promise((resolve) => setImmediate(resolve));
}

async function heard({ store }: WebProcess): Promise<void> {
  while (store.stats().invalidatedBy === "age") await new Promise((resolve) => setTimeout(resolve, 5));
}
