/**
 * Persists the cache by partition, so that many processes can share it: a request transfers the few kilobytes of one
 * user, never the whole cache. Names, groups and documents are opaque to the store. Documents contain tokens.
 *
 * A store that cannot be reached answers `"unavailable"`: the application goes on with what it has in memory and with the
 * identity provider, keeps its changes, and makes them again later. A store that throws fails the call, with
 * `cache_store_failed`.
 */
export interface TokenStore {
  /**
   * Returns a partition. A store that knows the answer without I/O returns it synchronously, which makes a cache hit
   * synchronous.
   *
   * @param held the version that the caller still holds: if it is the stored one, the answer is `"unchanged"`
   */
  load(partition: string, held?: string): LoadedPartition | Promise<LoadedPartition>;
  /**
   * Whether the version that a caller holds is known, without I/O, to be the stored one. A store that has this method makes
   * equal calls as fast as an application without a store does; any other store omits it.
   */
  isCurrent?(partition: string, held: string): boolean;
  /**
   * Changes one partition atomically: no other change of it may occur between reading `current` and storing the result.
   *
   * @param change is synchronous and pure: it is called again with a newer `current` if another writer was first
   * @param turn the caller's turn of the same name. If another turn of that name has been given since it was lost or
   * ended, nothing is stored, and the outcome is `"fenced"`. A store may fence off any turn that no longer holds
   */
  update(
    partition: string,
    change: (current: string | undefined) => PartitionUpdate,
    turn?: Turn,
  ): Promise<UpdateOutcome>;
  /**
   * Returns one page of the partitions of a group, in any order.
   *
   * @param cursor that of the page before; the first page by default. Partitions that are stored while the pages are read
   * may be missing or returned twice; all others are returned once at least
   */
  list(group: string, cursor?: string): Promise<PartitionPage | "unavailable">;
  /**
   * Runs work while nobody else runs work of the same name, in any process. If the store cannot be reached, it runs the
   * work anyway. Whatever the work throws reaches the caller unchanged.
   *
   * @param signal lets the caller leave while it waits
   */
  inTurn<T>(name: string, work: WorkInTurn<T>, signal?: AbortSignal): Promise<T>;
}

/** The answer of {@link TokenStore.load}; `"absent"` if there is no such partition. */
export type LoadedPartition = StoredPartition | "unchanged" | "absent" | "unavailable";

/** A partition as it is stored. */
export interface StoredPartition {
  readonly document: string;
  /** Differs from that of every other content that the partition has, had or will have. */
  readonly version: string;
}

/** The result of a change to a partition. */
export type PartitionUpdate =
  | {
      /** The new document. */
      readonly document: string;
      /** The group under which the partition is listed from now on. */
      readonly group: string;
      /** Seconds after which the document is useless; when omitted, keep it until it is removed. */
      readonly timeToLive?: number;
    }
  /** Remove it. */
  | "remove"
  /** Leave it as it is. */
  | "keep";

/**
 * The outcome of an update: the version of what is stored now, `undefined` when nothing is; or the reason why nothing was
 * stored. A store that does not know whether it has stored the change answers `"unavailable"`: making it again is harmless.
 */
export type UpdateOutcome = { readonly version: string | undefined } | "fenced" | "unavailable";

/** One page of {@link TokenStore.list}. */
export interface PartitionPage {
  readonly partitions: readonly (StoredPartition & { readonly partition: string })[];
  /** Where the next page begins; absent on the last page. */
  readonly cursor?: string;
}

/** Work that is done by one caller at a time. */
export interface WorkInTurn<T> {
  /**
   * Called for those that wait, as soon as the partition may have changed, and at the latest when a turn ends: returns the
   * outcome if another caller has reached it. That ends the wait.
   */
  found(): Promise<T | undefined>;
  run(turn: Turn): Promise<T>;
}

/** The right to do work alone. */
export interface Turn {
  /** Whether the turn still holds. Asked right before a grant is sent that can be used once. */
  holds(): Promise<boolean>;
  /**
   * Notes that a grant is about to be sent, until the work of the turn ends. `false`: the work of an earlier turn sent it
   * and never ended, so it must not be sent again. Optional. It returns at once, because a connection waits for it.
   */
  sends?(grant: string): boolean;
}
