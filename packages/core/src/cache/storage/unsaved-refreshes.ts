import { partitionName, type PartitionKey } from "../memory/partition-key.js";
import type { TokenMemory } from "../memory/token-memory.js";
import { changeAgain } from "./made-change.js";
import { Unsaved, type PartitionChange, type UnsavedChanges } from "./unsaved.js";

/**
 * Keeps the tokens of a refresh that a plugin could not save, because the disk is full for example, and saves them later: the
 * refresh token before them has been used up.
 */
export class UnsavedRefreshes {
  readonly #unsaved: Unsaved;
  readonly #warn: (message: string) => void;

  /** @param save runs an access that saves a partition, in which {@link makeAgain} is called */
  constructor(save: (key: PartitionKey) => Promise<unknown>, warn: (message: string) => void) {
    this.#warn = warn;
    // What fails has been logged, and is tried again.
    const isSaved = ({ of }: UnsavedChanges): Promise<boolean> =>
      save(of as PartitionKey).then(
        () => true,
        () => false,
      );
    this.#unsaved = new Unsaved(isSaved, warn);
  }

  /** Makes the changes of a partition that are kept, in an access to it. */
  makeAgain(key: PartitionKey, memory: TokenMemory): void {
    for (const change of this.#unsaved.changesOf(partitionName(key))) changeAgain(change, memory, this.#warn);
  }

  /** Saves a change. If the plugin fails, the change is kept, and the failure is thrown. */
  async keeping<T>(
    key: PartitionKey,
    change: PartitionChange<T>,
    save: (change: (memory: TokenMemory) => T) => T | Promise<T>,
  ): Promise<T> {
    const name = partitionName(key);
    if (this.#unsaved.has(name)) await this.#unsaved.settle(name);
    let refusal: unknown;
    const noted = (memory: TokenMemory): T => {
      try {
        return change(memory, false);
      } catch (error) {
        refusal = error;
        throw error;
      }
    };
    try {
      return await save(noted);
    } catch (error) {
      if (error !== refusal) this.#unsaved.add(name, change, { of: key, base: undefined, since: 0 });
      throw error;
    }
  }
}
