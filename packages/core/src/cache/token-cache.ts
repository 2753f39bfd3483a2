import type { AccountInfo } from "../account.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { requireChoice, type AccountFilter } from "./account-filter.js";
import { onlyProvidersAccount, providerOf } from "./account-provider.js";
import { accountsIn, type AccountSearch } from "./listed-accounts.js";
import { hasNewer, noteRemoval } from "./memory/age.js";
import { accountsOf, issuersOf, usersBy } from "./memory/find.js";
import { wholeDocument } from "./memory/load-and-dump.js";
import type { Partition } from "./memory/partition.js";
import { appPartition, partitionNamed, userPartition, type PartitionKey } from "./memory/partition-key.js";
import type { TokenMemory } from "./memory/token-memory.js";
import { removeAppTokens, removeFromAssertions, removeUser } from "./memory/remove.js";
import { requireAccount, requireRecord } from "../request/field-types.js";
import { keyValueStore, type CacheKVStore } from "./schema/key-value-store.js";
import { CacheAccess } from "./storage/cache-access.js";
import type { CacheParts } from "./storage/cache-parts.js";
import type { StoredCache } from "./storage/stored-cache.js";
import { appGroup, groupOfUser, USERS } from "./storage/stored-partition.js";

/** Dependencies of {@link TokenCache}. */
export interface TokenCacheParts extends CacheParts {
  readonly clientId: string;
  readonly authorities: {
    /** Returns all hosts of the same identity provider as the given host. */
    aliasesOf(environment: string): ReadonlySet<string>;
    /** Whether the application uses several providers at a host. */
    isShared(environment: string): boolean;
    /** Parses an authority URL. */
    url(authority: string): AuthorityUrl;
  };
}

/** The token cache of an application: its accounts, and the whole cache as JSON. */
export class TokenCache extends CacheAccess {
  readonly #parts: TokenCacheParts;

  /** @internal */
  constructor(parts: TokenCacheParts) {
    super(parts);
    this.#parts = parts;
  }

  /** Whether the last {@link read} had no answer from the store, and what was looked at is memory only. @internal */
  get storeIsAway(): boolean {
    return this.stored?.isAway ?? false;
  }

  /**
   * Returns a copy of every entity by its key, with MSAL Node's field names, for plugins that inspect the cache.
   *
   * @example
   * ```ts
   * const types = Object.values(app.getTokenCache().getKVStore()).map(({ credentialType }) => credentialType);
   * ```
   */
  getKVStore(): CacheKVStore {
    return keyValueStore(wholeDocument(this.#parts.memory));
  }

  /**
   * Returns all known users, with one entry for each tenant a user is known in.
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
   * Returns the users that match a filter, with one entry for each tenant a user is known in.
   *
   * @example
   * ```ts
   * const [account] = await app.getTokenCache().getAccounts({ username: "alice@contoso.example" });
   * ```
   */
  async getAccounts(wanted: AccountFilter = {}): Promise<AccountInfo[]> {
    const filter = requireRecord(wanted ?? {}, "filter");
    requireChoice(filter);
    const { clientId, authorities } = this.#parts;
    const url = filter.authority ? authorities.url(filter.authority) : undefined;
    const search = { filter, url, clientId, authorities };
    const { homeAccountId, localAccountId, username } = filter;
    if (homeAccountId) {
      const key = userPartition(homeAccountId);
      return this.read(key, (memory) => accountsIn(partitionsOf(memory, [key]), search));
    }
    const inMemory = (memory: TokenMemory): AccountInfo[] => {
      const name = localAccountId ? { localAccountId } : username ? { username } : undefined;
      const partitions = name ? partitionsOf(memory, usersBy(memory, name)) : memory.partitions.all("user");
      return accountsIn(partitions, search);
    };
    return this.stored
      ? this.#storedAccounts(this.stored, search, inMemory)
      : this.read(userPartition(""), inMemory);
  }

  /** Looks at all stored users, page by page, without taking the room of others in memory. */
  async #storedAccounts(
    stored: StoredCache,
    search: AccountSearch,
    inMemory: (memory: TokenMemory) => AccountInfo[],
  ): Promise<AccountInfo[]> {
    const found = new Map<string, AccountInfo[]>();
    for await (const page of stored.pages(USERS)) {
      if (page === "unavailable") return inMemory(this.#parts.memory);
      for (const { partition, document } of page) {
        const key = partitionNamed(partition);
        found.set(partition, accountsIn(partitionsOf(stored.loaded(key, document), [key]), search));
      }
    }
    return [...found.values()].flat();
  }

  /**
   * Returns the user with a home account id, or `null`.
   *
   * @throws ClientAuthError `multiple_matching_accounts` when users of several identity providers have this id;
   * choose one with {@link getAccounts}
   * @example
   * ```ts
   * const account = await app.getTokenCache().getAccountByHomeId(session.homeAccountId);
   * ```
   */
  async getAccountByHomeId(homeAccountId: string): Promise<AccountInfo | null> {
    const found = homeAccountId ? await this.getAccounts({ homeAccountId }) : [];
    return onlyProvidersAccount(found, "homeAccountId", this.#parts.authorities);
  }

  /**
   * Returns the user with an id in any tenant, or `null`.
   *
   * @throws ClientAuthError `multiple_matching_accounts`, as {@link getAccountByHomeId}
   * @example
   * ```ts
   * const found = await app.getTokenCache().getAccountByLocalId(account.localAccountId);
   * ```
   */
  async getAccountByLocalId(localAccountId: string): Promise<AccountInfo | null> {
    const found =
      typeof localAccountId === "string" && localAccountId ? await this.getAccounts({ localAccountId }) : [];
    return onlyProvidersAccount(found, "localAccountId", this.#parts.authorities);
  }

  /**
   * Removes a user of one identity provider: the account and all tokens, on-behalf-of tokens included, for every client
   * and under every host of the provider.
   *
   * @throws ClientAuthError `multiple_matching_accounts` when the account has no claims and could belong to several
   * providers; ClientConfigurationError `invalid_option` for a value that is not an account
   * @example
   * ```ts
   * await app.getTokenCache().removeAccount(account);
   * ```
   */
  async removeAccount(account: AccountInfo, _correlationId?: string): Promise<void> {
    // As in MSAL, a missing account is ignored.
    if (!account) return;
    requireAccount(account, "pass one from getAllAccounts() or from an earlier result");
    const { authorities } = this.#parts;
    const { homeAccountId, environment } = account;
    const environments = authorities.aliasesOf(environment);
    const key = userPartition(homeAccountId);
    const now = Math.floor(this.#parts.now() / 1000);
    const isOwn = await this.write(key, (memory, isLate) => {
      // The user has signed in again.
      if (isLate && hasNewerIn(memory, key, now)) return () => false;
      const known = accountsOf(memory, key).filter(({ entity }) => environments.has(entity.environment));
      const issuers = issuersOf(memory, key, environments);
      const provider = providerOf(account, known, issuers, authorities.isShared(environment));
      const removed = removeUser(memory, homeAccountId, { ...provider, environments });
      if (this.stored) noteRemoval(memory, key, { ...provider, environments }, now);
      return removed;
    });
    if (!this.stored) return;
    removeFromAssertions(this.#parts.memory, homeAccountId, isOwn);
    await this.stored.writeGroup(groupOfUser(homeAccountId), (memory, isLate) =>
      removeFromAssertions(memory, homeAccountId, isOwn, isLate ? now : Infinity),
    );
  }

  /**
   * Removes the application's own tokens, in every tenant.
   *
   * @example
   * ```ts
   * await app.getTokenCache().removeAppTokens();
   * ```
   */
  async removeAppTokens(): Promise<void> {
    const { memory, clientId } = this.#parts;
    const now = Math.floor(this.#parts.now() / 1000);
    const remove = (from: TokenMemory, isLate: boolean): void =>
      removeAppTokens(from, clientId, isLate ? now : Infinity);
    if (!this.stored) return this.write(appPartition(clientId, ""), remove);
    await this.stored.writeGroup(appGroup(clientId), remove);
    remove(memory, false);
  }

  /**
   * Replaces the cache in memory with the plugin's stored cache, as every access does first.
   *
   * @example
   * ```ts
   * await app.getTokenCache().overwriteCache();
   * ```
   */
  async overwriteCache(): Promise<void> {
    await this.read(userPartition(""), () => undefined);
  }
}

function partitionsOf(memory: TokenMemory, keys: readonly PartitionKey[]): readonly Partition[] {
  return keys.flatMap((key) => memory.partitions.peek(key) ?? []);
}

function hasNewerIn(memory: TokenMemory, key: PartitionKey, at: number): boolean {
  const partition = memory.partitions.peek(key);
  return partition !== undefined && hasNewer(partition, at);
}
