// Real Redis servers on free loopback ports: alone, as a cluster, with replicas, watched by a sentinel.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";

/** One `redis-server` process. */
export interface RedisServer {
  readonly port: number;
  /** Where the nodes of a cluster talk to each other. */
  readonly busPort: number;
  /** Contains the password, if there is one. */
  readonly url: string;
  /** Its files: `dump.rdb` after `SAVE`. */
  readonly folder: string;
  /** Sends one command on a connection of its own. */
  command(...words: readonly string[]): Promise<unknown>;
  /** Stands still (SIGSTOP): connections stay open, and nothing is answered. */
  pause(): void;
  resume(): void;
  /** Ends at once (SIGKILL). `restart` starts it again. */
  kill(): Promise<void>;
  /** Starts it on the same port after `kill`, by default with the same settings. */
  restart(restart?: { readonly settings?: RedisSettings; readonly until?: ServerState }): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/** Settings of `redis.conf`, such as `{ requirepass: "x", maxmemory: "2mb" }`. */
export type RedisSettings = Readonly<Record<string, string | number>>;

/** `"listening"`: it answers `LOADING` while it reads its data. */
export type ServerState = "ready" | "listening";

export interface RedisCluster {
  /** The masters at the start, in the order of their slots. */
  readonly masters: readonly RedisServer[];
  /** The replicas of the first master, then those of the second, … */
  readonly replicas: readonly RedisServer[];
  /** What clients are given: the addresses of the masters. */
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

export interface SentinelRedis {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinel: RedisServer;
  /** The name under which the sentinel knows the master. */
  readonly name: string;
  stop(): Promise<void>;
}

export const hasRedis = (): boolean => spawnSync("redis-server", ["--version"]).status === 0;

/** Starts a server without data that stores nothing on disk. */
export async function startRedis(settings: RedisSettings = {}): Promise<RedisServer> {
  return serverOn(await freePort(), await freePort(), settings);
}

/** Starts a server and a replica that is in step with it. */
export async function startRedisWithReplica(
  settings: RedisSettings = {},
): Promise<{ readonly master: RedisServer; readonly replica: RedisServer; stop(): Promise<void> }> {
  const master = await startRedis({ "repl-diskless-sync-delay": 0, ...settings });
  const replica = await startRedis({ ...settings, ...replicaOf(master, settings) });
  await until(async () => /master_link_status:up/.test(String(await replica.command("INFO", "replication"))));
  return { master, replica, stop: async () => stopAll([master, replica]) };
}

/** Starts a server, a replica and a sentinel that fails over half a second after the server is gone. */
export async function startRedisWithSentinel(settings: RedisSettings = {}): Promise<SentinelRedis> {
  const { master, replica } = await startRedisWithReplica({ "repl-ping-replica-period": 1, ...settings });
  const name = "tokens";
  const password = settings.requirepass;
  const sentinel = await startSentinel([
    `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 3000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${name} ${password}`]),
  ]);
  // It finds the replica by asking the master every ten seconds, the first time soon after its start.
  await until(async () => {
    const found = await sentinel.command("SENTINEL", "REPLICAS", name);
    return Array.isArray(found) && found.length > 0;
  });
  return { master, replica, sentinel, name, stop: async () => stopAll([sentinel, replica, master]) };
}

/** Starts a cluster with all slots served; takes about three seconds. */
export async function startRedisCluster({
  masters: masterCount = 3,
  replicas: replicaCount = 0,
  settings = {},
}: {
  readonly masters?: number;
  /** For each master. */
  readonly replicas?: number;
  readonly settings?: RedisSettings;
} = {}): Promise<RedisCluster> {
  const start = async (): Promise<RedisServer> =>
    startRedis({
      "cluster-enabled": "yes",
      "cluster-node-timeout": 2000,
      "repl-diskless-sync-delay": 0,
      ...settings,
      ...(settings.requirepass !== undefined && { masterauth: settings.requirepass }),
    });
  const startMany = async (count: number): Promise<readonly RedisServer[]> =>
    Promise.all(Array.from({ length: count }, start));
  const [masters, replicas] = await Promise.all([
    startMany(masterCount),
    startMany(masterCount * replicaCount),
  ]);
  const all = [...masters, ...replicas];
  const [first] = all;
  if (!first) throw new Error("a cluster has at least one master");

  const slot = (index: number): number => Math.round((16384 * index) / masterCount);
  await Promise.all(
    all.map(async (server, index) => server.command("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1))),
  );
  await Promise.all(
    masters.map(async (server, index) =>
      server.command("CLUSTER", "ADDSLOTSRANGE", String(slot(index)), String(slot(index + 1) - 1)),
    ),
  );
  for (const { port, busPort } of all.slice(1))
    await first.command("CLUSTER", "MEET", "127.0.0.1", String(port), String(busPort));
  const isKnownToAll = async (): Promise<boolean> => {
    const infos = await Promise.all(all.map(async (server) => server.command("CLUSTER", "INFO")));
    return infos.every((info) => String(info).includes(`cluster_known_nodes:${all.length}\r`));
  };
  await until(isKnownToAll);
  await Promise.all(
    replicas.map(async (server, index) => {
      const master = masters[Math.floor(index / replicaCount)];
      const id = String(await master?.command("CLUSTER", "MYID"));
      await until(async () => (await server.command("CLUSTER", "REPLICATE", id).catch(() => "")) === "OK");
    }),
  );
  await until(async () => {
    const infos = await Promise.all(all.map(async (server) => server.command("CLUSTER", "INFO")));
    return infos.every((info) => /cluster_state:ok\r[^]*cluster_slots_ok:16384\r/.test(String(info)));
  });
  await until(async () => {
    const infos = await Promise.all(replicas.map(async (server) => server.command("INFO", "replication")));
    return infos.every((info) => String(info).includes("master_link_status:up"));
  });
  return { masters, replicas, urls: masters.map(({ url }) => url), stop: async () => stopAll(all) };
}

async function serverOn(port: number, busPort: number, settings: RedisSettings): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "tessera-redis-"));
  const always: RedisSettings = { port, bind: "127.0.0.1", dir: folder, save: "", appendonly: "no" };
  const cluster: RedisSettings = settings["cluster-enabled"] ? { "cluster-port": busPort } : {};
  const startWith = async (given: RedisSettings, state: ServerState): Promise<ChildProcess> => {
    const all = Object.entries({ ...always, ...cluster, ...given });
    const process = run(all.flatMap(([name, value]) => [`--${name}`, String(value)]));
    await said(process, state === "ready" ? /Ready to accept connections/ : /Server initialized/);
    return process;
  };
  return started({ port, busPort, folder, settings, startWith });
}

/** A sentinel writes what it learns into its configuration file. */
async function startSentinel(lines: readonly string[]): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "tessera-sentinel-"));
  const file = join(folder, "sentinel.conf");
  writeFileSync(file, [`port ${port}`, "bind 127.0.0.1", `dir ${folder}`, ...lines, ""].join("\n"));
  const startWith = async (): Promise<ChildProcess> => {
    const process = run([file, "--sentinel"]);
    await said(process, /Sentinel ID is|monitor master/);
    return process;
  };
  return started({ port, busPort: 0, folder, settings: {}, startWith });
}

async function started({
  port,
  busPort,
  folder,
  settings,
  startWith,
}: {
  readonly port: number;
  readonly busPort: number;
  readonly folder: string;
  readonly settings: RedisSettings;
  startWith(settings: RedisSettings, state: ServerState): Promise<ChildProcess>;
}): Promise<RedisServer> {
  const { requirepass } = settings;
  const url = `redis://${requirepass === undefined ? "" : `:${encodeURIComponent(requirepass)}@`}127.0.0.1:${port}`;
  let server = await startWith(settings, "ready");
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    // A process that stands still does not see SIGTERM.
    if (signal !== "SIGKILL") server.kill("SIGCONT");
    server.kill(signal);
    await ended;
  };
  return {
    port,
    busPort,
    url,
    folder,
    command: async (...words) => commandAt(url, words),
    pause: () => void server.kill("SIGSTOP"),
    resume: () => void server.kill("SIGCONT"),
    kill: async () => end("SIGKILL"),
    restart: async ({ settings: other = settings, until: state = "ready" } = {}) => {
      await end("SIGTERM");
      server = await startWith(other, state);
    },
    stop: async () => {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const server of running) server.kill("SIGKILL");
});

function run(parameters: readonly string[]): ChildProcess {
  const server = spawn("redis-server", parameters, { stdio: ["ignore", "pipe", "ignore"] });
  running.add(server);
  server.once("exit", () => running.delete(server));
  return server;
}

/** Waits until a server writes a line into its log. */
async function said(server: ChildProcess, line: RegExp): Promise<void> {
  if (!server.stdout) throw new Error("the server has no standard output");
  const lines = createInterface(server.stdout);
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    lines.on("line", (text) => {
      if (line.test(text)) resolve();
      else log.push(text);
    });
    server.once("exit", () => reject(new Error(`redis-server ended:\n${log.join("\n")}`)));
  });
}

/** With ioredis: node-redis keeps the classes of one kind of client, and would make those of the app's clients anew each time. */
async function commandAt(url: string, [name = "", ...rest]: readonly string[]): Promise<unknown> {
  const client = new Redis(url, { lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null });
  let reason: unknown;
  client.on("error", (error) => (reason = error));
  try {
    await client.connect();
    return await client.call(name, ...rest);
  } catch (error) {
    // ioredis itself says only that the connection is closed.
    throw reason ?? error;
  } finally {
    client.disconnect();
  }
}

function replicaOf({ port }: RedisServer, { requirepass }: RedisSettings): RedisSettings {
  return { replicaof: `127.0.0.1 ${port}`, ...(requirepass !== undefined && { masterauth: requirepass }) };
}

const stopAll = async (servers: readonly RedisServer[]): Promise<void> => {
  await Promise.all(servers.map(async (server) => server.stop()));
};

/** Waits until something that no event tells about is true. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1_500; turn += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain for ${condition.toString()}`);
}

const taken = new Set<number>();

/** A port below those that the system gives to connections, which might take it before the server does. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    if (taken.has(port)) continue;
    taken.add(port);
    const server = createServer();
    const listening = once(server, "listening").then(
      () => true,
      () => false,
    );
    server.listen(port, "127.0.0.1");
    if (!(await listening)) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
