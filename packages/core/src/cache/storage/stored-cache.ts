import { observed } from "../../observer.js";
import { loadPartition } from "../memory/load-and-dump.js";
import { REMEMBERED_REMOVAL } from "../memory/age.js";
import type { Partition } from "../memory/partition.js";
import { partitionName, partitionNamed, type PartitionKey } from "../memory/partition-key.js";
import type { TokenMemory } from "../memory/token-memory.js";
import { groupPages } from "./group-pages.js";
import type { StoredCacheParts } from "./cache-parts.js";
import type { HeldTurn } from "./held-turn.js";
import {
  changeAgain,
  changeDocument,
  changePartition,
  requireMade,
  updateOf,
  type Made,
} from "./made-change.js";
import type { LoadedPartition, PartitionUpdate, UpdateOutcome } from "./token-store.js";
import { askStore, isPromise, isStoreFailure, storeFailure } from "./ask-store.js";
import { adoptPartition, takeLoaded } from "./take-loaded.js";
import { Unsaved, type PartitionChange, type UnsavedChanges } from "./unsaved.js";

/** How a partition is updated. */
interface HowToUpdate {
  readonly turn?: HeldTurn | undefined;
  readonly isLate?: boolean;
  /** What is changed in place of a partition that the store has lost. */
  readonly base?: Partition | undefined;
  /** The number of unsaved changes that are part of the change. */
  readonly saves?: number;
}

const BACKEND = { "tessera.cache.backend": "store" };

/** The cache in memory in front of a store. What is stored is authoritative, unless the store is unavailable. */
export class StoredCache {
  readonly #parts: StoredCacheParts;
  readonly #unsaved: Unsaved;
  /** Whether the store did not answer the last read, so that memory may lack what is stored. */
  isAway = false;

  constructor(parts: StoredCacheParts) {
    this.#parts = parts;
    this.#unsaved = new Unsaved((unsaved) => this.#save(unsaved), parts.warn);
  }

  /** Returns the numbers of changes that are not saved. */
  unsaved(): { readonly unsaved: number; readonly discarded: number } {
    return { unsaved: this.#unsaved.count, discarded: this.#unsaved.discarded };
  }

  /** Reads a partition as it is stored; synchronously if the store says synchronously that it is unchanged. */
  read<T>(key: PartitionKey, look: (memory: TokenMemory) => T): T | Promise<T> {
    const { memory } = this.#parts;
    const held = memory.partitions.peek(key)?.stored;
    const name = held?.name ?? partitionName(key);
    if (this.#unsaved.has(name)) return this.#readSaved(key, name, look);
    const loaded = this.#load(name, held?.version);
    if (isPromise(loaded)) return this.#readLater(key, loaded, look);
    if (loaded === "unchanged") this.isAway = false;
    else this.#take(key, name, loaded);
    return look(memory);
  }

  /** Whether a partition in memory is known, without asking for it, to be the stored one. */
  isCurrent(key: PartitionKey): boolean {
    const { memory, store } = this.#parts;
    const held = store.isCurrent && memory.partitions.peek(key)?.stored;
    return !!held && store.isCurrent?.(held.name, held.version) === true && !this.#unsaved.has(held.name);
  }

  /** Changes one partition in both the store and memory; in memory only while the store is unavailable. */
  async write<T>(key: PartitionKey, change: PartitionChange<T>, turn?: HeldTurn): Promise<T> {
    const name = partitionName(key);
    const isAvailable = !this.#unsaved.has(name) || (await this.#unsaved.settle(name));
    if (isAvailable) {
      try {
        const made = await this.#update(key, change, { turn });
        if (made !== "unavailable") return made.result;
      } catch (error) {
        // A grant has been used for it in the turn: it is made again later.
        if (turn?.partition === name && isStoreFailure(error)) this.#keep(key, name, change);
        throw error;
      }
    }
    return this.#keep(key, name, change);
  }

  /**
   * Changes every partition of a group.
   *
   * @param change called with a memory that holds one partition
   */
  async writeGroup(group: string, change: PartitionChange<void>): Promise<void> {
    if (await this.#changeGroup(group, change, false)) return;
    this.#unsaved.add(`group ${group}`, change, { of: group, base: undefined, since: this.#parts.now() });
  }

  /** See {@link groupPages}. */
  pages(group: string): ReturnType<typeof groupPages> {
    return groupPages(this.#parts, group);
  }

  /** Returns a memory with one stored partition; with unreadable content, what is in memory counts. */
  loaded(key: PartitionKey, text: string): TokenMemory {
    const document = this.#parts.parse(text);
    if (!document) return this.#parts.memory;
    const scratch = this.#parts.memory.scratch();
    loadPartition(scratch, key, document);
    return scratch;
  }

  /** Saves what the store has not taken, then reads; if it cannot be saved, memory counts. */
  async #readSaved<T>(key: PartitionKey, name: string, look: (memory: TokenMemory) => T): Promise<T> {
    if (await this.#unsaved.settle(name)) return this.read(key, look);
    // This process has made the last change itself.
    this.isAway = false;
    return look(this.#parts.memory);
  }

  #load(name: string, held: string | undefined): LoadedPartition | Promise<LoadedPartition> {
    const { store, warn } = this.#parts;
    try {
      return store.load(name, held);
    } catch (error) {
      throw storeFailure("load", error, warn);
    }
  }

  async #readLater<T>(
    key: PartitionKey,
    loading: Promise<LoadedPartition>,
    look: (memory: TokenMemory) => T,
  ): Promise<T> {
    const { memory, store, warn, observer } = this.#parts;
    const name = partitionName(key);
    const held = memory.partitions.peek(key)?.stored?.version;
    const load = (): Promise<LoadedPartition> => observed(observer?.(), "cache_load", BACKEND, () => loading);
    let loaded = await askStore("load", warn, load);
    // In the meantime, the partition may have been evicted or replaced.
    if (loaded === "unchanged" && memory.partitions.peek(key)?.stored?.version !== held)
      loaded = await askStore("load", warn, () => store.load(name));
    this.#take(key, name, loaded);
    return look(memory);
  }

  /** Puts what was loaded in the place of what is in memory. */
  #take(key: PartitionKey, name: string, loaded: LoadedPartition): void {
    const { memory } = this.#parts;
    this.isAway = loaded === "unavailable";
    if (loaded === "unavailable") return;
    if (this.#unsaved.count > 0) void this.#unsaved.flush();
    // What came while it was loaded is newer.
    if (loaded === "unchanged" || this.#unsaved.has(name)) return;
    if (loaded === "absent") {
      if (memory.partitions.peek(key)) memory.put(key, undefined);
      return;
    }
    takeLoaded({ ...this.#parts, unsaved: this.#unsaved }, key, name, loaded);
  }

  /** Makes a change to what is stored, then in memory. */
  async #update<T>(
    key: PartitionKey,
    change: PartitionChange<T>,
    how: HowToUpdate,
  ): Promise<Made<T> | "unavailable"> {
    const { memory, store, parse, observer } = this.#parts;
    const { turn, isLate = false, base } = how;
    const name = partitionName(key);
    let made: Made<T> | undefined;
    let thrown: { readonly error: unknown } | undefined;
    const make = (current: string | undefined): PartitionUpdate => {
      made = undefined;
      try {
        const document = parse(current ?? "");
        const changed = (scratch: TokenMemory): T => change(scratch, isLate);
        // Unreadable content is not overwritten; the tokens are kept in memory only.
        if (!document) made = changePartition(memory, key, memory.partitions.peek(key), changed);
        else if (current === undefined && base) {
          made = changePartition(memory, key, base, changed);
          return updateOf(made.scratch, key);
        } else made = changeDocument(memory, key, document, changed);
        return made.update;
      } catch (error) {
        thrown = { error };
        throw error;
      }
    };
    let outcome: UpdateOutcome;
    try {
      const held = turn?.partition === name ? turn.turn : undefined;
      const save = (): Promise<UpdateOutcome> => store.update(name, make, held);
      outcome = await observed(observer?.(), "cache_save", BACKEND, save);
    } catch (error) {
      throw thrown ? thrown.error : storeFailure("update", error, this.#parts.warn);
    }
    if (outcome === "unavailable") return outcome;
    if (outcome === "fenced") return this.#update(key, change, { isLate: true });
    const done = requireMade(made);
    // What was not saved in the meantime must not be missing in memory.
    const later = this.#unsaved.changesOf(name).slice(how.saves ?? 0);
    for (const another of later) changeAgain(another, done.scratch, this.#parts.warn);
    const partition = adoptPartition(memory, key, done.scratch);
    if (partition && outcome.version !== undefined && later.length === 0)
      partition.stored = { name, version: outcome.version };
    return done;
  }

  /** Makes a change in memory, and again in the store when that is available. */
  #keep<T>(key: PartitionKey, name: string, change: PartitionChange<T>): T {
    const { memory, now } = this.#parts;
    const base = memory.partitions.peek(key);
    const { result, scratch } = changePartition(memory, key, base, (held) => change(held, false));
    adoptPartition(memory, key, scratch);
    this.#unsaved.add(name, change, { of: key, base, since: now() });
    return result;
  }

  /** Makes changes again. Returns whether the store has taken them. */
  async #save({ of, base, since, changes }: UnsavedChanges): Promise<boolean> {
    const all = [...changes];
    const again = (scratch: TokenMemory): void => {
      for (const change of all) changeAgain(change, scratch, this.#parts.warn);
    };
    if (typeof of === "string") return this.#changeGroup(of, again, true);
    // Whether a user who is no longer stored has been removed is known for a while only.
    const isKnown = this.#parts.now() - since < REMEMBERED_REMOVAL * 1000;
    const how = { isLate: true, base: isKnown ? base : undefined, saves: all.length };
    return (await this.#update(of, again, how)) !== "unavailable";
  }

  /** Changes each partition of a group. Returns whether the store has taken all changes. */
  async #changeGroup(group: string, change: PartitionChange<void>, isLate: boolean): Promise<boolean> {
    for await (const page of this.pages(group)) {
      if (page === "unavailable") return false;
      const outcomes = page.map(({ partition }) =>
        this.#update(partitionNamed(partition), change, { isLate }),
      );
      if ((await Promise.all(outcomes)).includes("unavailable")) return false;
    }
    return true;
  }
}
