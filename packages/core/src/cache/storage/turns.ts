import { clientAuthError } from "../../errors/errors.js";
import { KeyedMutex, mutexOf } from "../../flight/keyed-mutex.js";
import { partitionName, type PartitionKey } from "../memory/partition-key.js";
import { isTurnLost, type HeldTurn } from "./held-turn.js";
import type { ICachePlugin } from "./plugin.js";
import type { StoredCache } from "./stored-cache.js";
import type { TokenStore, WorkInTurn } from "./token-store.js";

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

/** How often a turn may be lost before anything is sent. */
const MOST_TURNS = 5;

/** The turns of an application's cache. */
export class Turns {
  readonly #plugin: ICachePlugin | undefined;
  readonly #stored: StoredCache | undefined;
  readonly #refreshing: Pick<KeyedMutex, "run">;

  constructor(
    plugin: ICachePlugin | undefined,
    store: TokenStore | undefined,
    stored: StoredCache | undefined,
  ) {
    this.#plugin = plugin;
    this.#stored = stored;
    const owner = plugin ?? store;
    this.#refreshing = owner ? mutexOf(owner) : new KeyedMutex();
  }

  /** Whether other processes may take turns as well. */
  get areShared(): boolean {
    return this.#stored !== undefined;
  }

  /**
   * Runs the refreshes of one partition one at a time, including those of other applications with the same plugin or
   * store, because a rotating refresh token must not be redeemed twice.
   */
  refreshing<T>(work: TurnOfWork<T>): Promise<T> {
    const name = partitionName(work.key);
    const run = (): Promise<T> => work.run(undefined);
    const turn = (): Promise<T> =>
      this.#stored ? this.inTurn(work) : (this.#plugin?.aroundRefresh?.(name, run, work.signal) ?? run());
    // A store that cannot be reached gives turns to all.
    return this.#refreshing.run(`refresh ${name}`, turn, work.signal);
  }

  /** Runs work in turn with all applications that share the store; at once without one. */
  async inTurn<T>(work: TurnOfWork<T>): Promise<T> {
    if (!this.#stored) return work.run(undefined);
    const partition = partitionName(work.key);
    const name = work.only === undefined ? partition : `${partition} ${work.only}`;
    const inTurn: WorkInTurn<T> = {
      found: () => work.found(),
      run: (turn) => work.run({ partition: name, turn }),
    };
    for (let turns = 1; ; turns += 1) {
      try {
        return await this.#stored.inTurn(name, inTurn, work.signal);
      } catch (error) {
        if (!isTurnLost(error)) throw error;
        if (turns === MOST_TURNS)
          throw clientAuthError(
            "cache_store_failed",
            `All of ${turns} turns of cache.store.inTurn were lost before a request was sent.`,
          );
      }
    }
  }
}
