import { clientAuthError, isAuthError } from "../../errors/errors.js";
import { errorName } from "../../errors/error-name.js";
import { observed, type Observer } from "../../observer.js";
import { loadPartition, partitionDocument } from "../memory/load-and-dump.js";
import { partitionName, partitionNamed, type PartitionKey } from "../memory/partition-key.js";
import type { TokenMemory } from "../memory/token-memory.js";
import type { CacheDocument } from "../schema/document.js";
import { groupOf, lifetimeOf } from "./stored-partition.js";
import type {
  LoadedPartition,
  PartitionUpdate,
  StoredPartition,
  TokenStore,
  UpdateOutcome,
  WorkInTurn,
} from "./token-store.js";
import type { HeldTurn } from "./held-turn.js";

/** Dependencies of {@link StoredCache}. */
export interface StoredCacheParts {
  readonly store: TokenStore;
  readonly memory: TokenMemory;
  /** Parses a document. Returns `undefined` for an unreadable one that must be left unchanged. */
  readonly parse: (text: string) => CacheDocument | undefined;
  readonly warn: (message: string) => void;
  readonly observer?: (() => Observer | undefined) | undefined;
}

/** Changes one partition. Called with a memory that holds nothing else; called again with newer content if need be. */
export type PartitionChange<T> = (memory: TokenMemory) => T;

/** A change as it was made to the content of a partition. */
interface Made<T> {
  readonly result: T;
  readonly scratch: TokenMemory;
  readonly isReadable: boolean;
}

const BACKEND = { "tessera.cache.backend": "store" };

/** The cache in memory in front of a store. What is stored is authoritative, unless the store is unavailable. */
export class StoredCache {
  readonly #parts: StoredCacheParts;

  constructor(parts: StoredCacheParts) {
    this.#parts = parts;
  }

  /** Reads a partition as it is stored; synchronously if the store says so that it is unchanged. */
  read<T>(key: PartitionKey, look: (memory: TokenMemory) => T): T | Promise<T> {
    const { memory } = this.#parts;
    const held = memory.partitions.peek(key)?.stored;
    const name = held?.name ?? partitionName(key);
    const loaded = this.#load(name, held?.version);
    if (loaded === "unchanged") return look(memory);
    if (!isPromise(loaded)) {
      this.#take(key, name, loaded);
      return look(memory);
    }
    const load = (): Promise<void> => this.#readLater(key, loaded);
    return observed(this.#parts.observer?.(), "cache_load", BACKEND, load).then(() => look(memory));
  }

  /** Changes one partition in both the store and memory, or in neither. */
  async write<T>(key: PartitionKey, change: PartitionChange<T>, turn?: HeldTurn): Promise<T> {
    const { memory } = this.#parts;
    const name = partitionName(key);
    let made: Made<T> | undefined;
    let thrown: { readonly error: unknown } | undefined;
    const make = (current: string | undefined): PartitionUpdate => {
      made = undefined;
      try {
        made = this.#make(key, current, change);
        return updateOf(key, made);
      } catch (error) {
        thrown = { error };
        throw error;
      }
    };
    let outcome: UpdateOutcome;
    try {
      const held = turn?.partition === name ? turn.turn : undefined;
      const save = (): Promise<UpdateOutcome> => this.#parts.store.update(name, make, held);
      outcome = await observed(this.#parts.observer?.(), "cache_save", BACKEND, save);
    } catch (error) {
      throw thrown ? thrown.error : this.#failed("update", error);
    }
    if (outcome === "fenced") return this.write(key, change);
    if (outcome === "unavailable") {
      made = this.#makeInMemory(key, change);
      memory.adopt(key, made.scratch);
      return made.result;
    }
    const { result, scratch, isReadable } = requireMade(made);
    const partition = memory.adopt(key, scratch);
    if (partition && isReadable && outcome.version !== undefined)
      partition.stored = { name, version: outcome.version };
    return result;
  }

  /** Changes every partition of a group, those that are in memory only included. */
  async writeGroup(group: string, change: (memory: TokenMemory, key: PartitionKey) => void): Promise<void> {
    for await (const page of this.pages(group)) {
      if (page === "unavailable") return;
      await Promise.all(
        page.map(async ({ partition }) => {
          const key = partitionNamed(partition);
          await this.write(key, (memory) => change(memory, key));
        }),
      );
    }
  }

  /** Reads the partitions of a group, a page at a time. */
  async *pages(
    group: string,
  ): AsyncIterable<readonly (StoredPartition & { readonly partition: string })[] | "unavailable"> {
    let cursor: string | undefined;
    do {
      let page;
      try {
        page = await this.#parts.store.list(group, cursor);
      } catch (error) {
        throw this.#failed("list", error);
      }
      if (page === "unavailable") {
        yield page;
        return;
      }
      yield page.partitions;
      ({ cursor } = page);
    } while (cursor !== undefined);
  }

  /** Returns a memory with one stored partition; with unreadable content, what is in memory counts. */
  loaded(key: PartitionKey, text: string): TokenMemory {
    const document = this.#parts.parse(text);
    if (!document) return this.#parts.memory;
    const scratch = this.#parts.memory.scratch();
    loadPartition(scratch, key, document);
    return scratch;
  }

  /** Runs work in a turn of a name. What the work throws reaches the caller unchanged. */
  async inTurn<T>(name: string, work: WorkInTurn<T>, signal: AbortSignal | undefined): Promise<T> {
    const thrown = new Set<unknown>();
    const noted = async <R>(step: () => Promise<R>): Promise<R> => {
      try {
        return await step();
      } catch (error) {
        thrown.add(error);
        throw error;
      }
    };
    try {
      return await this.#parts.store.inTurn(
        name,
        { found: () => noted(() => work.found()), run: (turn) => noted(() => work.run(turn)) },
        signal,
      );
    } catch (error) {
      throw thrown.has(error) || signal?.aborted ? error : this.#failed("inTurn", error);
    }
  }

  #load(name: string, held: string | undefined): LoadedPartition | Promise<LoadedPartition> {
    try {
      return this.#parts.store.load(name, held);
    } catch (error) {
      throw this.#failed("load", error);
    }
  }

  async #readLater(key: PartitionKey, loading: Promise<LoadedPartition>): Promise<void> {
    const { memory } = this.#parts;
    const name = partitionName(key);
    const held = memory.partitions.peek(key)?.stored?.version;
    try {
      let loaded = await loading;
      // In the meantime, the partition may have been evicted or replaced.
      if (loaded === "unchanged" && memory.partitions.peek(key)?.stored?.version !== held)
        loaded = await this.#parts.store.load(name);
      this.#take(key, name, loaded);
    } catch (error) {
      throw isAuthError(error) ? error : this.#failed("load", error);
    }
  }

  /** Puts what was loaded in the place of what is in memory. */
  #take(key: PartitionKey, name: string, loaded: LoadedPartition): void {
    const { memory, parse } = this.#parts;
    if (loaded === "unavailable" || loaded === "unchanged") return;
    if (loaded === "absent") {
      if (memory.partitions.peek(key)) memory.put(key, undefined);
      return;
    }
    const document = parse(loaded.document);
    // Unreadable content does not replace the cache in memory.
    if (!document) return;
    loadPartition(memory, key, document);
    const partition = memory.partitions.peek(key);
    if (partition) partition.stored = { name, version: loaded.version };
  }

  #make<T>(key: PartitionKey, current: string | undefined, change: PartitionChange<T>): Made<T> {
    const document = this.#parts.parse(current ?? "");
    // Unreadable content is not overwritten; the tokens are kept in memory only.
    if (!document) return this.#makeInMemory(key, change);
    const scratch = this.#parts.memory.scratch();
    loadPartition(scratch, key, document);
    return { result: change(scratch), scratch, isReadable: true };
  }

  #makeInMemory<T>(key: PartitionKey, change: PartitionChange<T>): Made<T> {
    const { memory } = this.#parts;
    const scratch = memory.scratch();
    scratch.put(key, memory.partitions.peek(key)?.copy());
    return { result: change(scratch), scratch, isReadable: false };
  }

  #failed(method: keyof TokenStore, cause: unknown): Error {
    this.#parts.warn(`cache.store.${method} failed: ${errorName(cause)}`);
    return clientAuthError("cache_store_failed", `cache.store.${method} failed: see the cause.`, {
      cause,
    });
  }
}

function updateOf<T>(key: PartitionKey, { scratch, isReadable }: Made<T>): PartitionUpdate {
  if (!isReadable) return "keep";
  const document = partitionDocument(scratch, key);
  const partition = scratch.partitions.peek(key);
  if (!document || !partition) return "remove";
  const timeToLive = lifetimeOf(partition, scratch.now() / 1000);
  return {
    document: JSON.stringify(document),
    group: groupOf(key, partition),
    ...(timeToLive === undefined ? {} : { timeToLive }),
  };
}

function requireMade<T>(made: Made<T> | undefined): Made<T> {
  if (made) return made;
  throw clientAuthError("cache_store_failed", "cache.store.update did not call its change.");
}

function isPromise<T extends object | string>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && "then" in value;
}
