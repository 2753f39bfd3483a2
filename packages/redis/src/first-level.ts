import { LRUCache } from "lru-cache";

/** Bounds of the first level. */
export interface FirstLevelOptions {
  /** How many partitions are known at most. */
  readonly maxPartitions: number;
  /** How long a version counts as current without being asked for again. */
  readonly maxAgeMs: number;
}

interface Known {
  readonly key: string;
  readonly version: string;
  readonly until: number;
}

/** A question that is on its way to the server. What changes meanwhile must not be remembered from its answer. */
export interface Question {
  readonly partition: string;
  readonly key: string;
  isSpoiled: boolean;
}

/**
 * The versions of partitions that are known to be current, so that whoever holds one of them needs no round trip.
 * Documents are not kept here: the cache in memory has them, already parsed.
 */
export class FirstLevel {
  readonly #options: FirstLevelOptions | undefined;
  readonly #now: () => number;
  readonly #known: LRUCache<string, Known> | undefined;
  /** Messages name keys, callers name partitions. */
  readonly #partitions = new Map<string, string>();
  readonly #questions = new Map<string, Set<Question>>();
  #isOpen = false;

  /**
   * @param options `undefined` for no first level
   * @param now a clock that never goes back, in milliseconds
   */
  constructor(options: FirstLevelOptions | undefined, now: () => number) {
    this.#options = options;
    this.#now = now;
    this.#known =
      options &&
      new LRUCache({
        max: options.maxPartitions,
        dispose: ({ key }, partition) => {
          if (this.#partitions.get(key) === partition) this.#partitions.delete(key);
        },
        noDisposeOnSet: true,
      });
  }

  /** Whether the version that a caller holds is known to be the current one. */
  isCurrent(partition: string, held: string): boolean {
    const known = this.#known?.get(partition);
    return known !== undefined && known.version === held && known.until > this.#now();
  }

  /** Called before a command is sent. */
  ask(partition: string, key: string): Question {
    const question = { partition, key, isSpoiled: !this.#isOpen };
    if (question.isSpoiled) return question;
    const others = this.#questions.get(key);
    if (others) others.add(question);
    else this.#questions.set(key, new Set([question]));
    return question;
  }

  /** Called with the version that the answer says, or with `undefined` if there is nothing to remember. */
  answered(question: Question, version: string | undefined): void {
    const { partition, key } = question;
    const asked = this.#questions.get(key);
    if (asked?.delete(question) && asked.size === 0) this.#questions.delete(key);
    if (question.isSpoiled || !this.#known || !this.#options) return;
    if (version === undefined) {
      this.#known.delete(partition);
      return;
    }
    this.#known.set(partition, { key, version, until: this.#now() + this.#options.maxAgeMs });
    this.#partitions.set(key, partition);
  }

  /** Forgets what was stored under a key, because it has changed. */
  changed(key: string): void {
    const partition = this.#partitions.get(key);
    if (partition !== undefined) this.#known?.delete(partition);
    for (const question of this.#questions.get(key) ?? []) question.isSpoiled = true;
  }

  /** Forgets everything, because changes may have been missed. */
  clear(): void {
    this.#known?.clear();
    for (const asked of this.#questions.values()) for (const question of asked) question.isSpoiled = true;
  }

  /** Remembers versions from now on, or no longer. */
  open(isOpen: boolean): void {
    this.clear();
    this.#isOpen = isOpen;
  }

  /** How many versions are known. */
  get size(): number {
    return this.#known?.size ?? 0;
  }
}
