import { randomUUID } from "node:crypto";
import type { CommandOptions } from "./availability.js";
import { script, type Script } from "./connection/script.js";

/** Runs a script on the server that has the key; `"unavailable"` if there is no answer in time. */
export type RunScript = (
  script: Script,
  keys: readonly string[],
  parameters: readonly string[],
  options?: CommandOptions<number>,
) => Promise<number | "unavailable">;

/**
 * Takes the lease if nobody has it, else answers for how many milliseconds somebody does. A command that was sent again
 * finds its own token. A foreign value has no right to stay: it would never end.
 */
const TAKE = script(`local holder = redis.pcall('GET', KEYS[1])
local left = type(holder) == 'string' and holder ~= ARGV[1] and redis.call('PTTL', KEYS[1]) or -1
if left >= 0 then return math.max(1, left) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 0`);

/** Answers 1 if the lease is held, and then for a full term. */
const PROLONG = script(`if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`);

/** Gives the lease back, and tells those that wait and cannot track. */
const RELEASE = script(`if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[2] ~= '' then redis.pcall('PUBLISH', ARGV[2], KEYS[1]) end
return 1`);

/** The share of a term that a holder does without, because clocks do not run alike. */
const MARGIN = 0.1;

/** The dependencies of a lease. */
export interface LeaseParts {
  readonly run: RunScript;
  readonly leaseMs: number;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
  /** The channel for messages about the end of a lease, or an empty string. */
  readonly channel: () => string;
  /** Called once when a lease is lost. */
  readonly onLost: () => void;
}

/** The right to do something that only one process may do at a time; it ends by itself. */
export class Lease {
  /** Also the fence: an update with this lease compares it, in one step with the change. */
  readonly token: string;
  readonly #key: string;
  readonly #parts: LeaseParts;
  #until: number;
  #isLost = false;
  #lapses = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(key: string, token: string, askedAt: number, parts: LeaseParts) {
    this.#key = key;
    this.token = token;
    this.#parts = parts;
    this.#until = this.#end(askedAt);
    this.#prolongLater();
  }

  /** @returns the lease, or for how many milliseconds somebody else has it */
  static async take(key: string, parts: LeaseParts): Promise<Lease | number | "unavailable"> {
    const { run, leaseMs, now } = parts;
    const token = randomUUID();
    const askedAt = now();
    const left = await run(TAKE, [key], [token, String(leaseMs)], {
      // Its caller has gone on without it.
      onLate: (late) => {
        if (late === 0) void release(key, token, parts);
      },
    });
    if (left === "unavailable") return left;
    return left === 0 ? new Lease(key, token, askedAt, parts) : left;
  }

  /**
   * Whether the lease is still held. Asks the server, because a process that stood still does not know for how long; if
   * there is no answer, the own clock decides.
   */
  async holds(): Promise<boolean> {
    if (this.#isLost) return false;
    await this.#prolong();
    return !this.#isLost && this.#parts.now() < this.#until;
  }

  /** Gives the lease back. */
  async release(): Promise<void> {
    clearTimeout(this.#timer);
    const wasLost = this.#isLost;
    this.#isLost = true;
    if (wasLost) return;
    await release(this.#key, this.token, this.#parts);
  }

  /** Prolongs it no more, so that it ends by itself, and calls back then. */
  lapse(onEnd: () => unknown): void {
    this.#lapses = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onEnd, this.#parts.leaseMs).unref();
  }

  async #prolong(): Promise<void> {
    const { run, leaseMs, now } = this.#parts;
    const askedAt = now();
    const held = await run(PROLONG, [this.#key], [this.token, String(leaseMs)]).catch(() => "unavailable");
    if (held === "unavailable" || this.#isLost) return;
    if (held === 1) this.#until = Math.max(this.#until, this.#end(askedAt));
    else {
      this.#isLost = true;
      clearTimeout(this.#timer);
      this.#parts.onLost();
    }
  }

  #end(askedAt: number): number {
    return askedAt + this.#parts.leaseMs * (1 - MARGIN);
  }

  #prolongLater(): void {
    const prolong = async (): Promise<void> => {
      await this.#prolong();
      if (!this.#isLost && !this.#lapses) this.#prolongLater();
    };
    this.#timer = setTimeout(() => void prolong(), this.#parts.leaseMs / 3).unref();
  }
}

/** Others wait for as long as it is not given back, so that is tried whatever the server was like before. */
async function release(key: string, token: string, { run, channel }: LeaseParts): Promise<void> {
  await run(RELEASE, [key], [token, channel()], { isUrgent: true }).catch(() => undefined);
}
