import type { LoadedPartition, Turn, TokenStore, WorkInTurn } from "@tessera/node";

/** Puts a document into a store, as another process does. */
export async function putStored(store: TokenStore, partition: string, document: string): Promise<void> {
  await store.update(partition, () => ({ document, group: partition.startsWith("user:") ? "users" : "" }));
}

/** Returns the document of a partition, or `undefined`. */
export async function storedDocument(store: TokenStore, partition: string): Promise<string | undefined> {
  const loaded = await store.load(partition);
  return typeof loaded === "object" ? loaded.document : undefined;
}

/** Returns the names of the partitions of a group. */
export async function storedNames(store: TokenStore, group: string): Promise<readonly string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(group, cursor);
    if (page === "unavailable") throw new Error("The store is unavailable.");
    names.push(...page.partitions.map(({ partition }) => partition));
    ({ cursor } = page);
  } while (cursor !== undefined);
  return names;
}

/** What was asked of a store, and how many characters went over the wire for it. */
export interface Access {
  readonly operation: "load" | "update" | "list" | "turn";
  readonly partition: string;
  readonly characters: number;
  readonly timeToLive?: number | undefined;
  readonly group?: string;
}

/** A store that notes what is asked of another one. */
export function watchedStore(store: TokenStore, log: Access[]): TokenStore {
  const noted = (partition: string, loaded: LoadedPartition): LoadedPartition => {
    const characters = typeof loaded === "object" ? loaded.document.length : 0;
    log.push({ operation: "load", partition, characters });
    return loaded;
  };
  return {
    load(partition, held) {
      const loaded = store.load(partition, held);
      return typeof loaded === "object" && "then" in loaded
        ? loaded.then((late) => noted(partition, late))
        : noted(partition, loaded);
    },
    update(partition, change, turn) {
      const watched: typeof change = (current) => {
        const update = change(current);
        const written = typeof update === "object" ? update : undefined;
        const characters = (current?.length ?? 0) + (written?.document.length ?? 0);
        const { timeToLive, group } = written ?? {};
        log.push({
          operation: "update",
          partition,
          characters,
          timeToLive,
          ...(group === undefined ? {} : { group }),
        });
        return update;
      };
      return store.update(partition, watched, turn);
    },
    async list(group, cursor) {
      const page = await store.list(group, cursor);
      const found = page === "unavailable" ? [] : page.partitions;
      log.push({ operation: "list", partition: group, characters: JSON.stringify(found).length });
      return page;
    },
    inTurn<T>(name: string, work: WorkInTurn<T>, signal?: AbortSignal): Promise<T> {
      const run = (turn: Turn): Promise<T> => {
        log.push({ operation: "turn", partition: name, characters: 0 });
        return work.run(turn);
      };
      return store.inTurn(name, { found: () => work.found(), run }, signal);
    },
  };
}

/** A store that can be cut off from what it keeps. */
export function cuttable(store: TokenStore): {
  readonly store: TokenStore;
  readonly cut: () => Promise<() => Promise<void>>;
} {
  let isCut = false;
  return {
    store: {
      load: (partition, held) => (isCut ? "unavailable" : store.load(partition, held)),
      update: async (partition, change, turn) =>
        isCut ? "unavailable" : store.update(partition, change, turn),
      list: async (group, cursor) => (isCut ? "unavailable" : store.list(group, cursor)),
      inTurn: (name, work, signal) => store.inTurn(name, work, signal),
    },
    async cut() {
      isCut = true;
      return async () => {
        isCut = false;
      };
    },
  };
}
