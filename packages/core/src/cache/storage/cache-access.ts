import { errorName } from "../../errors/error-name.js";
import { clientAuthError } from "../../errors/errors.js";
import { wrongType } from "../../request/field-types.js";
import { mutexOf } from "../../flight/keyed-mutex.js";
import { loadDocument, loadInSlices, wholeDocument } from "../memory/load-and-dump.js";
import type { PartitionKey } from "../memory/partition-key.js";
import type { CacheStats, TokenMemory } from "../memory/token-memory.js";
import { documentText } from "../schema/document-text.js";
import { parseDocument, type CacheDocument } from "../schema/document.js";
import { isLarge, parseInSlices } from "../schema/in-slices.js";
import type { CacheParts } from "./cache-parts.js";
import { HeldText } from "./held-text.js";
import type { HeldTurn } from "./held-turn.js";
import type { ICachePlugin, ISerializableTokenCache } from "./plugin.js";
import { accessContext, throughPlugin, retryIfLockLost, type PluginSession } from "./plugin-session.js";
import { StoredCache } from "./stored-cache.js";
import { Turns } from "./turns.js";
import type { Change, PartitionChange } from "./unsaved.js";
import { UnsavedRefreshes } from "./unsaved-refreshes.js";

/**
 * The only access to the tokens in memory. With a plugin or a store, the persisted cache is authoritative: each
 * access loads, works and saves. Accesses do not overlap, even between applications that share the plugin. A failed
 * access leaves memory and store unchanged; the answer to a refresh is kept and saved later, see {@link UnsavedRefreshes}.
 */
export class CacheAccess implements ISerializableTokenCache {
  readonly #parts: CacheParts;
  /** Work that applications with the same plugin or store do one after another. @internal */
  readonly turns: Turns;
  /** The store, if there is one. @internal */
  protected readonly stored: StoredCache | undefined;
  #changed = false;
  #session: PluginSession | undefined;
  readonly #text: HeldText;
  readonly #unsaved: UnsavedRefreshes;

  /** @internal */
  constructor(parts: CacheParts) {
    const { store } = (this.#parts = parts);
    this.#text = new HeldText(parts.memory);
    if (store) this.stored = new StoredCache({ ...parts, store, parse: (text) => this.#parse(text) });
    this.turns = new Turns(parts);
    this.#unsaved = new UnsavedRefreshes((key) => this.write(key, () => undefined), parts.warn);
  }

  /**
   * The application's plugin. May be `undefined`, although MSAL's type, and therefore this one, does not include it.
   */
  get persistence(): ICachePlugin {
    return this.#parts.plugin as ICachePlugin;
  }

  /**
   * Returns whether tokens were written or removed since the last {@link serialize}.
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
   * Returns the whole cache as JSON in the unified MSAL schema. It contains tokens, so it must be kept secret.
   *
   * @example
   * ```ts
   * await redis.set("tokens", app.getTokenCache().serialize());
   * ```
   */
  serialize(): string {
    this.#changed = false;
    const pending = this.#takePending();
    if (pending !== undefined) this.deserialize(pending);
    const held = this.#text.current;
    if (held !== undefined) return held;
    const text = documentText(wholeDocument(this.#parts.memory));
    // The plugin will load the same string at the next access, which then need not be parsed.
    if (this.#session) this.#text.set(text);
    return text;
  }

  /**
   * Loads a serialized cache. Within a plugin's `beforeCacheAccess` it replaces the cache in memory; elsewhere it is
   * merged into it. A blank string is an empty cache.
   *
   * @param text JSON written by any MSAL library
   * @throws ClientAuthError `invalid_cache_content` when it is not a JSON object; the cache in memory is then
   * unchanged
   * @example
   * ```ts
   * app.getTokenCache().deserialize((await redis.get("tokens")) ?? "");
   * ```
   */
  deserialize(text: string): void {
    if (typeof (text ?? "") !== "string") throw wrongType("text", text, "the cache as a JSON string");
    const session = this.#session;
    if (session) session.pending = undefined;
    if (session && text && this.#text.current === text) return;
    if (session?.isLoading && isLarge(text)) {
      session.pending = text;
      return;
    }
    const document = this.#parse(text || "");
    if (!document) {
      if (session) session.unreadable = true;
      return;
    }
    const replace = session !== undefined;
    loadDocument(this.#parts.memory, document, replace);
    this.#text.set(replace ? text : undefined);
  }

  /**
   * Returns the numbers of partitions, tokens, hits, misses and evictions, for metrics and logs.
   *
   * @example
   * ```ts
   * const { hits, misses } = app.getTokenCache().stats();
   * console.log(`${hits} of ${hits + misses} look-ups were cache hits.`);
   * ```
   */
  stats(): CacheStats {
    return { ...this.#parts.memory.stats(), ...this.stored?.unsaved() };
  }

  /** Counts a look-up of an access token. @internal */
  countLookup(isHit: boolean): void {
    this.#parts.memory.countLookup(isHit);
  }

  /** Clears the cache in memory, but not that of the plugin or store. @internal */
  clear(): void {
    const { memory } = this.#parts;
    memory.replace(memory.emptyState());
  }

  /** Reads a partition after loading it; synchronously without a plugin or store. @internal */
  read<T>(key: PartitionKey, look: (memory: TokenMemory) => T): T | Promise<T> {
    const { plugin, memory } = this.#parts;
    if (this.stored) return this.stored.read(key, look);
    return plugin ? this.#inSession(plugin, key, false, look) : look(memory);
  }

  /** Reads the cache in memory if there is no plugin or store, or the store knows the partition to be current. @internal */
  readNow<T>(look: (memory: TokenMemory) => T, key?: PartitionKey): T | undefined {
    const { plugin, memory } = this.#parts;
    const isCurrent = this.stored ? key !== undefined && this.stored.isCurrent(key) : !plugin;
    return isCurrent ? look(memory) : undefined;
  }

  /**
   * Changes a partition between loading and saving it.
   *
   * @param also a change of another partition: in the same access, but in a store after the first one
   * @param turn the turn in which the change is made, if it is of this partition
   * @internal
   */
  async write<T>(key: PartitionKey, change: PartitionChange<T>, also?: Change, turn?: HeldTurn): Promise<T> {
    const { plugin, memory } = this.#parts;
    if (this.stored) {
      const result = await this.stored.write(key, change, turn);
      if (also) await this.stored.write(also.key, also.change);
      return result;
    }
    const both = (held: TokenMemory, isLate: boolean): T => {
      const result = change(held, isLate);
      if (!also?.onlyInStore) also?.change(held, isLate);
      return result;
    };
    const save = (own: (held: TokenMemory) => T): T | Promise<T> =>
      plugin ? this.#inSession(plugin, key, true, own) : own(memory);
    if (plugin && turn) return this.#unsaved.keeping(key, both, save);
    this.#changed ||= !plugin;
    return save((held) => both(held, false));
  }

  #inSession<T>(
    plugin: ICachePlugin,
    key: PartitionKey,
    writes: boolean,
    work: (memory: TokenMemory) => T,
  ): Promise<T> {
    const { memory } = this.#parts;
    const access = async (): Promise<T> => {
      const session: PluginSession = {
        unreadable: false,
        isLoading: true,
        pending: undefined,
        account: undefined,
      };
      this.#session = session;
      const context = accessContext(this, writes, session);
      const onFailure = (method: string, error: unknown): void =>
        this.#parts.warn(`cache.cachePlugin.${method} failed: ${errorName(error)}`);
      try {
        const observer = this.#parts.observer?.();
        const readPending = (): Promise<void> => this.#readPending(session);
        const access = { memory, context, session, onFailure, observer, readPending, text: this.#text };
        return await throughPlugin(plugin, access, key, () => {
          this.#unsaved.makeAgain(key, memory);
          const result = work(memory);
          this.#changed ||= writes;
          return result;
        });
      } finally {
        this.#session = undefined;
      }
    };
    return mutexOf(plugin).run("session", () => retryIfLockLost(access));
  }

  /** Returns the large document that is still to be read, if any, for a caller that reads it. */
  #takePending(): string | undefined {
    const session = this.#session;
    const pending = session?.pending;
    if (session) {
      session.isLoading = false;
      session.pending = undefined;
    }
    return pending;
  }

  /** Reads a large document in slices, and takes it over as a whole. */
  async #readPending(session: PluginSession): Promise<void> {
    const text = this.#takePending() ?? "";
    const document = (await parseInSlices(text)) ?? this.#parse(text);
    session.unreadable = !document;
    if (!document) return;
    await loadInSlices(this.#parts.memory, document);
    this.#text.set(text);
  }

  /** Parses a document. Returns `undefined` when it is unreadable and that is to be ignored. */
  #parse(text: string): CacheDocument | undefined {
    const document = parseDocument(text);
    if (document) return document;
    const message =
      "The stored token cache is not a JSON object: it is corrupt, encrypted, or not a token cache.";
    if (this.#parts.onUnreadable === "ignore" && (this.#session || this.#parts.store)) {
      this.#parts.warn(`${message} It is left unchanged, and tokens are kept in memory only.`);
      return undefined;
    }
    throw clientAuthError("invalid_cache_content", `${message} Move it away, or restore it.`);
  }
}
