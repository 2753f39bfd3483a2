import {
  accountsOf,
  familyOf,
  findAccount,
  findIdToken,
  findRefreshToken,
  findTokens,
  grantedScopes,
  usersBy,
  type AccessTokenQuery,
  type TokenQuery,
} from "../../packages/core/src/cache/memory/find.js";
import {
  loadDocument,
  loadPartition,
  partitionDocument,
  wholeDocument,
} from "../../packages/core/src/cache/memory/load-and-dump.js";
import type { PartitionKey } from "../../packages/core/src/cache/memory/partition-key.js";
import { TokenMemory } from "../../packages/core/src/cache/memory/token-memory.js";
import {
  removeAppTokens,
  removeForeign,
  removeRefreshToken,
  removeUser,
} from "../../packages/core/src/cache/memory/remove.js";
import { saveTokens } from "../../packages/core/src/cache/memory/write.js";
import type { Provider } from "../../packages/core/src/cache/provider.js";
import type { CacheRecord } from "../../packages/core/src/cache/record.js";
import type { CacheDocument } from "../../packages/core/src/cache/schema/document.js";

export type { AccessTokenQuery, TokenQuery };

/** The memory of the cache with everything that can be done to it as methods, which tests call by name. */
export class MemoryCache extends TokenMemory {
  findTokens = (query: AccessTokenQuery) => findTokens(this, query);
  findIdToken = (query: TokenQuery) => findIdToken(this, query);
  findRefreshToken = (query: TokenQuery, family: boolean) => findRefreshToken(this, query, family);
  findAccount = (query: Omit<TokenQuery, "clientId">) => findAccount(this, query);
  accountsOf = (key: PartitionKey) => accountsOf(this, key);
  grantedScopes = (partition: PartitionKey, clientId: string, environments: ReadonlySet<string>) =>
    grantedScopes(this, { partition, clientId, environments });
  familyOf = (clientId: string, environments: ReadonlySet<string>) => familyOf(this, clientId, environments);
  users = () => [...this.partitions.entries("user")].map(([key]) => key);
  usersBy = (name: { readonly localAccountId: string } | { readonly username: string }) =>
    usersBy(this, name);
  save = (record: CacheRecord, environments: ReadonlySet<string>) => saveTokens(this, record, environments);
  removeForeign = (key: PartitionKey, provider: Provider) => removeForeign(this, key, provider);
  removeRefreshToken = (key: PartitionKey, secret: string) => removeRefreshToken(this, key, secret);
  removeUser = (
    home: string,
    environments: ReadonlySet<string>,
    provider: Omit<Provider, "environments"> = {},
  ) => removeUser(this, home, { ...provider, environments });
  removeAppTokens = (clientId: string) => removeAppTokens(this, clientId);
  removePartition = (key: PartitionKey) => this.put(key, undefined);
  clear = () => this.replace(this.emptyState());
  load = (document: CacheDocument, replace: boolean) => loadDocument(this, document, replace);
  document = () => wholeDocument(this);
  loadPartition = (key: PartitionKey, document: CacheDocument) => loadPartition(this, key, document);
  partitionDocument = (key: PartitionKey) => partitionDocument(this, key);
  partitionExpiry = (key: PartitionKey) => this.partitions.get(key)?.lastExpiry() ?? 0;
}
