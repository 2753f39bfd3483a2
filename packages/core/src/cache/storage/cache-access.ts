import { parseJsonObject } from "../../encoding.js";
import { errorName } from "../../errors/error-name.js";
import { clientAuthError, isAuthError } from "../../errors/errors.js";
import { KeyedMutex, mutexOf } from "../../flight/keyed-mutex.js";
import { loadDocument, loadPartition, wholeDocument } from "../memory/load-and-dump.js";
import { partitionName, type PartitionKey } from "../memory/partition-key.js";
import type { CacheStats, TokenMemory } from "../memory/token-memory.js";
import type { CacheDocument } from "../schema/document.js";
import type { ICachePlugin, ISerializableTokenCache } from "./plugin.js";
import { accessContext, throughPlugin, untilLockKept, type PluginSession } from "./plugin-session.js";
import { updateStore } from "./store-update.js";
import type { TokenStore } from "./token-store.js";

/** What a {@link CacheAccess} is made of. */
export interface CacheParts {
  readonly memory: TokenMemory;
  /** Keeps the whole cache beyond the process. */
  readonly plugin?: ICachePlugin | undefined;
  /** Keeps the cache beyond the process, partition by partition. */
  readonly store?: TokenStore | undefined;
  /** What to do with stored content that is not a cache. */
  readonly onUnreadable: "refuse" | "ignore";
  /** The time in milliseconds since the epoch. */
  readonly now: () => number;
  readonly warn: (message: string) => void;
}

/**
 * The only way to the tokens in memory. With a plugin or a store, what is kept there is the truth: each access loads, works
 * and saves, one after the other, also between applications that share the plugin. A failure leaves memory and store as they
 * were.
 */
export class CacheAccess implements ISerializableTokenCache {
  readonly #parts: CacheParts;
  readonly #refreshing: Pick<KeyedMutex, "run">;
  #changed = false;
  #session: PluginSession | undefined;
  #loaded: { readonly text: string; readonly revision: number } | undefined;

  /** @internal */
  constructor(parts: CacheParts) {
    this.#parts = parts;
    const owner = parts.plugin ?? parts.store;
    this.#refreshing = owner ? mutexOf(owner) : new KeyedMutex();
  }

  /** The plugin of the application; `undefined` when there is none, although MSAL's type, and so this one, does not say so. */
  get persistence(): ICachePlugin {
    return this.#parts.plugin as ICachePlugin;
  }

  /**
   * Whether tokens were written or removed since the last {@link serialize}.
   *
   * @example
   * ```ts
   * const cache = app.getTokenCache();
   * if (cache.hasChanged()) await redis.set("tokens", cache.serialize());
   * ```
   */
  hasChanged(): boolean {
    return this.#changed;
  }

  /**
   * The whole cache as JSON in the unified MSAL schema. It contains tokens: keep it as secret as they are.
   *
   * @example
   * ```ts
   * await redis.set("tokens", app.getTokenCache().serialize());
   * ```
   */
  serialize(): string {
    this.#changed = false;
    const { memory } = this.#parts;
    if (this.#loaded?.revision === memory.revision) return this.#loaded.text;
    const text = JSON.stringify(wholeDocument(memory));
    // What a plugin saves now comes back at the next access: it need not be parsed.
    if (this.#session) this.#loaded = { text, revision: memory.revision };
    return text;
  }

  /**
   * Loads a serialised cache. Inside a plugin's `beforeCacheAccess` it replaces the cache in memory, elsewhere it is added
   * to it. An empty string is an empty cache.
   *
   * @param text JSON of any MSAL library
   * @throws ClientAuthError `invalid_cache_content` when it is not the JSON of an object; memory is unchanged then
   * @example
   * ```ts
   * app.getTokenCache().deserialize((await redis.get("tokens")) ?? "");
   * ```
   */
  deserialize(text: string): void {
    const { memory } = this.#parts;
    if (this.#session && text && this.#loaded?.text === text && this.#loaded.revision === memory.revision)
      return;
    const document = this.#parse(text || "{}");
    if (!document) {
      if (this.#session) this.#session.unreadable = true;
      return;
    }
    const replace = this.#session !== undefined;
    loadDocument(memory, document, replace);
    this.#loaded = replace && text ? { text, revision: memory.revision } : undefined;
  }

  /**
   * Counts of partitions, tokens, hits, misses and evictions. They contain no token.
   *
   * @example
   * ```ts
   * const { hits, misses } = app.getTokenCache().stats();
   * console.log(`${hits} of ${hits + misses} look-ups were cache hits.`);
   * ```
   */
  stats(): CacheStats {
    return this.#parts.memory.stats();
  }

  /** Counts a call that looked for an access token. @internal */
  countLookup(isHit: boolean): void {
    this.#parts.memory.countLookup(isHit);
  }

  /** Empties memory. What a plugin or a store keeps stays. @internal */
  clear(): void {
    const { memory } = this.#parts;
    memory.replace(memory.emptyState());
  }

  /** Reads a partition, after it has been loaded; at once where nothing has to be loaded. @internal */
  read<T>(key: PartitionKey, look: (memory: TokenMemory) => T): T | Promise<T> {
    const { plugin, store, memory } = this.#parts;
    if (!plugin && !store) return look(memory);
    return plugin ? this.#inSession(plugin, key, false, look) : this.#readStored(key, look);
  }

  /** Reads what is in memory where nothing has to be loaded; elsewhere nothing happens. @internal */
  readNow(look: (memory: TokenMemory) => void): void {
    const { plugin, store, memory } = this.#parts;
    if (!plugin && !store) look(memory);
  }

  /** Changes a partition, between loading and saving it. @internal */
  async write<T>(key: PartitionKey, change: (memory: TokenMemory) => T): Promise<T> {
    const { plugin, store, memory, now } = this.#parts;
    if (plugin) return this.#inSession(plugin, key, true, change);
    const parse = (text: string): CacheDocument | undefined => this.#parse(text);
    if (store) return this.#toldOf("update", () => updateStore({ store, memory, parse, now }, key, change));
    this.#changed = true;
    return change(memory);
  }

  /**
   * Runs the refreshes of one user one after the other, also those of other applications on the same plugin or store: a
   * refresh token that rotates must not be redeemed twice. @internal
   */
  refreshing<T>(key: PartitionKey, refresh: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const name = partitionName(key);
    const { plugin } = this.#parts;
    const turn = (): Promise<T> => plugin?.aroundRefresh?.(name, refresh, signal) ?? refresh();
    return this.#refreshing.run(`refresh ${name}`, turn, signal);
  }

  async #readStored<T>(key: PartitionKey, look: (memory: TokenMemory) => T): Promise<T> {
    const { store, memory } = this.#parts;
    const stored = await this.#toldOf("load", async () => store?.load(partitionName(key)));
    const document = this.#parse(stored ?? "{}");
    // Content that cannot be read does not replace what is in memory.
    if (document) loadPartition(memory, key, document);
    return look(memory);
  }

  async #toldOf<T>(method: keyof TokenStore, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      // What is done with the stored entries fails with errors of ours.
      if (!isAuthError(error)) this.#parts.warn(`cache.store.${method} failed: ${errorName(error)}`);
      throw error;
    }
  }

  #inSession<T>(
    plugin: ICachePlugin,
    key: PartitionKey,
    writes: boolean,
    work: (memory: TokenMemory) => T,
  ): Promise<T> {
    const { memory } = this.#parts;
    const access = async (): Promise<T> => {
      const session: PluginSession = { unreadable: false, account: undefined };
      this.#session = session;
      const context = accessContext(this, writes, session);
      const onFailure = (method: string, error: unknown): void =>
        this.#parts.warn(`cache.cachePlugin.${method} failed: ${errorName(error)}`);
      try {
        return await throughPlugin(plugin, { memory, context, session, onFailure }, key, () => {
          const result = work(memory);
          this.#changed ||= writes;
          return result;
        });
      } finally {
        this.#session = undefined;
      }
    };
    return mutexOf(plugin).run("session", () => untilLockKept(access));
  }

  /** The document in a string; `undefined` when it is not one and that is to be ignored. */
  #parse(text: string): CacheDocument | undefined {
    const document = parseJsonObject(text);
    if (document) return document;
    const message =
      "The stored token cache is not the JSON of an object: it is corrupt, encrypted, or not a token cache.";
    if (this.#parts.onUnreadable === "ignore" && (this.#session || this.#parts.store)) {
      this.#parts.warn(`${message} It is left as it is, and tokens are kept in memory only.`);
      return undefined;
    }
    throw clientAuthError("invalid_cache_content", `${message} Move it away, or restore it.`);
  }
}
