import { BoundedMap } from "../../bounded-map.js";
import type { Clock } from "../../clock.js";
import type { Partition } from "./partition.js";
import type { PartitionKey, PartitionKind } from "./partition-key.js";

/** Limits on partitions in memory. */
export interface PartitionLimits {
  /** Maximum number of partitions of each kind (users, apps, assertions) that are kept with all their tokens. */
  readonly max: number;
  readonly clock: Clock;
  /** Called for each evicted user. */
  readonly onUserDropped: (key: PartitionKey, partition: Partition) => void;
}

/** Number of users kept with only their refresh token, for each user kept with all tokens. */
const DORMANT_USERS_PER_USER = 4;

/**
 * A bounded set of partitions. When it is full, the least recently used partition is evicted: for an app or an
 * assertion completely, because its tokens can be acquired again; for a user all but the refresh token, from which
 * the others can be acquired. Partitions of apps and assertions are removed when their last token expires.
 */
export class Partitions {
  readonly #limits: PartitionLimits;
  /** Partitions with all their tokens. */
  readonly #hot: Readonly<Record<PartitionKind, BoundedMap<Partition>>>;
  /** Users with only their account and refresh tokens. */
  readonly #dormant: BoundedMap<Partition>;
  /** The ids of all users in the order in which they came, in which apps list them: `accounts[0]` stays the same user. */
  readonly #users = new Set<string>();
  #evictions = 0;
  #setsUntilPurge = 0;

  constructor(limits: PartitionLimits) {
    this.#limits = limits;
    const { max, clock } = limits;
    this.#dormant = new BoundedMap(max * DORMANT_USERS_PER_USER, {
      onEvicted: (id, partition) => {
        this.#evictions += 1;
        this.#drop(id, partition);
      },
    });
    const onEvicted = (): void => {
      this.#evictions += 1;
    };
    this.#hot = {
      user: new BoundedMap(max, { onEvicted: (id, partition) => this.#slimDown(id, partition) }),
      app: new BoundedMap(max, { clock, onEvicted }),
      assertion: new BoundedMap(max, { clock, onEvicted }),
    };
  }

  /** Returns a partition and marks it as used. */
  get({ kind, id }: PartitionKey): Partition | undefined {
    const found = this.#hotOf(kind).get(id);
    if (found || kind !== "user") return found;
    const dormant = this.#dormant.get(id);
    if (dormant) this.set({ kind, id }, dormant);
    return dormant;
  }

  /** Returns a partition without marking it as used, so that listing all users does not evict active ones. */
  peek({ kind, id }: PartitionKey): Partition | undefined {
    return this.#hotOf(kind).peek(id) ?? (kind === "user" ? this.#dormant.peek(id) : undefined);
  }

  /** Sets a partition; an empty one is removed. */
  set({ kind, id }: PartitionKey, partition: Partition | undefined): void {
    if (kind === "user") this.#dormant.delete(id);
    if (!partition || partition.isEmpty) {
      if (kind === "user") this.#users.delete(id);
      this.#hotOf(kind).delete(id);
      return;
    }
    if (kind === "user") this.#users.add(id);
    const ttl = kind === "user" ? 0 : this.#remaining(partition);
    this.#hotOf(kind).set(id, partition, ttl);
    this.#purgePeriodically();
  }

  /** Iterates over the partitions of a kind with their keys, in any order. */
  *entries(kind: PartitionKind): Iterable<readonly [PartitionKey, Partition]> {
    for (const tier of this.#tiers(kind))
      for (const [id, partition] of tier.oldestFirst()) yield [{ kind, id }, partition];
  }

  /**
   * Returns the partitions of a kind: users in the order in which they came, others the least recently used first. A list,
   * because nested generators take much longer.
   */
  all(kind: PartitionKind): readonly Partition[] {
    if (kind !== "user") return Array.from(this.#hotOf(kind).values());
    const all: Partition[] = [];
    for (const id of this.#users) {
      const partition = this.peek({ kind, id });
      if (partition) all.push(partition);
    }
    return all;
  }

  /** Returns the number of partitions of a kind. */
  count(kind: PartitionKind): number {
    this.#hotOf(kind).purgeStale();
    return this.#hotOf(kind).size + (kind === "user" ? this.#dormant.size : 0);
  }

  /** The number of evictions so far. */
  get evictions(): number {
    return this.#evictions;
  }

  /** By comparison, because looking up a name that varies takes longer. */
  #hotOf(kind: PartitionKind): BoundedMap<Partition> {
    const { user, app, assertion } = this.#hot;
    return kind === "user" ? user : kind === "app" ? app : assertion;
  }

  #tiers(kind: PartitionKind): readonly BoundedMap<Partition>[] {
    return kind === "user" ? [this.#dormant, this.#hot.user] : [this.#hotOf(kind)];
  }

  #slimDown(id: string, partition: Partition): void {
    this.#evictions += 1;
    const slim = partition.copy();
    slim.remove(({ section }) => section === "AccessToken" || section === "IdToken");
    if (slim.find("RefreshToken", () => true)) this.#dormant.set(id, slim);
    else this.#drop(id, partition);
  }

  #drop(id: string, partition: Partition): void {
    this.#users.delete(id);
    this.#limits.onUserDropped({ kind: "user", id }, partition);
  }

  /**
   * Returns the milliseconds until the last token expires, or 0 for no limit. A partition that has already expired
   * was loaded that way, and stays.
   */
  #remaining(partition: Partition): number {
    const expiresOn = partition.lastExpiry();
    const remaining = expiresOn * 1000 - this.#limits.clock.now();
    return Number.isFinite(remaining) && remaining > 0 ? Math.ceil(remaining) : 0;
  }

  /**
   * Expired partitions are removed when accessed, and all of them once per as many writes as there are partitions, so
   * the cost per write is constant.
   */
  #purgePeriodically(): void {
    this.#setsUntilPurge -= 1;
    if (this.#setsUntilPurge > 0) return;
    const { app, assertion } = this.#hot;
    app.purgeStale();
    assertion.purgeStale();
    this.#setsUntilPurge = Math.max(1000, app.size + assertion.size);
  }
}
