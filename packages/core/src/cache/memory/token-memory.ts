import { systemClock, type Clock } from "../../clock.js";
import { AccountIndex } from "./account-index.js";
import type { CacheDocument } from "../schema/document.js";
import { appMetadataKey } from "../schema/keys.js";
import type { Entry } from "./entry.js";
import type { Partition } from "./partition.js";
import { PARTITION_KINDS, partitionName, type PartitionKey } from "./partition-key.js";
import { Partitions } from "./partitions.js";
import type { AppMetadataEntity } from "../schema/schema.js";

/** Limits of a cache in memory. */
export interface CacheLimits {
  /** Maximum number of partitions of each kind (users, apps, assertions); see {@link Partitions}. */
  readonly maxPartitions: number;
  readonly clock: Clock;
  /** Called when a user with a refresh token is evicted. */
  readonly onForget: (key: PartitionKey) => void;
}

const NO_LIMITS: CacheLimits = {
  maxPartitions: Number.MAX_SAFE_INTEGER,
  clock: systemClock,
  onForget: () => undefined,
};

/** Commits or rolls back the changes since it was created. */
export interface Checkpoint {
  commit(): void;
  rollBack(): void;
}

/** Statistics of a cache. */
export interface CacheStats {
  /** Number of users, apps per tenant, and on-behalf-of assertions with tokens in memory. */
  readonly partitions: { readonly users: number; readonly apps: number; readonly assertions: number };
  /** Number of tokens in memory, of all kinds. */
  readonly tokens: number;
  /** Number of cache hits: calls that found an access token. */
  readonly hits: number;
  /** Number of cache misses: calls that found no access token, or none that is still fresh. */
  readonly misses: number;
  /** Number of evicted partitions. */
  readonly evictions: number;
  /** Number of changes that the store has not taken yet because it is unavailable. They are made again later. */
  readonly unsaved?: number;
  /** Number of such changes that were discarded because there were too many. */
  readonly discarded?: number;
}

/** The content of the cache, which can be replaced as a whole. */
export interface CacheState {
  readonly partitions: Partitions;
  /** Replaced on change, never modified. */
  appMetadata: ReadonlyMap<string, Entry<"AppMetadata">>;
  /** Unknown sections and entities, preserved as is. */
  readonly foreign: CacheDocument;
  /** Built when a user is first searched for by name. */
  index: AccountIndex | undefined;
}

interface Journaled {
  readonly key: PartitionKey;
  readonly partition: Partition | undefined;
}

/** The tokens in memory. All changes go through this class, so that they are counted and can be rolled back. */
export class TokenMemory {
  readonly #limits: CacheLimits;
  #state: CacheState;
  #journal: Map<string, Journaled> | undefined;
  #revision = 0;
  #hits = 0;
  #misses = 0;

  constructor(limits = NO_LIMITS) {
    this.#limits = limits;
    this.#state = this.emptyState();
  }

  get state(): CacheState {
    return this.#state;
  }

  get partitions(): Partitions {
    return this.#state.partitions;
  }

  /** Incremented with every change: equal revisions mean equal content. */
  get revision(): number {
    return this.#revision;
  }

  /** Returns the time in milliseconds since the epoch. */
  now(): number {
    return this.#limits.clock.now();
  }

  /** Returns a memory for a copy of a single partition, to change it apart from this one. */
  scratch(): TokenMemory {
    const scratch = new TokenMemory({ ...NO_LIMITS, clock: this.#limits.clock });
    scratch.state.appMetadata = this.#state.appMetadata;
    return scratch;
  }

  /** Takes over a partition that was changed apart, with the metadata of its apps. */
  adopt(key: PartitionKey, scratch: TokenMemory): Partition | undefined {
    for (const [name, entry] of scratch.state.appMetadata)
      if (this.#state.appMetadata.get(name) !== entry) this.addAppMetadata(entry);
    const partition = scratch.partitions.peek(key);
    this.put(key, partition);
    return partition;
  }

  /** Returns the state of an empty cache. */
  emptyState(): CacheState {
    const { maxPartitions: max, clock } = this.#limits;
    const onUserDropped = (key: PartitionKey, partition: Partition): void => {
      for (const account of partition.all("Account")) state.index?.remove(key, account);
      if (partition.find("RefreshToken", ({ entity }) => !entity.on_behalf_of)) this.#limits.onForget(key);
    };
    const state: CacheState = {
      partitions: new Partitions({ max, clock, onUserDropped }),
      appMetadata: new Map(),
      foreign: {},
      index: undefined,
    };
    return state;
  }

  /** Replaces the state with one that was changed separately. */
  replace(state: CacheState): void {
    // A state that is replaced as a whole is also restored as a whole.
    if (state !== this.#state) this.#journal = undefined;
    this.#state = state;
    this.#revision += 1;
  }

  /** Sets a partition; `undefined` removes it. */
  put(key: PartitionKey, partition: Partition | undefined): void {
    const { partitions, index } = this.#state;
    const before = partitions.get(key);
    const name = this.#journal && partitionName(key);
    if (name && !this.#journal?.has(name)) this.#journal?.set(name, { key, partition: before });
    // An assertion's partition also holds its user, but the index refers to the user's own partition.
    if (index && key.kind === "user") {
      for (const account of before?.all("Account") ?? []) index.remove(key, account);
      for (const account of partition?.all("Account") ?? []) index.add(key, account);
    }
    partitions.set(key, partition);
    this.#revision += 1;
  }

  /** Removes all matching entries from a partition. */
  remove(key: PartitionKey, fits: (entry: Entry) => boolean): void {
    const partition = this.partitions.get(key)?.copy();
    if (!partition?.remove(fits)) return;
    // If all remaining tokens of an app or an assertion have expired, the partition would never be removed later.
    const isOver = key.kind !== "user" && partition.lastExpiry() * 1000 <= this.now();
    this.put(key, isOver ? undefined : partition);
  }

  /**
   * Replaces entries under other hosts of the cloud: MSAL Node fails for an app with entries under two hosts, which
   * two libraries can leave behind.
   */
  replaceAppMetadata(entity: AppMetadataEntity, environments: ReadonlySet<string>): void {
    const others = [...this.#state.appMetadata].filter(
      ([, known]) =>
        known.entity.client_id !== entity.client_id || !environments.has(known.entity.environment),
    );
    this.#state.appMetadata = new Map(others);
    this.addAppMetadata({ section: "AppMetadata", key: appMetadataKey(entity), entity });
  }

  /** Adds an app's metadata. */
  addAppMetadata(entry: Entry<"AppMetadata">): void {
    this.#state.appMetadata = new Map(this.#state.appMetadata).set(entry.key, entry);
    this.#revision += 1;
  }

  /** Returns the index of users by their ids and names. */
  accountIndex(): AccountIndex {
    const state = this.#state;
    if (!state.index) {
      state.index = new AccountIndex();
      for (const [key, partition] of state.partitions.entries("user")) {
        for (const account of partition.all("Account")) state.index.add(key, account);
      }
    }
    return state.index;
  }

  /** Counts a call that looked for an access token. */
  countLookup(isHit: boolean): void {
    if (isHit) this.#hits += 1;
    else this.#misses += 1;
  }

  /** Returns statistics. Visits every partition. */
  stats(): CacheStats {
    const { partitions } = this.#state;
    let tokens = 0;
    for (const kind of PARTITION_KINDS) {
      for (const partition of partitions.all(kind)) tokens += partition.tokens();
    }
    return {
      partitions: {
        users: partitions.count("user"),
        apps: partitions.count("app"),
        assertions: partitions.count("assertion"),
      },
      tokens,
      hits: this.#hits,
      misses: this.#misses,
      evictions: partitions.evictions,
    };
  }

  /** Starts recording changes, to commit or roll them back together. */
  checkpoint(): Checkpoint {
    const state = this.#state;
    const { appMetadata } = state;
    const journal = new Map<string, Journaled>();
    this.#journal = journal;
    return {
      commit: () => {
        this.#journal = undefined;
      },
      rollBack: () => {
        this.#journal = undefined;
        this.#state = state;
        state.appMetadata = appMetadata;
        for (const { key, partition } of journal.values()) this.put(key, partition);
        this.#revision += 1;
      },
    };
  }
}
