import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import type { AccountInfo, Configuration } from "@tessera/node";
import type { PersistenceProblem, PersistentCacheOptions } from "@tessera/persistence";
import { assertBuilt, root } from "../packages/workspace.js";

/** What a worker can be told to do. */
export type Call =
  /** Signs a user in who has signed in elsewhere. */
  | { readonly call: "signIn"; readonly refreshToken: string; readonly scopes: readonly string[] }
  | {
      readonly call: "acquire";
      readonly account: AccountInfo;
      readonly scopes: readonly string[];
      readonly forceRefresh?: boolean;
    }
  | { readonly call: "accounts" }
  | { readonly call: "signOut"; readonly account: AccountInfo }
  | { readonly call: "problems" }
  /** What the keychain holds for a service; afterwards it is forgotten, if so told. */
  | { readonly call: "keychain"; readonly service: string; readonly forget?: boolean }
  /** The number that {@link Worker.churn} raises. */
  | { readonly call: "count" }
  /** Raises it by one; the new number. */
  | { readonly call: "raise" }
  /** Begins to write to the cache, and holds its lock until `end`. */
  | { readonly call: "begin" }
  | { readonly call: "end" };

interface Values {
  readonly signIn: AccountInfo;
  readonly acquire: { readonly fromCache: boolean; readonly accessToken: string };
  readonly accounts: readonly AccountInfo[];
  readonly signOut: null;
  readonly problems: readonly PersistenceProblem[];
  readonly keychain: readonly { readonly account: string; readonly password: string }[];
  readonly count: number;
  readonly raise: number;
  readonly begin: null;
  readonly end: null;
}

/** What the program is started with. */
export interface WorkerOptions {
  readonly cache: Omit<PersistentCacheOptions, "onProblem">;
  readonly app: Configuration;
  /** Environment on top of this process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Another process of the same app: `worker.mjs`, with the built packages. */
export interface Worker {
  readonly pid: number;
  /** Path of the file of its cache. */
  readonly file: string;
  /** Milliseconds it took to open its cache. */
  readonly openMs: number;
  /**
   * Does something there; rejects with a {@link WorkerError} for what it threw.
   * @param at the time that the process is to believe, in milliseconds since the epoch
   */
  readonly do: <C extends Call>(call: C, at?: number) => Promise<Values[C["call"]]>;
  /** Lets it work without end: refresh a user's token, or raise the number in the cache. */
  readonly churn: (
    work: { readonly account: AccountInfo; readonly scopes: readonly string[] } | undefined,
    onDone: (counted: unknown) => void,
  ) => void;
  /** Ends it at once, whatever it does (SIGKILL). */
  readonly kill: () => Promise<void>;
  /** Lets it end by itself. */
  readonly end: () => Promise<void>;
}

const children = new Set<ChildProcess>();
afterAll(() => Promise.all([...children].map((child) => killed(child))));

/** What a worker threw. */
export class WorkerError extends Error {
  readonly errorCode: string | undefined;
  constructor({ errorCode, message }: { readonly errorCode?: string; readonly message: string }) {
    super(message);
    this.errorCode = errorCode;
  }
}

/** Starts a worker, and waits until its cache is open; rejects with a {@link WorkerError} when it cannot be opened. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const child = forkWorker(options);
  const opened = await answer(child).catch(async (error: unknown) => {
    await killed(child);
    throw error;
  });
  const { file, openMs } = opened as { readonly file: string; readonly openMs: number };
  return {
    pid: child.pid ?? 0,
    file,
    openMs,
    do: (call, at) => {
      const answered = answer(child);
      child.send({ ...call, at });
      return answered as Promise<never>;
    },
    churn: (work, onDone) => {
      child.on("message", (message) => {
        onDone((message as { counted: unknown }).counted);
      });
      child.send({ call: "churn", ...work });
    },
    kill: () => killed(child),
    end: async () => {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

/** Starts a worker, and does not wait for it. It does not outlive the tests of the file. */
export function forkWorker({ cache, app, env = {} }: WorkerOptions): ChildProcess {
  assertBuilt();
  const child = fork(join(root, "test/persistence/worker.mjs"), [JSON.stringify({ cache, app })], {
    env: { ...process.env, ...env },
    execArgv: [],
  });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

/** Kills a process (SIGKILL), and waits for its end. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, "exit");
  child.kill("SIGKILL");
  await end;
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null): void => {
      reject(new Error(`the worker ended (${signal ?? String(code)}) before it answered`));
    };
    child.once("exit", onExit);
    child.once("message", (message) => {
      child.off("exit", onExit);
      const { value, error } = message as {
        readonly value?: unknown;
        readonly error?: { readonly errorCode?: string; readonly message: string };
      };
      if (error) reject(new WorkerError(error));
      else resolve(value);
    });
  });
}
