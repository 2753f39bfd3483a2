import { processWide } from "../process-wide.js";

/** Runs pieces of work with the same key one after the other, in the order they came. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<unknown>>();

  /**
   * @param key work with the same key does not overlap
   * @param signal lets the caller leave while it waits
   */
  run<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const turn = before.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    const tail = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    this.#tails.set(key, tail);
    return turn;
  }
}

/** The mutex of everyone who shares an object: two applications with one cache plugin must not overlap. */
export function mutexOf(owner: object): Pick<KeyedMutex, "run"> {
  const shared = processWide("mutexes/v1", () => new WeakMap<object, Pick<KeyedMutex, "run">>());
  let mutex = shared.get(owner);
  if (!mutex) {
    mutex = new KeyedMutex();
    shared.set(owner, mutex);
  }
  return mutex;
}
