/**
 * Persists the cache by partition, so that many processes can share it: a request transfers the few kilobytes of one
 * user, never the whole cache. Names and documents are opaque to the store. Documents contain tokens.
 */
export interface TokenStore {
  /** Returns the document of a partition, or `undefined`. */
  load(partition: string): Promise<string | undefined>;
  /**
   * Changes one partition atomically: no other change of the same partition may occur between reading `current` and
   * storing the result. `change` is synchronous, and may be called again with a newer `current` if another writer was
   * first.
   */
  update(partition: string, change: (current: string | undefined) => PartitionUpdate): Promise<void>;
  /** Removes a partition. */
  remove(partition: string): Promise<void>;
  /** Returns the names of all partitions with a prefix, to list accounts. */
  list(prefix: string): Promise<readonly string[]>;
}

/** The result of a change to a partition. */
export type PartitionUpdate =
  | {
      /** The new document. */
      readonly document: string;
      /** Seconds after which the document is useless; when omitted, keep it until it is removed. */
      readonly timeToLive?: number;
    }
  /** Remove it. */
  | "remove"
  /** Leave it as it is. */
  | "keep";

/**
 * Creates a {@link TokenStore} in memory, for tests and for applications in one process that share their tokens.
 *
 * @example
 * ```ts
 * const cache = { store: createMemoryTokenStore() };
 * const app = new ConfidentialClientApplication({ auth: { clientId, authority, clientSecret }, cache });
 * ```
 */
export function createMemoryTokenStore(clock: { now(): number } = Date): TokenStore {
  const stored = new Map<string, { readonly document: string; readonly until: number }>();
  const current = (partition: string): string | undefined => {
    const found = stored.get(partition);
    if (found && found.until > clock.now()) return found.document;
    stored.delete(partition);
    return undefined;
  };
  return {
    load: async (partition) => current(partition),
    async update(partition, change) {
      const update = change(current(partition));
      if (update === "keep") return;
      if (update === "remove") stored.delete(partition);
      else {
        const until = update.timeToLive === undefined ? Infinity : clock.now() + update.timeToLive * 1000;
        stored.set(partition, { document: update.document, until });
      }
    },
    remove: async (partition) => void stored.delete(partition),
    list: async (prefix) =>
      [...stored.keys()].filter((name) => name.startsWith(prefix) && current(name) !== undefined),
  };
}
