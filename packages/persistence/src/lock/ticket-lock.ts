import { closeSync, existsSync, openSync, readdirSync, statSync, unlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { delay } from "../delay.js";
import { PersistenceError, storageFailed, systemCode } from "../errors.js";
import { nodeCrypto } from "../node-crypto.js";
import { makeFolder } from "../files/private-folder.js";
import { isSuspended, liveness, ownIdentity } from "./process-identity.js";

/** A lock that this process holds. */
export interface HeldLock {
  /** `false` if another process took over, because this one gave no sign of life for too long. */
  readonly isHeld: () => boolean;
  /** Releases the lock. */
  readonly release: () => void;
}

/** How long to wait for a lock. */
export interface LockWait {
  /** Aborts the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Maximum wait in milliseconds. Default: unlimited. */
  readonly timeoutMs?: number;
  /** Interval at which the ticket is touched, in milliseconds. Default: 1000. */
  readonly heartbeatMs?: number | undefined;
  /** A ticket is abandoned if it was not touched while being watched for this many milliseconds. Default: 5000. */
  readonly abandonedMs?: number | undefined;
  /**
   * The same for an owner that is known to run; one that is suspended then keeps the lock for as long as it lives. Default:
   * `abandonedMs`, also for one that is suspended.
   */
  readonly patienceMs?: number | undefined;
  /** Called once if the lock has another owner, with its process ID if it has a known one. */
  readonly onWait?: ((pid: number | undefined) => void) | undefined;
}

/** Default of {@link LockWait.heartbeatMs}. */
export const HEARTBEAT_MS = 1000;

/** Default of {@link LockWait.abandonedMs}. */
export const ABANDONED_MS = 5000;

/**
 * Upper limit for the time counted between two checks, in milliseconds. After a machine has slept, the time asleep does not
 * count: the owner of the lock may have slept as well.
 */
const CHECK_MS = 1000;

/** The highest ticket number, which no process reaches by taking tickets. */
const LAST_TICKET = 999_999_999_999;

/**
 * Acquires a lock that is shared by all processes with access to a folder, in first-come, first-served order.
 *
 * Each process takes a ticket: an empty file whose name consists of a number, one more than the highest existing one, and its
 * owner. The lowest ticket holds the lock; removing the ticket releases it. Any process may remove the ticket of a dead
 * process. Ticket names are unique, so a ticket cannot be mistaken for another.
 *
 * @param folder folder of the tickets; created if missing
 * @param name letters, digits and hyphens; locks with different names are independent
 * @throws PersistenceError `lock_timeout`, `storage_failed`; the reason of `signal` when it is aborted
 */
export async function acquireLock(folder: string, name: string, wait: LockWait = {}): Promise<HeldLock> {
  const { signal, timeoutMs = Infinity, heartbeatMs = HEARTBEAT_MS } = wait;
  signal?.throwIfAborted();
  let ticket = takeTicket(folder, name);
  const heartbeat = setInterval(() => {
    touch(join(folder, ticket));
  }, heartbeatMs).unref();
  const release = (): void => {
    clearInterval(heartbeat);
    removeWithRetry(join(folder, ticket));
  };
  try {
    const isAbandoned = watchTickets(folder, wait);
    let { onWait } = wait;
    let lastCheck = performance.now();
    let waited = 0;
    let place = { ahead: 0, since: 0 };
    for (;;) {
      const tickets = listTickets(folder, name);
      // After a long suspension, this ticket may have been removed as abandoned.
      if (!tickets.includes(ticket)) {
        ticket = takeTicket(folder, name);
        continue;
      }
      const ahead = tickets.filter((other) => other < ticket).sort();
      const [first, ...others] = ahead;
      if (first === undefined) return { isHeld: () => exists(join(folder, ticket)), release };
      const now = performance.now();
      waited += Math.min(now - lastCheck, CHECK_MS);
      lastCheck = now;
      if (isAbandoned(first, others, waited) && remove(join(folder, first))) continue;
      onWait?.(pidOf(first));
      onWait = undefined;
      if (waited > timeoutMs) throw timedOut(folder, first, timeoutMs);
      if (ahead.length !== place.ahead) place = { ahead: ahead.length, since: waited };
      // The next in line polls often, the others rarely, and all less often while the queue does not move.
      await delay(Math.min(50, Math.max(2 * ahead.length - 1, (waited - place.since) / 16)), signal);
    }
  } catch (error) {
    release();
    if (signal?.aborted) throw signal.reason;
    throw error;
  }
}

/**
 * Takes a ticket. Two processes may do so at the same time: a ticket is valid only if its owner saw no higher one after
 * creating it. Then the owner of any higher ticket also sees this one, and waits.
 */
function takeTicket(folder: string, name: string): string {
  for (;;) {
    const highest = [...listTickets(folder, name)].sort().at(-1) ?? "";
    const last = Number(highest.split(".")[1] ?? 0);
    if (last >= LAST_TICKET)
      throw new PersistenceError(
        "storage_failed",
        `${join(folder, highest)} has a number that no process of this app assigned: remove the file.`,
      );
    const number = String(last + 1).padStart(12, "0");
    const ticket = `${name}.${number}.${ownIdentity()}.${nodeCrypto().randomBytes(4).toString("hex")}`;
    create(folder, ticket);
    try {
      const tickets = listTickets(folder, name);
      if (tickets.includes(ticket) && !tickets.some((other) => other > ticket)) return ticket;
    } catch (error) {
      removeWithRetry(join(folder, ticket));
      throw error;
    }
    removeWithRetry(join(folder, ticket));
  }
}

/** Returns a function that tells, when called repeatedly, whether the owner of the first ticket is gone. */
function watchTickets(
  folder: string,
  { abandonedMs = ABANDONED_MS, patienceMs }: LockWait,
): (first: string, others: readonly string[], waited: number) => boolean {
  const signs = new Map<string, { readonly touched: number; readonly since: number }>();
  let nextInspection = CHECK_MS;
  return (first, others, waited) => {
    // Measured in time waited: clocks of different hosts differ, and after a sleep every ticket looks old.
    const inspect = (ticket: string): { readonly touched: number; readonly since: number } => {
      const touched = touchedAt(join(folder, ticket));
      const before = signs.get(ticket);
      const sign = before?.touched === touched ? before : { touched, since: waited };
      signs.set(ticket, sign);
      return sign;
    };
    // Processes that were suspended together, as with Ctrl+Z, are considered abandoned together rather than one after
    // the other.
    if (waited >= nextInspection) {
      nextInspection = waited + CHECK_MS;
      others.forEach(inspect);
    }
    const { touched, since } = inspect(first);
    const owner = first.split(".")[2] ?? "";
    const state = liveness(owner, touched);
    if (state === "gone") return true;
    if (patienceMs === undefined || state !== "running") return waited - since > abandonedMs;
    // A thread of the process may have ended without releasing the lock, so the wait for one that is not suspended ends.
    return waited - since > patienceMs && !isSuspended(owner);
  };
}

function listTickets(folder: string, name: string): readonly string[] {
  const ticket = new RegExp(`^${name}\\.\\d{12}\\.`);
  try {
    return readdirSync(folder).filter((entry) => ticket.test(entry));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw storageFailed(`The locks in ${folder} cannot be read`, error);
  }
}

function create(folder: string, ticket: string): void {
  const path = join(folder, ticket);
  try {
    try {
      closeSync(openSync(path, "wx", 0o600));
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
      makeFolder(folder);
      closeSync(openSync(path, "wx", 0o600));
    }
  } catch (error) {
    throw storageFailed(`The token cache cannot be locked in ${folder}`, error);
  }
}

/** @returns whether the file is gone, even if another process removed it */
function remove(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    return systemCode(error) === "ENOENT";
  }
}

/** Retries, since Windows cannot remove a file while another program, such as a virus scanner, has it open. */
function removeWithRetry(path: string, attempt = 1): void {
  if (remove(path) || attempt === 10) return;
  setTimeout(removeWithRetry, 10 * attempt, path, attempt + 1).unref();
}

function touch(path: string): boolean {
  try {
    utimesSync(path, new Date(), new Date());
    return true;
  } catch {
    return false;
  }
}

/** Touches the file, which reaches a file server; only checking its existence might be answered from a local cache. */
const exists = (path: string): boolean => touch(path) || existsSync(path);

function touchedAt(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    // Removed in the meantime.
    return 0;
  }
}

function timedOut(folder: string, ticket: string, timeoutMs: number): PersistenceError {
  return new PersistenceError(
    "lock_timeout",
    `Process ${pidOf(ticket) ?? "?"} has held the lock in ${folder} for more than ${timeoutMs / 1000} s: end that process, or try again.`,
  );
}

function pidOf(ticket: string): number | undefined {
  const [, , pid] = ticket.split(".")[2]?.split("-") ?? [];
  return Number(pid) || undefined;
}
