import { processWide } from "../process-wide.js";
import { untilAborted } from "./until-aborted.js";

/** Runs tasks with the same key one at a time, in the order they are submitted. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<unknown>>();

  /**
   * @param key tasks with the same key do not overlap
   * @param signal lets the caller leave while waiting
   */
  run<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const turn = untilAborted(before, signal).then(work);
    // A caller that has left must not let the next one overtake those before it.
    const tail = turn
      .catch(() => undefined)
      .then(() => before)
      .finally(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    this.#tails.set(key, tail);
    return turn;
  }
}

/** Returns the mutex of a shared object, so that two applications with one cache plugin do not overlap. */
export function mutexOf(owner: object): Pick<KeyedMutex, "run"> {
  const shared = processWide("mutexes/v1", () => new WeakMap<object, Pick<KeyedMutex, "run">>());
  let mutex = shared.get(owner);
  if (!mutex) {
    mutex = new KeyedMutex();
    shared.set(owner, mutex);
  }
  return mutex;
}
