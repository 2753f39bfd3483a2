import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { RedisStoreOptions } from "@tessera/redis";
import { assertBuilt, root } from "../packages/workspace.js";
import type { StrictAuthority } from "./strict-authority.js";

/** How a process connects to Redis. */
export interface RedisAddress {
  readonly library: "redis" | "ioredis";
  readonly url?: string;
  /** Nodes of a cluster. */
  readonly urls?: readonly string[];
  readonly sentinel?: { readonly name: string; readonly port: number };
}

/** What a process can be told to do. */
export type Call =
  | { readonly call: "signIn"; readonly code: string }
  | { readonly call: "silent"; readonly id: string; readonly forceRefresh?: boolean }
  | { readonly call: "onBehalfOf"; readonly assertion: string }
  | { readonly call: "signOut"; readonly id: string };

/** A process of a website, started as `worker.mjs` with the built packages. */
export interface Worker {
  readonly process: ChildProcess;
  /** Has it begin anew with another store, as if it had just been started. */
  connect(connection: FarmConnection): Promise<void>;
  /** Makes a call; the access token, `"signed out"`, or `!` and the code of the error. */
  do(call: Call): Promise<string>;
  /** Makes calls in order, so many at once. */
  doAll(calls: readonly Call[], atOnce?: number): Promise<readonly string[]>;
  /** Makes a call, and stands still (SIGSTOP) right before it sends its token request. */
  doUntilItSends(call: Call): { readonly stopped: Promise<void>; readonly outcome: Promise<string> };
  /** The home account IDs of all users. */
  users(): Promise<readonly string[]>;
  stats(): Promise<Readonly<Record<string, unknown>>>;
  /** The warnings and errors since the last time. */
  warnings(): Promise<readonly string[]>;
  pause(): void;
  resume(): void;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
}

/** What the processes share. */
export interface FarmConnection {
  readonly authority: StrictAuthority;
  readonly redis: RedisAddress;
  readonly store?: Partial<Omit<RedisStoreOptions, "client" | "logger">>;
}

export interface FarmOptions {
  readonly processes: number;
  /** The time that every process believes it is, in milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface Farm {
  readonly workers: readonly Worker[];
  /** The processes, in the order in which a user's requests reach them: a balancer that goes round. */
  worker(index: number): Worker;
  /**
   * Has every process begin anew with this store. To start a process takes much longer, so tests share processes. One that
   * has ended is replaced.
   */
  connect(connection: FarmConnection): Promise<void>;
  /** Starts a process in the place of each that has ended. */
  refill(): Promise<void>;
  close(): Promise<void>;
}

interface Told {
  readonly id: number;
  readonly ready?: true;
  readonly stopped?: true;
  readonly outcomes?: readonly unknown[];
}

/** Starts the processes of a website, which share nothing until they are connected. */
export async function startFarm({ processes, now }: FarmOptions): Promise<Farm> {
  assertBuilt();
  const workers = await Promise.all(Array.from({ length: processes }, () => startWorker(now)));
  let connection: FarmConnection | undefined;
  const refill = async () => {
    for (const [index, { process }] of workers.entries())
      if (process.exitCode !== null || process.signalCode !== null) {
        const worker = await startWorker(now);
        workers[index] = worker;
        if (connection) await worker.connect(connection);
      }
  };
  return {
    workers,
    worker: (index) => {
      const worker = workers[index % workers.length];
      if (!worker) throw new Error("the farm has no process");
      return worker;
    },
    connect: async (next) => {
      connection = undefined;
      await refill();
      connection = next;
      await Promise.all(workers.map((worker) => worker.connect(next)));
    },
    refill,
    close: async () => {
      await Promise.all(workers.map((worker) => worker.kill()));
    },
  };
}

async function startWorker(now: FarmOptions["now"]): Promise<Worker> {
  const child = fork(join(root, "test/farm/worker.mjs"), [], { execArgv: [] });
  const waiting = new Map<number, (told: Told) => void>();
  let ended: string | undefined;
  let last = 0;
  const ready = new Promise<void>((resolve, reject) => {
    child.on("message", (told: Told) => {
      if (told.ready) resolve();
      else waiting.get(told.id)?.(told);
    });
    child.once("exit", (code, signal) => {
      ended = `the process ended: ${signal ?? code}`;
      reject(new Error(ended));
      for (const [id, tell] of waiting) tell({ id, outcomes: [] });
    });
  });

  const ask = (all: readonly object[], atOnce: number, onStopped?: () => void): Promise<readonly unknown[]> =>
    new Promise((resolve) => {
      const id = (last += 1);
      waiting.set(id, ({ stopped, outcomes }) => {
        if (stopped) return onStopped?.();
        waiting.delete(id);
        resolve(all.map((_, index) => outcomes?.[index] ?? `!${ended}`));
      });
      if (ended === undefined) child.send({ id, at: now?.(), all, atOnce, pauses: onStopped !== undefined });
      else waiting.get(id)?.({ id, outcomes: [] });
    });
  const one = async (call: object, onStopped?: () => void): Promise<unknown> =>
    (await ask([call], 1, onStopped))[0];

  await ready;
  return {
    process: child,
    connect: async ({ authority, redis, store = {} }) => {
      const settings = { redis, store, web: authority.auth("web"), api: authority.auth("api") };
      const outcome = await one({ call: "connect", ...settings });
      if (outcome !== "connected") throw new Error(String(outcome));
    },
    do: async (call) => String(await one(call)),
    doAll: async (calls, atOnce = 16) => (await ask(calls, atOnce)).map(String),
    doUntilItSends: (call) => {
      let outcome: Promise<unknown> = Promise.resolve();
      const stopped = new Promise<void>((resolve) => {
        outcome = one(call, resolve);
      });
      return { stopped, outcome: outcome.then(String) };
    },
    users: async () => (await one({ call: "users" })) as readonly string[],
    stats: async () => (await one({ call: "stats" })) as Readonly<Record<string, unknown>>,
    warnings: async () => (await one({ call: "warnings" })) as readonly string[],
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
