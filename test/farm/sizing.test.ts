// The figures that the sizing page plans with: round trips of each kind of call, and bytes of each kind of partition.
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { ConfidentialClientApplication } from "@tessera/node";
import { createRedisStore, type RedisTokenStore } from "@tessera/redis";
import { createClient } from "redis";
import { describeWith } from "../support/real-part.js";
import { hasRedis, startRedis, type RedisServer } from "../support/redis-servers.js";
import { full } from "./load.js";
import { startStrictAuthority, type StrictAuthority } from "./strict-authority.js";

if (full) jest.setTimeout(1_200_000);

const scopes = ["Orders.Read"];

let now = Date.now();
let redis: RedisServer;
let authority: StrictAuthority;
let control: Client;
const stores: RedisTokenStore[] = [];
const clients: Client[] = [];
/** The commands that the server has got from the store's own client, those inside of scripts not counted. */
const commands: string[] = [];

const connecting = () => createClient({ url: redis.url, RESP: 3 }).connect();
type Client = Awaited<ReturnType<typeof connecting>>;

async function connect(): Promise<Client> {
  const client = await connecting();
  clients.push(client);
  return client;
}

/** One process of a website with an API. */
async function startProcess() {
  const store = createRedisStore({ client: await connect() });
  stores.push(store);
  const application = (clientId: string) =>
    new ConfidentialClientApplication({
      auth: { ...authority.auth(clientId), clientSecret: "secret" },
      cache: { store },
      system: { clock: { now: () => now }, proxy: false },
    });
  return { store, web: application("web"), api: application("api") };
}

type Process = Awaited<ReturnType<typeof startProcess>>;

/** How many commands a call sends. */
async function roundTrips(call: () => Promise<unknown>): Promise<number> {
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
    redis = await startRedis();
    authority = await startStrictAuthority({ now: () => now, longTokens: true });
    control = await connect();
    const monitor = await connect();
    await monitor.monitor((line: unknown) => {
      const [, from = "", command = ""] = /^\S+ \[\d+ (\S+)\] (.*)$/.exec(String(line)) ?? [];
      if (from !== "lua" && !/^"(HELLO|CLIENT|PING|INFO)"/i.test(command))
        commands.push(command.replaceAll('"', ""));
    });
  });
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    for (const client of clients) client.destroy();
    await authority.close();
    await redis.stop();
  });

  test("each kind of call makes as many round trips as the guide says", async () => {
    const [first, second] = [await startProcess(), await startProcess()];
    const id = authority.homeAccountId("u1");
    const signInHere = () => signIn(first, "u1");
    const accountAt = async ({ web }: Process) => {
      const account = await web.getAccountByHomeId(id);
      if (!account) throw new Error("nobody is signed in");
      return account;
    };
    const silent = async (at: Process) => at.web.acquireTokenSilent({ account: await accountAt(at), scopes });
    const onBehalfOf = (at: Process, hour: number) =>
      at.api.acquireTokenOnBehalfOf({ oboAssertion: authority.assertion("u1", hour), scopes });

    const signOut = async () => second.web.signOut({ account: await accountAt(second) });

    // From here on the scripts are loaded, and both processes hear of changes.
    await signInHere();
    await onBehalfOf(first, 0);
    await Promise.all([silent(first), silent(second)]);
    await Promise.all([first, second].map(async ({ store }) => heard(store)));
    await signOut();
    await signInHere();
    now += 3_600_000;
    await silent(first);

    expect(await roundTrips(() => silent(second))).toEqual(1);
    expect(await roundTrips(() => silent(second))).toEqual(0);
    expect(await roundTrips(signInHere)).toEqual(2);
    now += 3_600_000;
    expect(await roundTrips(() => silent(first))).toEqual(7);
    expect(await roundTrips(() => onBehalfOf(first, 1))).toEqual(10);
    expect(await roundTrips(() => onBehalfOf(second, 1))).toEqual(1);
    expect(await roundTrips(signOut)).toBeLessThanOrEqual(16);
  });

  test("a user and a call on behalf of one take no more bytes than the guide plans with", async () => {
    await control.flushAll();
    const process = await startProcess();
    const before = await memory();
    await all((name) => signIn(process, name));
    const withUsers = await memory();
    await all((name) =>
      process.api.acquireTokenOnBehalfOf({ oboAssertion: authority.assertion(name, 1), scopes }),
    );
    const withCalls = await memory();

    const bytes = { user: (withUsers - before) / USERS, call: (withCalls - withUsers) / USERS };
    report("bytes", bytes);
    expect(bytes.user).toBeLessThan(8_000);
    expect(bytes.call).toBeLessThan(13_000);
  });

  // Times of a processor are no promise of the code, so they are printed, and not in every run.
  (full ? test : test.skip)("the processor time of Redis for each kind of call", async () => {
    await control.flushAll();
    const process = await startProcess();
    const second = await startProcess();
    const silent = async ({ web }: Process, name: string) => {
      const account = await web.getAccountByHomeId(authority.homeAccountId(name));
      if (!account) throw new Error("nobody is signed in");
      return web.acquireTokenSilent({ account, scopes });
    };
    const microseconds: Record<string, number> = {};
    const time = async (what: string, call: (name: string) => Promise<unknown>) => {
      const before = await processorSeconds();
      await all(call);
      microseconds[what] = Math.round((((await processorSeconds()) - before) * 1e6) / USERS);
    };
    await time("sign-in", (name) => signIn(process, name));
    await time("second level", (name) => silent(second, name));
    now += 3_600_000;
    await time("refresh", (name) => silent(process, name));
    await time("on behalf of", (name) =>
      process.api.acquireTokenOnBehalfOf({ oboAssertion: authority.assertion(name, 1), scopes }),
    );
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

function signIn({ web }: Process, name: string) {
  const code = authority.code(name);
  return web.acquireTokenByCode({ code, scopes, redirectUri: "https://shop.example/signed-in" });
}

function report(what: string, figures: object): void {
  process.stdout.write(`${what}: ${JSON.stringify(figures)}\n`);
}

async function infoOf(section: string, figure: string): Promise<number> {
  const info = await control.info(section);
  return Number(new RegExp(`^${figure}:([0-9.]+)`, "m").exec(info)?.[1]);
}

const memory = () => infoOf("memory", "used_memory_dataset");

async function processorSeconds(): Promise<number> {
  return (await infoOf("cpu", "used_cpu_sys")) + (await infoOf("cpu", "used_cpu_user"));
}

async function heard(store: RedisTokenStore): Promise<void> {
  while (store.stats().invalidatedBy === "age") await new Promise((resolve) => setTimeout(resolve, 5));
}
