import type { AccountInfo } from "../account.js";
import { authorityUrl, ProtocolMode, type AuthorityUrl } from "../authority/authority-url.js";
import { parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { KeyedMutex, mutexOf } from "../flight/keyed-mutex.js";
import { matches, type AccountFilter } from "./account-filter.js";
import { accountProfiles, idTokenRealms } from "./account-info.js";
import { isOfAuthority, onlyProvidersAccount, providerOf } from "./account-provider.js";
import type { CacheStats } from "./memory/contents.js";
import type { CacheDocument } from "./schema/document.js";
import { keyValueStore, type CacheKVStore } from "./schema/key-value-store.js";
import type { Entry } from "./memory/partition.js";
import {
  appPartition,
  partitionName,
  partitionNamed,
  userPartition,
  type PartitionKey,
} from "./memory/partition-key.js";
import type { PartitionedCache } from "./memory/partitioned-cache.js";
import type { ICachePlugin, ISerializableTokenCache } from "./storage/plugin.js";
import { accessContext, throughPlugin, untilLockKept, type PluginSession } from "./storage/plugin-session.js";
import { updateStore } from "./storage/store-update.js";
import type { TokenStore } from "./storage/token-store.js";

/** What {@link TokenCache} is made of. */
export interface TokenCacheParts {
  readonly cache: PartitionedCache;
  /** Keeps the whole cache beyond the process. */
  readonly plugin?: ICachePlugin | undefined;
  /** Keeps the cache beyond the process, partition by partition. */
  readonly store?: TokenStore | undefined;
  /** What to do with stored content that is not a cache. */
  readonly onUnreadable: "refuse" | "ignore";
  readonly clientId: string;
  /** All hosts that mean the same identity provider as the given one. */
  readonly aliasesOf: (environment: string) => ReadonlySet<string>;
  /** Whether the application uses several providers at a host. */
  readonly isShared?: (environment: string) => boolean;
  /** Takes the URL of an authority apart; by default as an application of Entra does. */
  readonly urlOf?: (authority: string) => AuthorityUrl;
  /** The time in milliseconds since the epoch. */
  readonly now: () => number;
  readonly warn: (message: string) => void;
}

/**
 * The token cache of an application: accounts, and the whole cache as JSON.
 *
 * With a plugin or a store, what is kept there is the truth: each access loads, works and saves, one after the other, also
 * between applications that share the plugin; a failure leaves memory and store as they were.
 */
export class TokenCache implements ISerializableTokenCache {
  readonly #parts: TokenCacheParts;
  readonly #refreshing: Pick<KeyedMutex, "run">;
  #changed = false;
  #session: PluginSession | undefined;
  #loaded: { readonly text: string; readonly revision: number } | undefined;

  /** @internal */
  constructor(parts: TokenCacheParts) {
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
    const { cache } = this.#parts;
    if (this.#loaded?.revision === cache.revision) return this.#loaded.text;
    const text = JSON.stringify(cache.document());
    // What a plugin saves now comes back at the next access: it need not be parsed.
    if (this.#session) this.#loaded = { text, revision: cache.revision };
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
    const { cache } = this.#parts;
    if (this.#session && text && this.#loaded?.text === text && this.#loaded.revision === cache.revision)
      return;
    const document = this.#parse(text || "{}");
    if (!document) {
      if (this.#session) this.#session.unreadable = true;
      return;
    }
    const replace = this.#session !== undefined;
    cache.load(document, replace);
    this.#loaded = replace && text ? { text, revision: cache.revision } : undefined;
  }

  /**
   * A copy of every entity by its key, in MSAL Node's own field names. For plugins that look into the cache.
   *
   * @example
   * ```ts
   * const types = Object.values(app.getTokenCache().getKVStore()).map(({ credentialType }) => credentialType);
   * ```
   */
  getKVStore(): CacheKVStore {
    return keyValueStore(this.#parts.cache.document());
  }

  /**
   * Every known user, with one entry for each tenant the user is known in.
   *
   * @example
   * ```ts
   * const accounts = await app.getTokenCache().getAllAccounts();
   * ```
   */
  async getAllAccounts(_correlationId = ""): Promise<AccountInfo[]> {
    return this.getAccounts({});
  }

  /**
   * The users who match a filter, with one entry for each tenant they are known in.
   *
   * @example
   * ```ts
   * const [account] = await app.getTokenCache().getAccounts({ username: "alice@contoso.example" });
   * ```
   */
  async getAccounts(filter: AccountFilter): Promise<AccountInfo[]> {
    const { cache, store, aliasesOf, urlOf = entraUrl } = this.#parts;
    const url = filter.authority ? urlOf(filter.authority) : undefined;
    const look = (keys: readonly PartitionKey[]): AccountInfo[] =>
      keys
        .flatMap((key) => cache.accountsOf(key).flatMap((entry) => this.#profiles(key, entry)))
        .filter((account) => matches(account, filter))
        .filter((account) => !url || isOfAuthority(account, url, aliasesOf(url.host)));
    if (filter.homeAccountId) {
      const key = userPartition(filter.homeAccountId);
      return this.read(key, () => look([key]));
    }
    if (store) {
      const keys = (await store.list("user:")).map(partitionNamed);
      return (await Promise.all(keys.map((key) => this.read(key, () => look([key]))))).flat();
    }
    return this.read(userPartition(""), () => {
      if (filter.localAccountId) return look(cache.usersBy({ localAccountId: filter.localAccountId }));
      if (filter.username) return look(cache.usersBy({ username: filter.username }));
      return look(cache.users());
    });
  }

  /**
   * The user with a home account id, or `null`.
   *
   * @example
   * ```ts
   * const account = await app.getTokenCache().getAccountByHomeId(session.homeAccountId);
   * ```
   */
  async getAccountByHomeId(homeAccountId: string): Promise<AccountInfo | null> {
    return homeAccountId ? ((await this.getAccounts({ homeAccountId }))[0] ?? null) : null;
  }

  /**
   * The user with an id in some tenant, or `null`.
   *
   * const found = await app.getTokenCache().getAccountByLocalId(account.localAccountId);
  async getAccountByLocalId(localAccountId: string): Promise<AccountInfo | null> {
    return localAccountId ? ((await this.getAccounts({ localAccountId }))[0] ?? null) : null;
   * Forgets a user: the account and all tokens, of every client, under every host of the identity provider.
   * With a {@link TokenStore}, on-behalf-of tokens stay until they expire.
   * await app.getTokenCache().removeAccount(account);
   * @throws ClientAuthError `multiple_matching_accounts` when users of several identity providers have this id: choose with
   * {@link getAccounts}
    const found = homeAccountId ? await this.getAccounts({ homeAccountId }) : [];
    return onlyProvidersAccount(found, "homeAccountId", this.#parts.aliasesOf);
   * @throws ClientAuthError `multiple_matching_accounts`, as {@link getAccountByHomeId}
    const found = localAccountId ? await this.getAccounts({ localAccountId }) : [];
    return onlyProvidersAccount(found, "localAccountId", this.#parts.aliasesOf);
   * Forgets a user: account and all tokens, of every client, under every host of the identity provider, and of no other
   * provider. With a {@link TokenStore}, on-behalf-of tokens stay until they expire.
   * @throws ClientAuthError `multiple_matching_accounts` when the account has lost its claims, and nothing tells which of
   * several providers it belongs to
   */
  async removeAccount(account: AccountInfo, _correlationId?: string): Promise<void> {
    // As in MSAL: without an account there is nobody to forget.
    if (!account) return;
    const { cache, aliasesOf, isShared } = this.#parts;
    const { homeAccountId } = account;
    const environments = aliasesOf(account.environment);
    const key = userPartition(homeAccountId);
    await this.write(key, () => {
      const known = cache.accountsOf(key).filter(({ entity }) => environments.has(entity.environment));
      const issuers = cache.issuersAt(key, environments);
      const provider = providerOf(account, known, issuers, isShared?.(account.environment) ?? false);
      cache.removeUser(homeAccountId, environments, provider);
    });
  }

  /**
   * Forgets the tokens of the application itself, in every tenant.
   *
   * @example
   * ```ts
   * await app.getTokenCache().removeAppTokens();
   * ```
   */
  async removeAppTokens(): Promise<void> {
    const { cache, clientId, store } = this.#parts;
    const key = appPartition(clientId, "");
    if (!store) return this.write(key, () => cache.removeAppTokens(clientId));
    for (const name of await store.list(partitionName(key))) await store.remove(name);
    cache.removeAppTokens(clientId);
  }

  /**
   * Replaces the cache in memory with the one a plugin has stored. Every access begins with this.
   *
   * @example
   * ```ts
   * await app.getTokenCache().overwriteCache();
   * ```
   */
  async overwriteCache(): Promise<void> {
    await this.read(userPartition(""), () => undefined);
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
    return this.#parts.cache.stats();
  }

  /** True when nothing has to be loaded before a look: {@link read} would only cost time. @internal */
  get immediate(): boolean {
    return !this.#parts.plugin && !this.#parts.store;
  }

  /** Looks into one partition, after it has been loaded. @internal */
  async read<T>(key: PartitionKey, look: () => T): Promise<T> {
    const { plugin, store, cache } = this.#parts;
    if (plugin) return this.#inSession(plugin, key, false, look);
    if (store) {
      const document = this.#parse((await store.load(partitionName(key))) ?? "{}");
      // What could not be read does not take the place of what is in memory.
      if (document) cache.loadPartition(key, document);
    }
    return look();
  }

  /** Changes one partition, between loading and saving it. @internal */
  async write<T>(key: PartitionKey, change: () => T): Promise<T> {
    const { plugin, store, cache, now } = this.#parts;
    if (plugin) return this.#inSession(plugin, key, true, change);
    if (store) return updateStore(store, cache, key, change, (text) => this.#parse(text), now);
    this.#changed = true;
    return change();
  }

  /**
   * Runs refreshes of one user one after the other, also those of other applications on the same plugin or store: a
   * refresh token that rotates must not be redeemed twice. @internal
   */
  refreshing<T>(key: PartitionKey, refresh: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const name = partitionName(key);
    const { plugin } = this.#parts;
    const turn = (): Promise<T> => plugin?.aroundRefresh?.(name, refresh, signal) ?? refresh();
    return this.#refreshing.run(`refresh ${name}`, turn, signal);
  }

  #inSession<T>(plugin: ICachePlugin, key: PartitionKey, writes: boolean, work: () => T): Promise<T> {
    const access = async (): Promise<T> => {
      const session: PluginSession = { unreadable: false, account: undefined };
      this.#session = session;
      const context = accessContext(this, writes, session);
      try {
        return await throughPlugin(plugin, this.#parts.cache, context, session, key, () => {
          const result = work();
          this.#changed ||= writes;
          return result;
        });
      } finally {
        this.#session = undefined;
      }
    };
    return mutexOf(plugin).run("session", () => untilLockKept(access));
  }

  /** The document in a text; `undefined` when it is not one and that is to be ignored. */
  #parse(text: string): CacheDocument | undefined {
    const document = parseJsonObject(text);
    if (document) return document;
    const message =
      "The stored token cache is not the JSON text of an object: it is corrupt, or encrypted, or something else.";
    if (this.#parts.onUnreadable === "ignore" && (this.#session || this.#parts.store)) {
      this.#parts.warn(`${message} It is left as it is, and tokens are kept in memory only.`);
      return undefined;
    }
    throw clientAuthError("invalid_cache_content", `${message} Move it away, or restore it.`);
  }

  #profiles(key: PartitionKey, entry: Entry<"Account">): AccountInfo[] {
    const { cache, clientId, aliasesOf } = this.#parts;
    const { entity } = entry;
    const environments = aliasesOf(entity.environment);
    return accountProfiles(entry, (tenantId) =>
      cache.findIdToken({
        partition: key,
        clientId,
        environments,
        realms: idTokenRealms(entity, tenantId),
      }),
    );
  }
}

function entraUrl(authority: string): AuthorityUrl {
  return authorityUrl(authority, ProtocolMode.AAD);
}
