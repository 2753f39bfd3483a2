import type { InvalidationMeans } from "./invalidation/invalidation.js";

/** What {@link RedisTokenStore.stats} returns: counted since the store was created, in this process. */
export interface RedisStoreStats {
  /** Whether the server answered when it was asked last. */
  readonly available: boolean;
  /** Since when that is so. */
  readonly since: Date;
  /** Partitions that were asked for. */
  readonly loads: number;
  /** Of these, the ones that needed no round trip. */
  readonly firstLevelHits: number;
  /** The ones that the server had. */
  readonly secondLevelHits: number;
  /** The ones that nobody had. */
  readonly misses: number;
  /** Changes that were stored. */
  readonly updates: number;
  /** Attempts to store a change that had to be repeated because another writer was first. */
  readonly conflicts: number;
  /** Changes that were refused because their turn had passed to another process. */
  readonly fenced: number;
  /** Turns to do something that only one process may do at a time. */
  readonly turns: {
    /** Work that was run. */
    readonly taken: number;
    /** Calls that waited for another process. */
    readonly waited: number;
    /** Turns that ended before their work did, because the process stood still for longer than the lease. */
    readonly lost: number;
  };
  /** How this process learns of changes by others. */
  readonly invalidatedBy: InvalidationMeans;
  /** Messages about changed partitions, and losses of all that was known. */
  readonly invalidations: number;
  /** Failed commands by kind. */
  readonly errors: Readonly<Record<string, number>>;
  /** Partitions whose last change is in the memory of this process only. */
  readonly unsaved: number;
}

/** Partitions that are remembered as unsaved at most. Beyond that the figure is a lower bound. */
const MAX_UNSAVED = 10_000;

/** What the parts of a store count. */
export class Counters {
  loads = 0;
  firstLevelHits = 0;
  secondLevelHits = 0;
  misses = 0;
  updates = 0;
  conflicts = 0;
  fenced = 0;
  turnsTaken = 0;
  turnsWaited = 0;
  turnsLost = 0;
  invalidations = 0;
  readonly #errors = new Map<string, number>();
  readonly #unsaved = new Set<string>();

  /** Counts a failed command. */
  countError(kind: string): void {
    this.#errors.set(kind, (this.#errors.get(kind) ?? 0) + 1);
  }

  /** Notes how a change of a partition ended. */
  saved(partition: string, isSaved: boolean): void {
    if (isSaved) this.#unsaved.delete(partition);
    else if (this.#unsaved.size < MAX_UNSAVED) this.#unsaved.add(partition);
  }

  /** The figures of now. */
  snapshot(now: Pick<RedisStoreStats, "available" | "since" | "invalidatedBy">): RedisStoreStats {
    const { available, since, invalidatedBy } = now;
    return {
      available,
      since,
      loads: this.loads,
      firstLevelHits: this.firstLevelHits,
      secondLevelHits: this.secondLevelHits,
      misses: this.misses,
      updates: this.updates,
      conflicts: this.conflicts,
      fenced: this.fenced,
      turns: { taken: this.turnsTaken, waited: this.turnsWaited, lost: this.turnsLost },
      invalidatedBy,
      invalidations: this.invalidations,
      errors: Object.fromEntries(this.#errors),
      unsaved: this.#unsaved.size,
    };
  }
}
