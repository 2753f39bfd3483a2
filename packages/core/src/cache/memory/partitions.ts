import { BoundedMap } from "../../bounded-map.js";
import type { Clock } from "../../clock.js";
import type { Partition } from "./partition.js";
import type { PartitionKey, PartitionKind } from "./partition-key.js";

/** How many partitions are kept, and what happens to those that are not. */
export interface PartitionLimits {
  /** Most users, apps and assertions, each, that are kept with all their tokens. */
  readonly max: number;
  readonly clock: Clock;
  /** Told of each user who is forgotten to make room. */
  readonly onUserDropped: (key: PartitionKey, partition: Partition) => void;
}

/** For each user kept with all tokens, this many more are kept with their refresh token alone. */
const DORMANT_USERS_PER_USER = 4;

/**
 * Partitions in memory, bounded. When there are too many, the least recently used goes first: an app's or an assertion's
 * tokens altogether, since they can be had again; of a user only what can be had again, so that the refresh token stays.
 * Apps and assertions leave by themselves when their last token expires.
 */
export class Partitions {
  readonly #limits: PartitionLimits;
  /** The partitions that are kept with all their tokens. */
  readonly hot: Readonly<Record<PartitionKind, BoundedMap<Partition>>>;
  /** Users of whom only the account and the refresh tokens are kept. */
  readonly #dormant: BoundedMap<Partition>;
  #evictions = 0;
  #setsUntilPurge = 0;

  constructor(limits: PartitionLimits) {
    this.#limits = limits;
    const { max, clock } = limits;
    this.#dormant = new BoundedMap(max * DORMANT_USERS_PER_USER, {
      onEvicted: (id, partition) => {
        this.#evictions += 1;
        limits.onUserDropped({ kind: "user", id }, partition);
      },
    });
    const onEvicted = (): void => {
      this.#evictions += 1;
    };
    this.hot = {
      user: new BoundedMap(max, { onEvicted: (id, partition) => this.#slimDown(id, partition) }),
      app: new BoundedMap(max, { clock, onEvicted }),
      assertion: new BoundedMap(max, { clock, onEvicted }),
    };
  }

  /** A partition, which counts as used. */
  get({ kind, id }: PartitionKey): Partition | undefined {
    const found = this.hot[kind].get(id);
    if (found || kind !== "user") return found;
    const dormant = this.#dormant.get(id);
    if (dormant) this.set({ kind, id }, dormant);
    return dormant;
  }

  /** A partition, which does not count as used: to list everybody must not push out whoever is being served. */
  peek({ kind, id }: PartitionKey): Partition | undefined {
    return this.hot[kind].peek(id) ?? (kind === "user" ? this.#dormant.peek(id) : undefined);
  }

  /** Puts a partition in place; an empty one is removed. */
  set({ kind, id }: PartitionKey, partition: Partition | undefined): void {
    if (kind === "user") this.#dormant.delete(id);
    if (!partition || partition.isEmpty) {
      this.hot[kind].delete(id);
      return;
    }
    const ttl = kind === "user" ? 0 : this.#remaining(partition);
    this.hot[kind].set(id, partition, ttl);
    this.#purgeNowAndThen();
  }

  /** All partitions of a kind, the least recently used first. */
  *entries(kind: PartitionKind): Iterable<readonly [PartitionKey, Partition]> {
    const tiers = kind === "user" ? [this.#dormant, this.hot.user] : [this.hot[kind]];
    for (const tier of tiers) {
      for (const [id, partition] of tier.oldestFirst()) yield [{ kind, id }, partition];
    }
  }

  /** How many partitions of a kind there are. */
  count(kind: PartitionKind): number {
    this.hot[kind].purgeStale();
    return this.hot[kind].size + (kind === "user" ? this.#dormant.size : 0);
  }

  /** How many partitions gave way to others so far. */
  get evictions(): number {
    return this.#evictions;
  }

  #slimDown(id: string, partition: Partition): void {
    this.#evictions += 1;
    const slim = partition.copy();
    slim.remove(({ section }) => section === "AccessToken" || section === "IdToken");
    if (slim.find("RefreshToken", () => true)) this.#dormant.set(id, slim);
    else this.#limits.onUserDropped({ kind: "user", id }, partition);
  }

  /** Milliseconds until the last token has expired; 0 for ever. What has expired already was loaded so, and stays. */
  #remaining(partition: Partition): number {
    const expiresOn = partition.lastExpiry();
    const remaining = expiresOn * 1000 - this.#limits.clock.now();
    return Number.isFinite(remaining) && remaining > 0 ? Math.ceil(remaining) : 0;
  }

  /** Expired partitions leave when they are touched, and all of them once in as many writes as there are partitions. */
  #purgeNowAndThen(): void {
    this.#setsUntilPurge -= 1;
    if (this.#setsUntilPurge > 0) return;
    const { app, assertion } = this.hot;
    app.purgeStale();
    assertion.purgeStale();
    this.#setsUntilPurge = Math.max(1000, app.size + assertion.size);
  }
}
