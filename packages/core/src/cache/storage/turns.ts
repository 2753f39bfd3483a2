import { clientAuthError } from "../../errors/errors.js";
import { KeyedMutex, mutexOf } from "../../flight/keyed-mutex.js";
import { partitionName, type PartitionKey } from "../memory/partition-key.js";
import { isTurnLost, type HeldTurn } from "./held-turn.js";
import type { ICachePlugin } from "./plugin.js";
import { storeFailure } from "./ask-store.js";
import type { TokenStore, Turn, WorkInTurn } from "./token-store.js";

/** Work that applications with the same plugin or store do one after another. */
export interface TurnOfWork<T> extends Pick<WorkInTurn<T>, "found"> {
  /** The partition that the work changes. */
  readonly key: PartitionKey;
  /** Distinguishes work that may be done while other work on the partition is. */
  readonly only?: string;
  readonly signal: AbortSignal | undefined;
  /** @param turn absent without a store */
  run(turn: HeldTurn | undefined): Promise<T>;
}

/** The wait for other refreshes of this process. */
export interface Queue {
  readonly signal: AbortSignal;
  /** Called when it is over. */
  readonly onLeft: () => void;
}

/** How often a turn may be lost before anything is sent. */
const MOST_TURNS = 5;

/** Dependencies of {@link Turns}. */
export interface TurnsParts {
  readonly plugin?: ICachePlugin | undefined;
  readonly store?: TokenStore | undefined;
  readonly warn: (message: string) => void;
}

/** The turns of an application's cache. */
export class Turns {
  readonly #parts: TurnsParts;
  readonly #refreshing: Pick<KeyedMutex, "run">;

  constructor(parts: TurnsParts) {
    this.#parts = parts;
    const { plugin, store } = parts;
    const owner = plugin ?? store;
    this.#refreshing = owner ? mutexOf(owner) : new KeyedMutex();
  }

  /** Whether other processes may take turns as well. */
  get areShared(): boolean {
    return this.#parts.store !== undefined;
  }

  /** Whether the tokens are kept beyond this process, in a plugin or a store. */
  get arePersisted(): boolean {
    return (this.#parts.plugin ?? this.#parts.store) !== undefined;
  }

  /**
   * Runs the refreshes of one partition one at a time, including those of other applications with the same plugin or
   * store, because a rotating refresh token must not be redeemed twice.
   */
  refreshing<T>(work: TurnOfWork<T>, queue: Queue): Promise<T> {
    const name = partitionName(work.key);
    const run = (turn?: Turn): Promise<T> => work.run(turn && { partition: name, turn });
    const { store, plugin } = this.#parts;
    const turn = (): Promise<T> => {
      queue.onLeft();
      if (store) return this.inTurn(work);
      return unlessLost(() => plugin?.aroundRefresh?.(name, run, work.signal) ?? run());
    };
    // A store that cannot be reached gives turns to all.
    return this.#refreshing.run(`refresh ${name}`, turn, queue.signal);
  }

  /** Runs work in turn with all applications that share the store; at once without one. */
  async inTurn<T>(work: TurnOfWork<T>): Promise<T> {
    const { store } = this.#parts;
    if (!store) return work.run(undefined);
    const partition = partitionName(work.key);
    const name = work.only === undefined ? partition : `${partition} ${work.only}`;
    const inTurn: WorkInTurn<T> = {
      found: () => work.found(),
      run: (turn) => work.run({ partition: name, turn }),
    };
    return unlessLost(() => this.#inTurn(store, { name, signal: work.signal }, inTurn));
  }

  /** What the work throws reaches the caller unchanged. */
  async #inTurn<T>(
    store: TokenStore,
    { name, signal }: { readonly name: string; readonly signal: AbortSignal | undefined },
    work: WorkInTurn<T>,
  ): Promise<T> {
    const thrown = new Set<unknown>();
    const noted = async <R>(step: () => Promise<R>): Promise<R> => {
      try {
        return await step();
      } catch (error) {
        thrown.add(error);
        throw error;
      }
    };
    const found = (): Promise<T | undefined> => noted(() => work.found());
    const run: WorkInTurn<T>["run"] = (turn) => noted(() => work.run(turn));
    try {
      return await store.inTurn(name, { found, run }, signal);
    } catch (error) {
      throw thrown.has(error) || signal?.aborted ? error : storeFailure("inTurn", error, this.#parts.warn);
    }
  }
}

/** Takes another turn when one was lost before anything was sent. */
async function unlessLost<T>(inTurn: () => Promise<T>): Promise<T> {
  for (let turns = 1; ; turns += 1) {
    try {
      return await inTurn();
    } catch (error) {
      if (!isTurnLost(error)) throw error;
      if (turns === MOST_TURNS)
        throw clientAuthError(
          "cache_store_failed",
          `All of ${turns} turns of the cache's store or plugin were lost before a request was sent.`,
        );
    }
  }
}
