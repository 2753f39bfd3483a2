import { closeSync, existsSync, openSync, readdirSync, statSync, unlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { delay } from "./delay.js";
import { PersistenceError, storageFailed, systemCode } from "./errors.js";
import { nodeCrypto } from "./node-crypto.js";
import { makeFolder } from "./private-folder.js";
import { liveness, ownIdentity } from "./process-identity.js";

/** A lock that this process holds. */
export interface HeldLock {
  /** False when others took it, because this process gave no sign of life for too long. */
  readonly isHeld: () => boolean;
  readonly release: () => void;
}

/** How long to wait for a lock. */
export interface LockWait {
  /** Lets the caller leave the queue. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; without it, as long as it takes. */
  readonly timeoutMs?: number;
}

/** How often a ticket is touched, in milliseconds. */
const HEARTBEAT_MS = 1000;

/** A ticket that was not touched while somebody watched it for this many milliseconds is abandoned. */
const ABANDONED_MS = 5000;

/**
 * The time between two looks counts as this many milliseconds at most: who slept, as a machine does, did not watch, and
 * whom it waits for may have slept as well.
 */
const LOOK_MS = 1000;

/** Nobody gets that far by taking tickets. */
const LAST_TICKET = 999_999_999_999;

/**
 * Acquires a lock that is shared by every process that can see a folder, first come, first served.
 *
 * Each process takes a ticket: an empty file whose name is a number, one more than the highest there, and its owner. Who
 * has the lowest ticket has the lock; to release it is to remove the ticket. A ticket whose process is gone counts no
 * more, and whoever finds it may remove it: no two tickets ever have the same name, so none can be mistaken for another.
 *
 * @param folder where tickets are kept; created when missing
 * @param name locks with different names are independent: letters, digits and hyphens
 * @throws PersistenceError `lock_timeout`, `storage_failed`; the reason of `signal` when it is aborted
 */
export async function acquireLock(folder: string, name: string, wait: LockWait = {}): Promise<HeldLock> {
  const { signal, timeoutMs = Infinity } = wait;
  signal?.throwIfAborted();
  let ticket = takeTicket(folder, name);
  const heartbeat = setInterval(() => {
    touch(join(folder, ticket));
  }, HEARTBEAT_MS).unref();
  const release = (): void => {
    clearInterval(heartbeat);
    removeSoon(join(folder, ticket));
  };
  try {
    const isAbandoned = watchTickets(folder);
    let looked = performance.now();
    let waited = 0;
    let place = { ahead: 0, since: 0 };
    for (;;) {
      const tickets = listTickets(folder, name);
      // Who stood still for long may find that its ticket was taken for abandoned.
      if (!tickets.includes(ticket)) {
        ticket = takeTicket(folder, name);
        continue;
      }
      const ahead = tickets.filter((other) => other < ticket).sort();
      const [first, ...others] = ahead;
      if (first === undefined) return { isHeld: () => isThere(join(folder, ticket)), release };
      const now = performance.now();
      waited += Math.min(now - looked, LOOK_MS);
      looked = now;
      if (isAbandoned(first, others, waited) && remove(join(folder, first))) continue;
      if (waited > timeoutMs) throw timedOut(folder, first, timeoutMs);
      if (ahead.length !== place.ahead) place = { ahead: ahead.length, since: waited };
      // The next in line looks often, the others seldom, and everybody less often while nothing moves.
      await delay(Math.min(50, Math.max(2 * ahead.length - 1, (waited - place.since) / 16)), signal);
    }
  } catch (error) {
    release();
    if (signal?.aborted) throw signal.reason;
    throw error;
  }
}

/**
 * Two processes may take tickets at the same time. Of two tickets the lower one counts only if its owner saw none above it
 * after it was there: then whoever takes a higher one sees it, too, and waits.
 */
function takeTicket(folder: string, name: string): string {
  for (;;) {
    const highest = [...listTickets(folder, name)].sort().at(-1) ?? "";
    const last = Number(highest.split(".")[1] ?? 0);
    if (last >= LAST_TICKET)
      throw new PersistenceError(
        "storage_failed",
        `${join(folder, highest)} has a number that no process of this app gave it: remove the file.`,
      );
    const number = String(last + 1).padStart(12, "0");
    const ticket = `${name}.${number}.${ownIdentity()}.${nodeCrypto().randomBytes(4).toString("hex")}`;
    create(folder, ticket);
    try {
      const tickets = listTickets(folder, name);
      if (tickets.includes(ticket) && !tickets.some((other) => other > ticket)) return ticket;
    } catch (error) {
      removeSoon(join(folder, ticket));
      throw error;
    }
    removeSoon(join(folder, ticket));
  }
}

/** Tells of the first ticket, looked at again and again, whether its owner is gone. */
function watchTickets(folder: string): (first: string, others: readonly string[], waited: number) => boolean {
  const signs = new Map<string, { readonly touched: number; readonly since: number }>();
  let lookAtOthers = LOOK_MS;
  return (first, others, waited) => {
    // By how long the watcher has waited: clocks of two hosts differ, and after a sleep every ticket looks old.
    const look = (ticket: string): { readonly touched: number; readonly since: number } => {
      const touched = touchedAt(join(folder, ticket));
      const before = signs.get(ticket);
      const sign = before?.touched === touched ? before : { touched, since: waited };
      signs.set(ticket, sign);
      return sign;
    };
    // Those that stand still together, as after Ctrl-Z, are given up together, and not one after the other.
    if (waited >= lookAtOthers) {
      lookAtOthers = waited + LOOK_MS;
      others.forEach(look);
    }
    const { touched, since } = look(first);
    return liveness(first.split(".")[2] ?? "", touched) === "gone" || waited - since > ABANDONED_MS;
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

/** @returns whether it is gone, by whomever */
function remove(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    return systemCode(error) === "ENOENT";
  }
}

/** On Windows a file cannot be removed while somebody, such as a virus scanner, has it open. */
function removeSoon(path: string, attempt = 1): void {
  if (remove(path) || attempt === 10) return;
  setTimeout(removeSoon, 10 * attempt, path, attempt + 1).unref();
}

function touch(path: string): boolean {
  try {
    utimesSync(path, new Date(), new Date());
    return true;
  } catch {
    return false;
  }
}

/** Touching asks the file server, where looking would ask this host's memory of it. */
const isThere = (path: string): boolean => touch(path) || existsSync(path);

function touchedAt(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    // It was removed since, or is being removed.
    return 0;
  }
}

function timedOut(folder: string, ticket: string, timeoutMs: number): PersistenceError {
  const [, , pid] = ticket.split(".")[2]?.split("-") ?? [];
  return new PersistenceError(
    "lock_timeout",
    `Process ${pid ?? "?"} holds the lock in ${folder} for more than ${timeoutMs / 1000} s: end it, or try again.`,
  );
}
