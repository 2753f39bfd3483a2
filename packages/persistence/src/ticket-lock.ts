import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PersistenceError, storageFailed, systemCode } from "./errors.js";
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
  const begin = performance.now();
  let ticket = takeTicket(folder, name);
  const heartbeat = setInterval(() => {
    touch(join(folder, ticket));
  }, HEARTBEAT_MS).unref();
  const release = (): void => {
    clearInterval(heartbeat);
    removeTicket(folder, ticket);
  };
  try {
    const isAbandoned = watchTicket(folder);
    let place = { ahead: 0, since: begin };
    for (;;) {
      const tickets = listTickets(folder, name);
      // Who stood still for long may find that its ticket was taken for abandoned.
      if (!tickets.includes(ticket)) {
        ticket = takeTicket(folder, name);
        continue;
      }
      const ahead = tickets.filter((other) => other < ticket).sort();
      const [first] = ahead;
      if (first === undefined) return { isHeld: () => existsSync(join(folder, ticket)), release };
      if (isAbandoned(first)) {
        removeTicket(folder, first);
        continue;
      }
      const now = performance.now();
      if (now - begin > timeoutMs) throw timedOut(folder, first, timeoutMs);
      if (ahead.length !== place.ahead) place = { ahead: ahead.length, since: now };
      // The next in line looks often, the others seldom, and everybody less often while nothing moves.
      await delay(Math.min(50, Math.max(2 * ahead.length - 1, (now - place.since) / 16)), undefined, {
        signal,
      });
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
    const last = Math.max(0, ...listTickets(folder, name).map((ticket) => Number(ticket.split(".")[1])));
    const number = String(last + 1).padStart(12, "0");
    const ticket = `${name}.${number}.${ownIdentity()}.${randomBytes(4).toString("hex")}`;
    create(folder, ticket);
    const tickets = listTickets(folder, name);
    if (tickets.includes(ticket) && !tickets.some((other) => other > ticket)) return ticket;
    removeTicket(folder, ticket);
  }
}

/** Tells of a ticket, looked at again and again, whether its owner is gone. */
function watchTicket(folder: string): (ticket: string) => boolean {
  let watched = { ticket: "", touched: 0, since: 0 };
  return (ticket) => {
    const touched = statSync(join(folder, ticket), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (liveness(ticket.split(".")[2] ?? "", touched) === "gone") return true;
    // By the watcher's own clock: clocks of two hosts differ, and after a sleep every ticket looks old.
    const now = performance.now();
    if (watched.ticket !== ticket || watched.touched !== touched) watched = { ticket, touched, since: now };
    return now - watched.since > ABANDONED_MS;
  };
}

function listTickets(folder: string, name: string): readonly string[] {
  try {
    return readdirSync(folder).filter((entry) => entry.startsWith(`${name}.`));
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
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      closeSync(openSync(path, "wx", 0o600));
    }
  } catch (error) {
    throw storageFailed(`The token cache cannot be locked in ${folder}`, error);
  }
}

function removeTicket(folder: string, ticket: string): void {
  try {
    unlinkSync(join(folder, ticket));
  } catch {
    // Somebody else did; or it cannot be removed now, and is abandoned soon.
  }
}

function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // It was taken for abandoned: `isHeld` says so.
  }
}

function timedOut(folder: string, ticket: string, timeoutMs: number): PersistenceError {
  const [, , pid] = ticket.split(".")[2]?.split("-") ?? [];
  return new PersistenceError(
    "lock_timeout",
    `Process ${pid ?? "?"} holds the lock in ${folder} for more than ${timeoutMs / 1000} s: end it, or try again.`,
  );
}
