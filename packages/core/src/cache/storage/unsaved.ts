import type { PartitionKey } from "../memory/partition-key.js";
import type { Partition } from "../memory/partition.js";
import type { TokenMemory } from "../memory/token-memory.js";

/**
 * Changes one partition. Called with a memory that holds nothing else; called again with newer content if need be.
 *
 * @param isLate whether the change was made before, to content that is no longer the newest
 */
export type PartitionChange<T> = (memory: TokenMemory, isLate: boolean) => T;

/** A change of one partition; `onlyInStore` if it is of no use where the whole cache is in memory. */
export interface Change {
  readonly key: PartitionKey;
  readonly change: PartitionChange<void>;
  readonly onlyInStore?: boolean;
}

/** The changes of a partition, or of a group, that a store has not taken yet. */
export interface UnsavedChanges {
  /** The partition, or the group. */
  readonly of: PartitionKey | string;
  /** The partition before the first change. */
  readonly base: Partition | undefined;
  /** When the first change was made, in milliseconds since the epoch. */
  readonly since: number;
  /** Oldest first. */
  readonly changes: PartitionChange<unknown>[];
  /** The attempt to save them that is under way: whether all are saved. */
  saving: Promise<boolean> | undefined;
}

/** Maximum number of changes that are kept. */
const MOST_CHANGES = 10_000;

/** Milliseconds between attempts to save what is kept: at first, and at most. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [1000, 30_000];

/**
 * Keeps the changes that a store has not taken because it is unavailable, and has them saved later. The oldest are discarded
 * when there are too many, those of users last: a lost refresh token signs the user out.
 */
export class Unsaved {
  readonly #users = new Map<string, UnsavedChanges>();
  readonly #others = new Map<string, UnsavedChanges>();
  readonly #save: (unsaved: UnsavedChanges) => Promise<boolean>;
  readonly #warn: (message: string) => void;
  #count = 0;
  #discarded = 0;
  #timer: NodeJS.Timeout | undefined;
  #pause = FIRST_PAUSE_MS;
  #flushing: Promise<void> | undefined;

  /** @param save makes changes again, and returns whether the store has taken them */
  constructor(save: (unsaved: UnsavedChanges) => Promise<boolean>, warn: (message: string) => void) {
    this.#save = save;
    this.#warn = warn;
  }

  /** The number of changes that are kept. */
  get count(): number {
    return this.#count;
  }

  /** The number of changes that were discarded because there were too many. */
  get discarded(): number {
    return this.#discarded;
  }

  has(name: string): boolean {
    return this.#count > 0 && (this.#users.has(name) || this.#others.has(name));
  }

  /** Returns the changes of a name. */
  changesOf(name: string): readonly PartitionChange<unknown>[] {
    return this.#count > 0 ? ((this.#users.get(name) ?? this.#others.get(name))?.changes ?? []) : [];
  }

  /** Keeps a change. */
  add(
    name: string,
    change: PartitionChange<unknown>,
    first: Omit<UnsavedChanges, "changes" | "saving">,
  ): void {
    const map = typeof first.of === "object" && first.of.kind === "user" ? this.#users : this.#others;
    const known = map.get(name);
    if (known) known.changes.push(change);
    else map.set(name, { ...first, changes: [change], saving: undefined });
    this.#count += 1;
    if (this.#count > MOST_CHANGES) this.#discardOldest();
    this.#schedule();
  }

  /** Saves the changes of a name. Returns whether none is left. */
  async settle(name: string): Promise<boolean> {
    const map = this.#users.has(name) ? this.#users : this.#others;
    const unsaved = map.get(name);
    if (!unsaved) return true;
    unsaved.saving ??= this.#settle(name, unsaved, map).finally(() => {
      unsaved.saving = undefined;
    });
    return unsaved.saving;
  }

  /** Saves everything, now that the store has answered. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #settle(name: string, unsaved: UnsavedChanges, map: Map<string, UnsavedChanges>): Promise<boolean> {
    for (;;) {
      const { length } = unsaved.changes;
      if (!(await this.#save(unsaved))) return false;
      // Others may have come in the meantime.
      this.#count -= unsaved.changes.splice(0, length).length;
      if (unsaved.changes.length > 0) continue;
      if (map.get(name) === unsaved) map.delete(name);
      return true;
    }
  }

  async #flush(): Promise<void> {
    for (const name of [...this.#users.keys(), ...this.#others.keys()]) {
      try {
        if (!(await this.settle(name))) return;
      } catch {
        // The store has thrown, which has been logged. The change is made again later.
      }
    }
    this.#pause = FIRST_PAUSE_MS;
  }

  /** Tries again later, as long as anything is kept. The timer keeps no process alive. */
  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
      void this.flush().finally(() => {
        this.#timer = undefined;
        if (this.#count > 0) this.#schedule();
      });
    }, this.#pause).unref();
  }

  #discardOldest(): void {
    const map = this.#others.size > 0 ? this.#others : this.#users;
    for (const [name, { changes }] of map) {
      map.delete(name);
      const { length } = changes.splice(0);
      this.#count -= length;
      this.#discarded += length;
      break;
    }
    if (this.#discarded === 1)
      this.#warn("The store has been unavailable for so long that the oldest changes are discarded.");
  }
}
