import {
  documentText,
  isRecord,
  KeyedMutex,
  mutexOf,
  parseDocument,
  parseJsonObject,
  retryIfLockLost,
  TokenCacheContext,
  type CacheDocument,
  type ICachePlugin,
  type ISerializableTokenCache,
  type TokenStore,
} from "@tessera/core/internal";
import type { CacheOptions } from "../configuration.js";

/** A small JSON document. */
export type Kept = Readonly<Record<string, unknown>>;

/** Work that one process does for all that share the cache. */
export interface WorkForAll<T> {
  /** Returns the outcome, if another process has reached it. */
  readonly found: () => Promise<T | undefined>;
  readonly run: () => Promise<T>;
}

/** Documents that are kept beside the tokens, wherever the application keeps those. */
export interface KeptDocuments {
  read(name: string): Promise<Kept | undefined>;
  /** Replaces a document. */
  write(name: string, document: Kept): Promise<void>;
  /** Runs work while no other process that shares the cache runs work of the same name. */
  inTurn<T>(name: string, work: WorkForAll<T>, signal?: AbortSignal): Promise<T>;
}

/** Returns the documents in the application's plugin or store, or in memory. */
export function keptDocuments({ cachePlugin, store }: CacheOptions): KeptDocuments {
  if (store) return inStore(store);
  return cachePlugin ? inPlugin(cachePlugin) : inMemory();
}

function inMemory(): KeptDocuments {
  const documents = new Map<string, Kept>();
  const turns = new KeyedMutex();
  return {
    read: async (name) => documents.get(name),
    write: async (name, document) => void documents.set(name, document),
    inTurn: (name, work, signal) =>
      turns.run(name, async () => (await work.found()) ?? (await work.run()), signal),
  };
}

/** Names and groups in a store. */
const PREFIX = "resource";

function inStore(store: TokenStore): KeptDocuments {
  /** What an unavailable store has not taken. */
  const own = new Map<string, Kept>();
  return {
    async read(name) {
      const loaded = await store.load(`${PREFIX}:${name}`);
      return typeof loaded === "object" ? parseJsonObject(loaded.document) : own.get(name);
    },
    async write(name, document) {
      own.set(name, document);
      const text = JSON.stringify(document);
      const outcome = await store.update(`${PREFIX}:${name}`, () => ({ document: text, group: PREFIX }));
      if (typeof outcome === "object") own.delete(name);
    },
    inTurn: (name, { found, run }, signal) =>
      mutexOf(store).run(
        `${PREFIX} ${name}`,
        () =>
          store.inTurn(
            `${PREFIX}:${name}`,
            { found, run: async () => (await found()) ?? (await run()) },
            signal,
          ),
        signal,
      ),
  };
}

/** The section of the cache file. Other readers preserve what they do not know. */
const SECTION = "ProtectedResource";

function inPlugin(plugin: ICachePlugin): KeptDocuments {
  return {
    read: (name) => access(plugin, undefined, (documents) => recordIn(documents, name)),
    write: (name, document) => access(plugin, { name, document }, () => undefined),
    inTurn(name, { found, run }, signal) {
      const work = async () => (await found()) ?? (await run());
      const turn = () => plugin.aroundRefresh?.(`${PREFIX} ${name}`, work, signal) ?? work();
      return mutexOf(plugin).run(`${PREFIX} ${name}`, turn, signal);
    },
  };
}

/** Accesses the section between the plugin's load and save, never beside another access of this process. */
function access<T>(
  plugin: ICachePlugin,
  change: { readonly name: string; readonly document: Kept } | undefined,
  look: (documents: Kept) => T,
): Promise<T> {
  const once = async (): Promise<T> => {
    const file = new CacheFile();
    const context = new TokenCacheContext(file, change !== undefined);
    let isDone = false;
    try {
      await plugin.beforeCacheAccess(context);
      // Unreadable content is left as it is.
      if (change && file.isReadable) file.keep(change.name, change.document);
      else context.hasChanged = false;
      const result = look(file.documents);
      isDone = true;
      await plugin.afterCacheAccess(context);
      return result;
    } catch (error) {
      context.hasChanged = false;
      if (!isDone) await plugin.afterCacheAccess(context).catch(() => undefined);
      throw error;
    }
  };
  return mutexOf(plugin).run("session", () => retryIfLockLost(once));
}

/** The cache as a plugin sees it, of which only one section is read. */
class CacheFile implements ISerializableTokenCache {
  #document: CacheDocument | undefined = {};

  get isReadable(): boolean {
    return this.#document !== undefined;
  }

  get documents(): Kept {
    const section = this.#document?.[SECTION];
    return isRecord(section) ? section : {};
  }

  keep(name: string, document: Kept): void {
    this.#document = { ...this.#document, [SECTION]: { ...this.documents, [name]: document } };
  }

  deserialize(text: string): void {
    this.#document = parseDocument(text || "");
  }

  serialize(): string {
    return documentText(this.#document ?? {});
  }
}

function recordIn(documents: Kept, name: string): Kept | undefined {
  const found = Object.hasOwn(documents, name) ? documents[name] : undefined;
  return isRecord(found) ? found : undefined;
}
