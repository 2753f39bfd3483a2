import type { Turn, WorkInTurn } from "@tessera/core/internal";
import { Lease, type LeaseParts } from "./lease.js";
import type { Counters } from "./stats.js";

/** The dependencies of {@link Turns}. */
export interface TurnParts {
  readonly lease: LeaseParts;
  readonly counters: Counters;
  /** The key of a turn's lease: in the same slot as the partition of that name. */
  readonly turnKey: (name: string) => string;
  /** The key of the partition of that name, if it is one. */
  readonly dataKey: (name: string) => string;
  /** Calls back when a key has changed; returns a function that ends that. */
  readonly onChange: (keys: readonly string[], callback: () => void) => () => void;
  /** Whether changes are heard of; otherwise they are looked for. */
  readonly isHeard: () => boolean;
  /** Drops what is known without a round trip about the partition of a turn. */
  readonly forget: (name: string) => void;
  readonly random: () => number;
}

/** Polling intervals: without messages, and in case a message is lost. */
const POLL_MS = { unheard: 100, heard: 1_000 };

/** A turn with a lease. */
interface Held {
  readonly name: string;
  readonly lease: Lease;
  /** Whether its work has ended. */
  isOver: boolean;
}

const held = new WeakMap<Turn, Held>();

/**
 * Returns the token that an update with a turn is compared by, or an empty string if there is none to compare: the turn is
 * another partition's, or the server was away when it began.
 */
export function fenceOf(turn: Turn | undefined, partition: string): string {
  const found = turn && held.get(turn);
  return found?.name === partition ? found.lease.token : "";
}

/** Runs work of the same name one after the other, in all processes. */
export class Turns {
  readonly #parts: TurnParts;
  readonly #releases = new Set<Promise<void>>();
  /** Turns whose change is still to be stored, by name. */
  readonly #unsaved = new Map<string, Held>();
  #isClosed = false;

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  async run<T>(name: string, work: WorkInTurn<T>, signal: AbortSignal | undefined): Promise<T> {
    const { lease: leaseParts, counters, turnKey, forget } = this.#parts;
    const key = turnKey(name);
    let hasWaited = false;
    for (;;) {
      signal?.throwIfAborted();
      // From before the lease is asked for, so that no change falls in between.
      const change = this.#nextChange([key, this.#parts.dataKey(name)], signal);
      try {
        const taken = this.#isClosed ? "unavailable" : await Lease.take(key, leaseParts);
        // What another process has just stored may be on its way here, so the work must ask the server.
        forget(name);
        if (taken === "unavailable")
          return await work.run(this.#isClosed ? FREE : unguarded(key, leaseParts));
        if (typeof taken === "object") return await this.#hold(name, taken, work);
        if (!hasWaited) counters.turnsWaited += 1;
        hasWaited = true;
        await change.within(taken);
      } finally {
        change.end();
      }
      forget(name);
      const found = await work.found();
      if (found !== undefined) return found;
    }
  }

  /**
   * Notes whether a change was stored. The lease of a turn is kept while its change is not, at most for its term: the stored
   * refresh token may have been sent, and others would send it again.
   */
  changed(partition: string, turn: Turn | undefined, isStored: boolean): void {
    if (!isStored) {
      const own = turn && held.get(turn);
      if (own?.name === partition) this.#unsaved.set(partition, own);
      return;
    }
    const kept = this.#unsaved.get(partition);
    this.#unsaved.delete(partition);
    if (kept?.isOver) this.#release(kept.lease);
  }

  /** Waits until what was held is given back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#releases);
  }

  async #hold<T>(name: string, lease: Lease, work: WorkInTurn<T>): Promise<T> {
    this.#parts.counters.turnsTaken += 1;
    const turn: Turn = { holds: async () => lease.holds() };
    const own: Held = { name, lease, isOver: false };
    held.set(turn, own);
    try {
      return await work.run(turn);
    } finally {
      own.isOver = true;
      const isUnsaved = (): boolean => this.#unsaved.get(name) === own;
      if (isUnsaved()) lease.lapse(() => isUnsaved() && this.#unsaved.delete(name));
      else this.#release(lease);
    }
  }

  /** Its caller does not have to wait for that. */
  #release(lease: Lease): void {
    const release = lease.release();
    this.#releases.add(release);
    void release.finally(() => this.#releases.delete(release));
  }

  #nextChange(keys: readonly string[], signal: AbortSignal | undefined): Change {
    const { onChange, isHeard, random } = this.#parts;
    let hasChanged = false;
    let wake = (): void => undefined;
    const end = onChange(keys, () => {
      hasChanged = true;
      wake();
    });
    return {
      end,
      within: async (leftMs) => {
        const poll = (isHeard() ? POLL_MS.heard : POLL_MS.unheard) * (0.5 + random());
        const waitMs = Math.min(poll, leftMs + 5 * random());
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(() => wake(), waitMs);
          const leave = (): void => {
            clearTimeout(timer);
            reject(signal?.reason as Error);
          };
          wake = () => {
            clearTimeout(timer);
            signal?.removeEventListener("abort", leave);
            resolve();
          };
          signal?.addEventListener("abort", leave, { once: true });
          if (signal?.aborted) leave();
          else if (hasChanged) wake();
        });
      },
    };
  }
}

/** One wait for a change. */
interface Change {
  /** Resolves on the change, or after a while without one; rejects when the caller leaves. */
  within(leftMs: number): Promise<void>;
  end(): void;
}

/** The turn of a store that is closed. */
const FREE: Turn = { holds: async () => true };

/**
 * The turn of work that is done without a lease, because the server is away: nobody else can take it either. The turn is lost
 * when the server is back, because others may take the lease then, or have had it.
 */
function unguarded(key: string, parts: LeaseParts): Turn {
  return {
    holds: async () => {
      const taken = await Lease.take(key, parts);
      if (typeof taken === "object") await taken.release();
      return taken === "unavailable";
    },
  };
}
