import { Feed } from "./feed.js";
import type { Subject, WireKind, WireSources } from "./wire.js";

/** How a process learns of changes by others. `"age"`: not at all, so that what it knows is asked for again after a while. */
export type InvalidationMeans = WireKind | "age";

/** The reactions to a change. */
export interface ChangeListener {
  changed(key: string): void;
  /** Changes may have been missed. `isHeard`: whether they will be heard of from now on, as far as the server allows. */
  turned(isHeard: boolean): void;
  /** Everything may have changed. */
  flushed(): void;
}

/** Interval at which a cluster is asked for its masters. */
const TOPOLOGY_MS = 2_000;

/** Hears of changes by all processes: from the server, or from each master of a cluster. */
export class Invalidation {
  readonly #sources: WireSources;
  readonly #keyPrefix: string;
  readonly #subject: Subject;
  readonly #listener: ChangeListener;
  readonly #feeds = new Map<string, Feed>();
  readonly #waiting = new Map<string, Set<() => void>>();
  #topology: NodeJS.Timeout | undefined;
  #isStarted = false;

  constructor(sources: WireSources, subject: Subject, listener: ChangeListener) {
    this.#sources = sources;
    this.#keyPrefix = sources.keyPrefix;
    this.#subject = { ...subject, prefix: `${sources.keyPrefix}${subject.prefix}` };
    this.#listener = listener;
  }

  /** Begins to listen, the first time that it is called. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#follow();
    if (this.#sources.isCluster) this.#topology = setInterval(() => this.#follow(), TOPOLOGY_MS).unref();
  }

  /** The worst of the servers counts. */
  get means(): InvalidationMeans {
    const states = [...this.#feeds.values()].map(({ state }) => state);
    if (states.length === 0 || states.includes("age") || states.includes("connecting")) return "age";
    return states.includes("messages") ? "messages" : "tracking";
  }

  /**
   * The channel on which a writer tells of a change, for those that cannot track. In a cluster every message goes to every
   * node, so there it is used only where it is needed.
   */
  get channel(): string {
    return this.#sources.isCluster && this.means !== "messages" ? "" : this.#subject.channel;
  }

  /** Calls back, once, when a value under one of the keys may have changed. Returns a function that ends that. */
  onChange(keys: readonly string[], callback: () => void): () => void {
    for (const key of keys) {
      const others = this.#waiting.get(key);
      if (others) others.add(callback);
      else this.#waiting.set(key, new Set([callback]));
    }
    return () => {
      for (const key of keys) {
        const others = this.#waiting.get(key);
        if (others?.delete(callback) && others.size === 0) this.#waiting.delete(key);
      }
    };
  }

  close(): void {
    this.#isStarted = true;
    clearInterval(this.#topology);
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
    this.#listener.turned(false);
  }

  #follow(): void {
    const sources = this.#sources.now();
    const present = new Set(sources.map(({ id }) => id));
    let isOther = false;
    for (const [id, feed] of this.#feeds) {
      if (present.has(id)) continue;
      feed.close();
      this.#feeds.delete(id);
      isOther = true;
    }
    for (const source of sources) {
      if (this.#feeds.has(source.id)) continue;
      const events = {
        changed: (keys: readonly string[] | undefined) => this.#changed(keys),
        turned: () => this.#turned(),
      };
      this.#feeds.set(source.id, new Feed(source, this.#subject, events));
      isOther = true;
    }
    if (isOther) this.#turned();
  }

  #turned(): void {
    const states = [...this.#feeds.values()].map(({ state }) => state);
    this.#listener.turned(states.length > 0 && !states.includes("connecting"));
    this.#wakeAll();
  }

  #changed(keys: readonly string[] | undefined): void {
    if (!keys) {
      this.#listener.flushed();
      this.#wakeAll();
      return;
    }
    for (const named of keys) {
      const key = named.slice(this.#keyPrefix.length);
      this.#listener.changed(key);
      for (const wake of [...(this.#waiting.get(key) ?? [])]) wake();
    }
  }

  #wakeAll(): void {
    for (const callbacks of [...this.#waiting.values()]) for (const wake of [...callbacks]) wake();
  }
}
