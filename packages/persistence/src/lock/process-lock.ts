import { isAbsolute } from "node:path";
import { invalid, invalidOption, requireKnownOptions } from "../invalid-option.js";
import { ABANDONED_MS, acquireLock, HEARTBEAT_MS, type HeldLock } from "./ticket-lock.js";

/** Options of {@link acquireProcessLock}. */
export interface ProcessLockOptions {
  /** Absolute path of the folder of the lock; created if missing. All processes with access to it can share the lock. */
  readonly directory: string;
  /** Name of the lock: letters, digits and hyphens. Locks with different names are independent. */
  readonly name: string;
  /** Aborts the wait; the call rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Maximum wait in milliseconds; unlimited by default. */
  readonly timeoutMs?: number;
  /** Interval in milliseconds at which the owner gives a sign of life; 1000 by default. All processes should use the same. */
  readonly heartbeatMs?: number;
  /**
   * An owner that cannot be seen to have ended loses the lock after so many milliseconds without a sign of life; 5000 by
   * default, and at least twice `heartbeatMs`. The lock of a process of this machine that has ended is free at once.
   */
  readonly abandonedMs?: number;
  /**
   * The same for a process of this machine that is known to run, such as one that is busy; a suspended one then keeps the lock
   * for as long as it lives, where that can be seen (Linux). By default, `abandonedMs` holds for both.
   */
  readonly patienceMs?: number;
  /** Called once, before the wait, if another process or call has the lock; with its process ID, if it is known. */
  readonly onWait?: (pid: number | undefined) => void;
}

/** A lock that this process holds until it releases it or ends. */
export interface ProcessLock {
  /** Whether the lock is still held. Another process may have taken it over from one that was suspended. */
  isHeld(): boolean;
  /** Releases the lock. May be called repeatedly, also in a listener of the process's `exit` event. */
  release(): void;
}

const OPTIONS: readonly string[] = Object.keys({
  directory: true,
  name: true,
  signal: true,
  timeoutMs: true,
  heartbeatMs: true,
  abandonedMs: true,
  patienceMs: true,
  onWait: true,
} satisfies Record<keyof ProcessLockOptions, true>);

/**
 * Acquires a lock that processes share through a folder, such as the one that asks a user to sign in. Waiting processes get it
 * in the order in which they came. If its owner ends without releasing it, the next one takes over.
 *
 * @param options `directory` and `name` are required
 * @throws {PersistenceError} `invalid_option`, `lock_timeout`, `storage_failed`; the reason of `signal` when it is aborted
 *
 * @example
 * ```ts
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { acquireProcessLock } from "@tessera/persistence";
 *
 * const directory = await mkdtemp(join(tmpdir(), "contoso-cli-"));
 * const lock = await acquireProcessLock({
 *   directory,
 *   name: "sign-in",
 *   onWait: (pid) => console.error(`Process ${pid ?? "?"} is asking the user to sign in.`),
 * });
 * try {
 *   // One process at a time is here.
 * } finally {
 *   lock.release();
 * }
 * await rm(directory, { recursive: true });
 * ```
 */
export async function acquireProcessLock(options: ProcessLockOptions): Promise<ProcessLock> {
  const { directory, name, ...wait } = checked(options);
  const lock: HeldLock = await acquireLock(directory, name, wait);
  return { isHeld: () => lock.isHeld(), release: () => lock.release() };
}

function checked(options: ProcessLockOptions): ProcessLockOptions {
  const given: Readonly<Record<string, unknown>> = { ...(options ?? {}) };
  requireKnownOptions(given, OPTIONS, "acquireProcessLock");
  const { directory, name } = given;
  if (typeof directory !== "string" || !isAbsolute(directory))
    throw invalidOption("directory", directory, "pass the absolute path of a folder");
  if (typeof name !== "string" || !/^[A-Za-z\d-]{1,100}$/.test(name))
    throw invalidOption("name", name, "pass 1 to 100 letters, digits and hyphens");
  for (const limit of ["timeoutMs", "heartbeatMs", "abandonedMs", "patienceMs"])
    checkLimit(limit, given[limit]);
  const { heartbeatMs = HEARTBEAT_MS, abandonedMs = ABANDONED_MS, onWait, signal } = options;
  // A sign of life may be late by as much as the machine is busy.
  if (abandonedMs < 2 * heartbeatMs)
    throw invalid(
      `abandonedMs is ${abandonedMs}, and signs of life come every ${heartbeatMs} ms: pass at least twice as much.`,
    );
  if (onWait != null && typeof onWait !== "function")
    throw invalid(`onWait is a ${typeof onWait}: pass a function.`);
  if (signal != null && typeof signal.throwIfAborted !== "function")
    throw invalid(`signal is a ${typeof signal}: pass an AbortSignal.`);
  return options;
}

function checkLimit(name: string, value: unknown): void {
  if (value == null || (typeof value === "number" && value > 0)) return;
  throw invalidOption(name, value, "pass a positive number of milliseconds");
}
