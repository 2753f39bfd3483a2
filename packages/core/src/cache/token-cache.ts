import type { AccountInfo } from "../account.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { matches, requireChoice, type AccountFilter } from "./account-filter.js";
import { accountProfiles, idTokenRealms } from "./account-info.js";
import { isOfAuthority, onlyProvidersAccount, providerOf } from "./account-provider.js";
import { hasNewer, noteRemoval } from "./memory/age.js";
import { accountsOf, idTokenIn, issuersOf, users, usersBy } from "./memory/find.js";
import { wholeDocument } from "./memory/load-and-dump.js";
import type { Entry } from "./memory/entry.js";
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
  /** Returns all hosts of the same identity provider as the given host. */
  readonly aliasesOf: (environment: string) => ReadonlySet<string>;
  /** Whether the application uses several providers at a host. */
  readonly isShared: (environment: string) => boolean;
  /** Parses an authority URL. */
  readonly urlOf: (authority: string) => AuthorityUrl;
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
    const { aliasesOf, urlOf } = this.#parts;
    requireChoice(filter);
    const url = filter.authority ? urlOf(filter.authority) : undefined;
    const isWanted = (account: AccountInfo): boolean =>
      matches(account, filter) && (!url || isOfAuthority(account, url, aliasesOf(url.host)));
    const look = (memory: TokenMemory, keys: readonly PartitionKey[]): AccountInfo[] => {
      // Loops, because an app may have many thousand users.
      const found: AccountInfo[] = [];
      for (const key of keys) {
        const partition = memory.partitions.peek(key);
        if (!partition) continue;
        for (const entry of partition.all("Account")) {
          if (entry.entity.agents_only === true) continue;
          for (const account of this.#profiles(partition, entry)) if (isWanted(account)) found.push(account);
        }
      }
      return found;
    };
    if (filter.homeAccountId) {
      const key = userPartition(filter.homeAccountId);
      return this.read(key, (memory) => look(memory, [key]));
    }
    const lookAtAll = (memory: TokenMemory): AccountInfo[] => {
      const { localAccountId, username } = filter;
      if (localAccountId) return look(memory, usersBy(memory, { localAccountId }));
      if (username) return look(memory, usersBy(memory, { username }));
      return look(memory, users(memory));
    };
    return this.stored
      ? this.#storedAccounts(this.stored, look, lookAtAll)
      : this.read(userPartition(""), lookAtAll);
  }

  /** Looks at all stored users, page by page, without taking the room of others in memory. */
  async #storedAccounts(
    stored: StoredCache,
    look: (memory: TokenMemory, keys: readonly PartitionKey[]) => AccountInfo[],
    lookAtAll: (memory: TokenMemory) => AccountInfo[],
  ): Promise<AccountInfo[]> {
    const found = new Map<string, AccountInfo[]>();
    for await (const page of stored.pages(USERS)) {
      if (page === "unavailable") return lookAtAll(this.#parts.memory);
      for (const { partition, document } of page) {
        const key = partitionNamed(partition);
        found.set(partition, look(stored.loaded(key, document), [key]));
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
    return onlyProvidersAccount(found, "homeAccountId", this.#parts.aliasesOf);
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
    return onlyProvidersAccount(found, "localAccountId", this.#parts.aliasesOf);
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
    const { aliasesOf, isShared } = this.#parts;
    const { homeAccountId, environment } = account;
    const environments = aliasesOf(environment);
    const key = userPartition(homeAccountId);
    const now = Math.floor(this.#parts.now() / 1000);
    const isOwn = await this.write(key, (memory, isLate) => {
      // The user has signed in again.
      if (isLate && hasNewerIn(memory, key, now)) return () => false;
      const known = accountsOf(memory, key).filter(({ entity }) => environments.has(entity.environment));
      const issuers = issuersOf(memory, key, environments);
      const provider = providerOf(account, known, issuers, isShared(environment));
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

  #profiles(partition: Partition, entry: Entry<"Account">): AccountInfo[] {
    const { clientId, aliasesOf } = this.#parts;
    const { entity } = entry;
    const environments = aliasesOf(entity.environment);
    return accountProfiles(entry, (tenantId) =>
      idTokenIn(partition, { clientId, environments, realms: idTokenRealms(entity, tenantId) }),
    );
  }
}

function hasNewerIn(memory: TokenMemory, key: PartitionKey, at: number): boolean {
  const partition = memory.partitions.peek(key);
  return partition !== undefined && hasNewer(partition, at);
}
