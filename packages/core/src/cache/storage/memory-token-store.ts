import { untilAborted } from "../../flight/until-aborted.js";
import type { StoredPartition, TokenStore, Turn } from "./token-store.js";

/** The number of partitions on a page of a list. */
const PAGE_SIZE = 100;

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
  const stored = new Map<string, Kept>();
  const turns = new Map<string, Running>();
  let versions = 0;
  const current = (partition: string): Kept | undefined => {
    const found = stored.get(partition);
    if (found && found.until !== Infinity && found.until <= clock.now()) {
      stored.delete(partition);
      return undefined;
    }
    return found;
  };
  return {
    load(partition, held) {
      const found = current(partition);
      if (!found) return "absent";
      return found.version === held ? "unchanged" : { document: found.document, version: found.version };
    },
    isCurrent: (partition, held) => current(partition)?.version === held,
    async update(partition, change, turn) {
      if (turn && turns.get(partition)?.turn !== turn) return "fenced";
      const found = current(partition);
      const update = change(found?.document);
      if (update === "keep") return { version: found?.version };
      stored.delete(partition);
      if (update === "remove") return { version: undefined };
      const { document, group, timeToLive = Infinity } = update;
      const version = String((versions += 1));
      stored.set(partition, { document, version, group, until: clock.now() + timeToLive * 1000 });
      return { version };
    },
    async list(group, cursor) {
      const names = [...stored.keys()].filter((name) => current(name)?.group === group).sort();
      const rest = cursor === undefined ? names : names.filter((name) => name > cursor);
      const page = rest.slice(0, PAGE_SIZE);
      const partitions = page.flatMap((partition) => {
        const found = current(partition);
        return found ? [{ partition, document: found.document, version: found.version }] : [];
      });
      const last = page.at(-1);
      return { partitions, ...(last !== undefined && rest.length > PAGE_SIZE ? { cursor: last } : {}) };
    },
    async inTurn(name, work, signal) {
      signal?.throwIfAborted();
      for (let running = turns.get(name); running; running = turns.get(name)) {
        await untilAborted(running.ended, signal);
        const found = await work.found();
        if (found !== undefined) return found;
      }
      const turn: Turn = { holds: async () => turns.get(name)?.turn === turn };
      let end = (): void => undefined;
      turns.set(name, { turn, ended: new Promise((resolve) => (end = resolve)) });
      try {
        return await work.run(turn);
      } finally {
        turns.delete(name);
        end();
      }
    },
  };
}

interface Kept extends StoredPartition {
  readonly group: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

interface Running {
  readonly turn: Turn;
  readonly ended: Promise<void>;
}
