import type { AccountInfo } from "../account.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { matches, type AccountFilter } from "./account-filter.js";
import { accountProfiles, idTokenRealms } from "./account-info.js";
import { isOfAuthority, onlyProvidersAccount, providerOf } from "./account-provider.js";
import { accountsOf, findIdToken, issuersOf, users, usersBy } from "./memory/find.js";
import { wholeDocument } from "./memory/load-and-dump.js";
import type { Entry } from "./memory/partition.js";
import {
  appPartition,
  partitionName,
  partitionNamed,
  userPartition,
  type PartitionKey,
} from "./memory/partition-key.js";
import type { TokenMemory } from "./memory/token-memory.js";
import { removeAppTokens, removeUser } from "./memory/write.js";
import { requireAccount, requireRecord } from "../request/field-types.js";
import { keyValueStore, type CacheKVStore } from "./schema/key-value-store.js";
import { CacheAccess, type CacheParts } from "./storage/cache-access.js";

/** What {@link TokenCache} is made of. */
export interface TokenCacheParts extends CacheParts {
  readonly clientId: string;
  /** All hosts that mean the same identity provider as the given one. */
  readonly aliasesOf: (environment: string) => ReadonlySet<string>;
  /** Whether the application uses several providers at a host. */
  readonly isShared: (environment: string) => boolean;
  /** Takes the URL of an authority apart. */
  readonly urlOf: (authority: string) => AuthorityUrl;
}

/** The token cache of an application: accounts, and the whole cache as JSON. */
export class TokenCache extends CacheAccess {
  readonly #parts: TokenCacheParts;

  /** @internal */
  constructor(parts: TokenCacheParts) {
    super(parts);
    this.#parts = parts;
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
    return keyValueStore(wholeDocument(this.#parts.memory));
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
  async getAccounts(wanted: AccountFilter = {}): Promise<AccountInfo[]> {
    const filter = requireRecord(wanted ?? {}, "filter");
    const { store, aliasesOf, urlOf } = this.#parts;
    const url = filter.authority ? urlOf(filter.authority) : undefined;
    const look = (memory: TokenMemory, keys: readonly PartitionKey[]): AccountInfo[] =>
      keys
        .flatMap((key) => accountsOf(memory, key).flatMap((entry) => this.#profiles(memory, key, entry)))
        .filter((account) => matches(account, filter))
        .filter((account) => !url || isOfAuthority(account, url, aliasesOf(url.host)));
    const lookAt = async (key: PartitionKey): Promise<AccountInfo[]> =>
      this.read(key, (memory) => look(memory, [key]));
    if (filter.homeAccountId) return lookAt(userPartition(filter.homeAccountId));
    if (store) {
      const keys = (await store.list("user:")).map(partitionNamed);
      return (await Promise.all(keys.map(lookAt))).flat();
    }
    return this.read(userPartition(""), (memory) => {
      const { localAccountId, username } = filter;
      if (localAccountId) return look(memory, usersBy(memory, { localAccountId }));
      if (username) return look(memory, usersBy(memory, { username }));
      return look(memory, users(memory));
    });
  }

  /**
   * The user with a home account id, or `null`.
   *
   * @throws ClientAuthError `multiple_matching_accounts` when users of several identity providers have this id: choose with
   * {@link getAccounts}
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
   * The user with an id in some tenant, or `null`.
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
   * Forgets a user: the account and all tokens, of every client, under every host of the identity provider, and of no other
   * provider. With a {@link TokenStore}, on-behalf-of tokens stay until they expire.
   *
   * @throws ClientAuthError `multiple_matching_accounts` when the account has lost its claims, and nothing tells which of
   * several providers it belongs to; ClientConfigurationError `invalid_option` for what is not an account
   * @example
   * ```ts
   * await app.getTokenCache().removeAccount(account);
   * ```
   */
  async removeAccount(account: AccountInfo, _correlationId?: string): Promise<void> {
    // As in MSAL: without an account there is nobody to forget.
    if (!account) return;
    requireAccount(account, "pass one from getAllAccounts() or from an earlier result");
    const { aliasesOf, isShared } = this.#parts;
    const { homeAccountId, environment } = account;
    const environments = aliasesOf(environment);
    const key = userPartition(homeAccountId);
    await this.write(key, (memory) => {
      const known = accountsOf(memory, key).filter(({ entity }) => environments.has(entity.environment));
      const issuers = issuersOf(memory, key, environments);
      const provider = providerOf(account, known, issuers, isShared(environment));
      removeUser(memory, homeAccountId, { ...provider, environments });
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
    const { memory, clientId, store } = this.#parts;
    const key = appPartition(clientId, "");
    if (!store) return this.write(key, () => removeAppTokens(memory, clientId));
    for (const name of await store.list(partitionName(key))) await store.remove(name);
    removeAppTokens(memory, clientId);
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

  #profiles(memory: TokenMemory, key: PartitionKey, entry: Entry<"Account">): AccountInfo[] {
    const { clientId, aliasesOf } = this.#parts;
    const { entity } = entry;
    const environments = aliasesOf(entity.environment);
    return accountProfiles(entry, (tenantId) =>
      findIdToken(memory, {
        partition: key,
        clientId,
        environments,
        realms: idTokenRealms(entity, tenantId),
      }),
    );
  }
}
