// A cache that processes share through one Redis server: what a process knows without asking, one question for each call,
// and the peer's plugin on the same server. `BENCH_PARTITIONS=1000000` fills the server as a large service does.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createRedisStore } from "@tessera/redis";
import { createClient } from "redis";
import { account, assertion, configuration, jwt, onBehalfOfCaches, scopes, userCache } from "../fixtures.mjs";
import { measure } from "../measure.mjs";
import { faster, share } from "../table.mjs";

const USERS = 1_000;
const MANY = Number(process.env.BENCH_PARTITIONS ?? 20_000);
const number = (count) => count.toLocaleString("en-US");

export async function run(context) {
  if (spawnSync("redis-server", ["--version"]).status !== 0) {
    process.stderr.write("redis: left out, because there is no redis-server on this machine\n");
    return [];
  }
  return [
    ...(await hits(context, silent)),
    ...(await hits(context, onBehalfOf)),
    ...(await misses(context)),
    ...(await growth(context)),
  ];
}

/** One user's tokens, found by their account. */
const silent = {
  name: "silent",
  call: (app, i) => app.acquireTokenSilent({ account: account(i), scopes }),
  documents: function* (count) {
    for (let i = 0; i < count; i += 1)
      yield { partition: `user:${account(i).homeAccountId}`, document: userCache(1, i), group: "users" };
  },
};

/** The token that was issued for one assertion. The peer does not ask its plugin by itself, so the plugin is asked before. */
const assertions = Array.from({ length: USERS }, (_, i) => assertion(i));
const onBehalfOf = {
  name: "on-behalf-of",
  call: (app, i) => app.acquireTokenOnBehalfOf({ oboAssertion: assertions[i], scopes }),
  async peerCall({ app, load }, i) {
    await load();
    return onBehalfOf.call(app, i);
  },
  documents: function* (count) {
    for (const document of onBehalfOfCaches(count, 1)) {
      const [{ userAssertionHash, home_account_id: home }] = Object.values(JSON.parse(document).AccessToken);
      yield { partition: `assertion:${userAssertionHash}`, document, group: `user:${home}` };
    }
  },
};

/** Cached tokens of many users in turn: with both levels, with the second alone, without a store, and by the peer. */
async function hits({ tessera, peer, seconds }, kind) {
  const stage = await startStage();
  const theirs = peerApplication(peer, stage);
  let user = 0;
  theirs.key = () => `peer:${user}`;
  for (const { partition, document, group } of kind.documents(USERS)) {
    await stage.store.update(partition, () => ({ document, group, timeToLive: 86_400 }));
    await stage.client.set(`peer:${user}`, document);
    user += 1;
  }
  const withStore = (store) =>
    new tessera.ConfidentialClientApplication({ ...configuration(), cache: { store } });
  const alone = new tessera.ConfidentialClientApplication(configuration());
  for (const { document } of kind.documents(USERS)) alone.getTokenCache().deserialize(document);
  const first = withStore(stage.store);
  const second = withStore(stage.storeWithoutMemory);
  const calls = {
    alone: (i) => kind.call(alone, i % USERS),
    first: (i) => kind.call(first, i % USERS),
    second: (i) => kind.call(second, i % USERS),
    peer: (i) => {
      user = i % USERS;
      return kind.peerCall ? kind.peerCall(theirs, user) : kind.call(theirs.app, user);
    },
  };
  for (const call of Object.values(calls)) for (let i = 0; i < 2 * USERS; i += 1) await call(i);
  const timings = await measure(calls, { seconds });
  await stage.stop();
  const [ours, with2, with1, other] = ["alone", "second", "first", "peer"].map(
    (name) => timings[name].median,
  );
  const what = `${kind.name} of ${number(USERS)} users through Redis`;
  return [
    faster(`${what}, first-level hit`, { tessera: with1, other, wanted: { least: 10 } }),
    share("  beside an app without a store", {
      tessera: with1,
      other: ours,
      against: "its own",
      wanted: { most: 2 },
    }),
    faster("  second-level hit", { tessera: with2, other, wanted: { least: 1 } }),
  ];
}

/** Tokens that nobody has: looked for, asked for in turn, stored. The provider answers at once. */
async function misses({ tessera, peer, seconds }) {
  const stage = await startStage();
  const network = answeringNetwork();
  const app = new tessera.ConfidentialClientApplication({
    ...configuration(network),
    cache: { store: stage.store },
  });
  const theirs = peerApplication(peer, stage, network);
  let user = 0;
  theirs.key = () => `peer:${user}`;
  let round = 0;
  const call = (application) => {
    user = round += 1;
    return application.acquireTokenOnBehalfOf({ oboAssertion: jwt(`new ${round}`, 900), scopes });
  };
  const peerCall = async () => {
    await theirs.load();
    return call(theirs.app);
  };
  const timings = await measure({ tessera: () => call(app), peer: peerCall }, { seconds });
  await stage.stop();
  return [
    faster("on-behalf-of through Redis, miss", {
      tessera: timings.tessera.median,
      other: timings.peer.median,
    }),
  ];
}

/** The same users, alone at one server and among many partitions at another. */
async function growth({ tessera, seconds }) {
  const stages = [await startStage(), await startStage()];
  const apps = [];
  for (const [index, stage] of stages.entries()) {
    const { storeWithoutMemory: store } = stage;
    for (const documents of batches(onBehalfOf.documents(index === 0 ? USERS : MANY), 500))
      await Promise.all(
        documents.map(({ partition, document, group }) =>
          store.update(partition, () => ({ document, group, timeToLive: 86_400 })),
        ),
      );
    apps.push(new tessera.ConfidentialClientApplication({ ...configuration(), cache: { store } }));
  }
  const [few, many] = apps.map((app) => (i) => onBehalfOf.call(app, i % USERS));
  for (const call of [few, many]) for (let i = 0; i < 2 * USERS; i += 1) await call(i);
  const timings = await measure({ few, many }, { seconds });
  for (const { stop } of stages) await stop();
  return [
    share(`on-behalf-of, second-level hit among ${number(MANY)} partitions`, {
      tessera: timings.many.median,
      other: timings.few.median,
      against: `its own, ${number(USERS)} partitions`,
      wanted: { most: 1.5 },
    }),
  ];
}

/** The peer's application behind its own plugin. It is told whose tokens to load before each call. */
function peerApplication(peer, { client }, network) {
  const theirs = { key: () => "", app: undefined, load: undefined };
  const manager = { getKey: async () => theirs.key(), extractKey: async () => theirs.key() };
  const values = {
    get: async (key) => (await client.get(key)) ?? "",
    set: async (key, value) => (await client.set(key, value), value),
  };
  const cachePlugin = new peer.DistributedCachePlugin(values, manager);
  theirs.app = new peer.ConfidentialClientApplication({ ...configuration(network), cache: { cachePlugin } });
  theirs.load = () =>
    cachePlugin.beforeCacheAccess(new peer.TokenCacheContext(theirs.app.getTokenCache(), false));
  return theirs;
}

/** A server with nothing in it, and two stores that share it. */
async function startStage() {
  const folder = await mkdtemp(join(tmpdir(), "tessera-bench-redis-"));
  const port = await freePort();
  const settings = { port, bind: "127.0.0.1", dir: folder, save: "", appendonly: "no" };
  const server = spawn(
    "redis-server",
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  for await (const line of createInterface(server.stdout))
    if (line.includes("Ready to accept connections")) break;
  server.stdout.resume();
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
  // A machine that is busy with other things is not a server that is away.
  const patient = { client, commandTimeoutMs: 60_000 };
  const store = createRedisStore({ ...patient, memory: { maxPartitions: 100_000, maxAgeMs: 3_600_000 } });
  const storeWithoutMemory = createRedisStore({ ...patient, memory: false });
  return {
    client,
    store,
    storeWithoutMemory,
    stop: async () => {
      await Promise.all([store.close(), storeWithoutMemory.close()]);
      client.destroy();
      const ended = once(server, "exit");
      server.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** Issues a token for everything, without a delay. */
function answeringNetwork() {
  let issued = 0;
  return {
    sendGetRequestAsync: (url) => Promise.reject(new Error(`not in the cache: GET ${url}`)),
    sendPostRequestAsync: async () => {
      issued += 1;
      const body = { token_type: "Bearer", expires_in: 3599, access_token: jwt(`token ${issued}`, 900) };
      return { status: 200, headers: {}, body };
    },
  };
}

function* batches(items, size) {
  let batch = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
