import { systemClock, type Clock } from "../../clock.js";
import { AccountIndex } from "./account-index.js";
import type { CacheDocument } from "../schema/document.js";
import { appMetadataKey } from "../schema/keys.js";
import type { Entry, Partition } from "./partition.js";
import { PARTITION_KINDS, partitionName, type PartitionKey } from "./partition-key.js";
import { Partitions } from "./partitions.js";
import type { AppMetadataEntity } from "../schema/schema.js";

/** How much a cache may hold. */
export interface CacheLimits {
  /** Most users, apps and assertions, each, kept in memory; see {@link Partitions}. */
  readonly maxPartitions: number;
  readonly clock: Clock;
  /** Told before a user is forgotten who still had a refresh token. */
  readonly onForget: (key: PartitionKey) => void;
}

const NO_LIMITS: CacheLimits = {
  maxPartitions: Number.MAX_SAFE_INTEGER,
  clock: systemClock,
  onForget: () => undefined,
};

/** Keeps or undoes the changes since it was made. */
export interface Checkpoint {
  commit(): void;
  rollBack(): void;
}

/** Figures of a cache. */
export interface CacheStats {
  /** Users, apps in tenants, and on-behalf-of assertions with tokens in memory. */
  readonly partitions: { readonly users: number; readonly apps: number; readonly assertions: number };
  /** Tokens in memory, of all kinds. */
  readonly tokens: number;
  /** Calls that looked for an access token and were answered with it. */
  readonly hits: number;
  /** Calls that looked for an access token and found none, or none that lives long enough. */
  readonly misses: number;
  /** Partitions that gave way to others because there were too many. */
  readonly evictions: number;
}

/** What can be replaced as a whole. */
export interface CacheState {
  readonly partitions: Partitions;
  /** Replaced, never changed. */
  appMetadata: ReadonlyMap<string, Entry<"AppMetadata">>;
  /** Sections and entities that are not understood. */
  readonly foreign: CacheDocument;
  /** Built when a user is first looked for by name. */
  index: AccountIndex | undefined;
}

interface Journaled {
  readonly key: PartitionKey;
  readonly partition: Partition | undefined;
}

/** The tokens in memory. Every change goes through here, so that it is counted and can be undone. */
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

  /** Grows with every change: equal revisions mean equal contents. */
  get revision(): number {
    return this.#revision;
  }

  /** The time in milliseconds since the epoch. */
  now(): number {
    return this.#limits.clock.now();
  }

  /** What an empty cache holds. */
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

  /** Takes over a state that was changed by itself. */
  replace(state: CacheState): void {
    // What is replaced as a whole is put back as a whole.
    if (state !== this.#state) this.#journal = undefined;
    this.#state = state;
    this.#revision += 1;
  }

  /** Puts a partition in place; without one, what was there goes. */
  put(key: PartitionKey, partition: Partition | undefined): void {
    const { partitions, index } = this.#state;
    const before = partitions.get(key);
    const name = this.#journal && partitionName(key);
    if (name && !this.#journal?.has(name)) this.#journal?.set(name, { key, partition: before?.copy() });
    // An assertion's partition holds its user, too, but is not where the user is.
    if (index && key.kind === "user") {
      for (const account of before?.all("Account") ?? []) index.remove(key, account);
      for (const account of partition?.all("Account") ?? []) index.add(key, account);
    }
    partitions.set(key, partition);
    this.#revision += 1;
  }

  /** Removes what fits from a partition. */
  remove(key: PartitionKey, fits: (entry: Entry) => boolean): void {
    const partition = this.partitions.get(key)?.copy();
    if (!partition?.remove(fits)) return;
    // What is left of an app's or an assertion's tokens may have expired already, and would then have no end.
    const isOver = key.kind !== "user" && partition.lastExpiry() * 1000 <= this.now();
    this.put(key, isOver ? undefined : partition);
  }

  /** MSAL Node fails for an app that has an entry under each of two hosts, as two libraries would leave it. */
  replaceAppMetadata(entity: AppMetadataEntity, environments: ReadonlySet<string>): void {
    const others = [...this.#state.appMetadata].filter(
      ([, known]) =>
        known.entity.client_id !== entity.client_id || !environments.has(known.entity.environment),
    );
    this.#state.appMetadata = new Map(others);
    this.addAppMetadata({ section: "AppMetadata", key: appMetadataKey(entity), entity });
  }

  /** Adds what is known of an app. */
  addAppMetadata(entry: Entry<"AppMetadata">): void {
    this.#state.appMetadata = new Map(this.#state.appMetadata).set(entry.key, entry);
    this.#revision += 1;
  }

  /** Finds users by their ids and names. */
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

  /** Counts of what there is and of look-ups. Visits every partition. */
  stats(): CacheStats {
    const { partitions } = this.#state;
    let tokens = 0;
    for (const kind of PARTITION_KINDS) {
      for (const [, partition] of partitions.entries(kind)) tokens += partition.tokens();
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

  /** Remembers what is there now, until it is either kept or put back. */
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
