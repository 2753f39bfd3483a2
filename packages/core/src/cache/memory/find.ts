import { isOfRealm } from "../account-info.js";
import { answers } from "./answers.js";
import { isBoundTo } from "../schema/keys.js";
import { accessTokenFacts, hasKey, type CachedTokens, type Entry } from "./entry.js";
import { type Partition } from "./partition.js";
import { userPartition, type PartitionKey } from "./partition-key.js";
import type { TokenMemory } from "./token-memory.js";
import { entriesOf, isShared, issuersAt, type Provider } from "../provider.js";
import { THE_FAMILY } from "../schema/schema.js";

/** The partition, client and provider to search for a token. */
export interface TokenQuery extends Provider {
  readonly partition: PartitionKey;
  readonly clientId: string;
  /** Whether the token is bound to a key (RFC 9449); a bearer token by default. */
  readonly scheme?: "DPoP" | undefined;
  /** The resource that the refresh token is for alone. */
  readonly refreshesOnly?: string | undefined;
  /** Accepted realms, in lower case: tenants, or the realm of an issuer. */
  readonly realms: readonly string[];
}

/** A query for an access token, and what it must grant. */
export interface AccessTokenQuery extends TokenQuery {
  readonly scopes: readonly string[];
  /** The resource of the token (RFC 8707); when omitted, only tokens without a resource match. */
  readonly resource?: string | undefined;
  /** Other values the token is bound to (FMI path, static claims, extra parameters). */
  readonly components?: Readonly<Record<string, string>> | undefined;
  /** Also tokens that no API accepts: those of a token exchange. */
  readonly anyTokenType?: boolean;
  /** Another partition, in which other libraries may have put the token. */
  readonly alsoIn?: PartitionKey | undefined;
}

/**
 * Finds the tokens that match a query. Among several access tokens, prefers the one with the fewest scopes, then the
 * one that expires last.
 */
export function findTokens(memory: TokenMemory, query: AccessTokenQuery): CachedTokens | undefined {
  const partition = memory.partitions.get(query.partition);
  const found =
    partition &&
    (partition.memo.recall(query) ?? partition.memo.remember(query, bestOf(memory, partition, query)));
  if (found || !query.alsoIn) return found;
  return findTokens(memory, { ...query, partition: query.alsoIn, alsoIn: undefined });
}

/** Finds the ID token of a user in a tenant. */
export function findIdToken(memory: TokenMemory, query: TokenQuery): Entry<"IdToken"> | undefined {
  const partition = memory.partitions.peek(query.partition);
  return partition && idTokenIn(partition, query);
}

/** The same in a partition that has been found. */
export function idTokenIn(
  partition: Partition,
  query: Omit<TokenQuery, "partition">,
): Entry<"IdToken"> | undefined {
  const isOwn = entriesOf(partition, query);
  const isClients = (entry: Entry<"IdToken">): boolean =>
    entry.entity.client_id === query.clientId && isOwn(entry);
  const found = partition.find(
    "IdToken",
    (entry) => query.realms.includes(entry.entity.realm.toLowerCase()) && isClients(entry),
  );
  return found ?? (query.issuer === undefined ? undefined : partition.find("IdToken", isClients));
}

/**
 * Finds the refresh token of a user, the app's own or its family's. Among several under different hosts, prefers the
 * one written last. A refresh token that is bound to a key yields only access tokens that are bound to it (RFC 9449 §5),
 * so it is found for them, and preferred.
 */
export function findRefreshToken(
  memory: TokenMemory,
  query: TokenQuery,
  family: boolean,
): Entry<"RefreshToken"> | undefined {
  const partition = memory.partitions.get(query.partition);
  if (!partition) return undefined;
  const isOwn = entriesOf(partition, query);
  let best: Entry<"RefreshToken"> | undefined;
  for (const entry of partition.all("RefreshToken")) {
    const { entity } = entry;
    const fits =
      (family ? entity.family_id === THE_FAMILY : entity.client_id === query.clientId && !entity.family_id) &&
      isOwn(entry) &&
      (entity.resource || undefined) === query.refreshesOnly &&
      (!entity.realm || query.issuer !== undefined || query.realms.includes(entity.realm.toLowerCase()));
    const isBound = entity.key_id !== undefined;
    if (!fits || (isBound && !(query.scheme && hasKey(entity)))) continue;
    if (best && isBound !== (best.entity.key_id !== undefined)) {
      if (isBound) best = entry;
      continue;
    }
    if (!best || partition.writtenAt(entry) >= partition.writtenAt(best)) best = entry;
  }
  return best;
}

/** When a refresh token was written, in seconds since the epoch; 0 if unknown. */
export function writtenAt(memory: TokenMemory, key: PartitionKey, token: Entry<"RefreshToken">): number {
  return memory.partitions.peek(key)?.writtenAt(token) ?? 0;
}

/** Finds the account of a user at a provider. */
export function findAccount(
  memory: TokenMemory,
  { partition, ...provider }: Omit<TokenQuery, "clientId">,
): Entry<"Account"> | undefined {
  const found = memory.partitions.get(partition);
  const isOwn = found && entriesOf(found, provider);
  return found?.find(
    "Account",
    (entry) =>
      isOwn?.(entry) === true && (provider.issuer !== undefined || isOfRealm(entry, provider.realms)),
  );
}

/** Returns every account of a partition. */
export function accountsOf(memory: TokenMemory, partition: PartitionKey): readonly Entry<"Account">[] {
  return memory.partitions.peek(partition)?.all("Account") ?? [];
}

/** Returns the issuers of a host that have a user with a partition's id; see {@link issuersAt}. */
export function issuersOf(
  memory: TokenMemory,
  partition: PartitionKey,
  environments: ReadonlySet<string>,
): ReturnType<typeof issuersAt> {
  const found = memory.partitions.peek(partition);
  return found ? issuersAt(found, environments) : [];
}

/** Whether several providers have a user with a partition's id; see {@link isShared}. */
export function isSharedId(memory: TokenMemory, partition: PartitionKey, provider: Provider): boolean {
  const found = memory.partitions.peek(partition);
  return found !== undefined && isShared(found, provider);
}

/** Returns the scopes, in lower case, that a user has granted a client, according to the access tokens. */
export function grantedScopes(
  memory: TokenMemory,
  { partition, clientId, environments }: Pick<TokenQuery, "partition" | "clientId" | "environments">,
): ReadonlySet<string> {
  const granted = new Set<string>();
  for (const entry of memory.partitions.get(partition)?.all("AccessToken") ?? []) {
    const { client_id, environment } = entry.entity;
    if (client_id !== clientId || !environments.has(environment)) continue;
    for (const scope of accessTokenFacts(entry).scopes) granted.add(scope);
  }
  return granted;
}

/** Returns the id of a tenant that is named by its domain, if a cached token of a user has come from there. */
export function tenantOfDomain(
  memory: TokenMemory,
  { partition, environments }: Pick<TokenQuery, "partition" | "environments">,
  domain: string,
): string | undefined {
  let last: Entry<"AccessToken"> | undefined;
  for (const entry of memory.partitions.get(partition)?.all("AccessToken") ?? []) {
    const { tenant_domain, environment, cached_at } = entry.entity;
    if (tenant_domain !== domain || !environments.has(environment)) continue;
    if (!last || Number(cached_at) >= Number(last.entity.cached_at)) last = entry;
  }
  return last?.entity.realm.toLowerCase();
}

/** Returns the family an app belongs to, if known. */
export function familyOf(
  memory: TokenMemory,
  clientId: string,
  environments: ReadonlySet<string>,
): string | undefined {
  for (const { entity } of memory.state.appMetadata.values()) {
    if (entity.client_id === clientId && environments.has(entity.environment) && entity.family_id)
      return entity.family_id;
  }
  return undefined;
}

/** Returns the users with an id in any tenant, or with a user name. */
export function usersBy(
  memory: TokenMemory,
  name: { readonly localAccountId: string } | { readonly username: string },
): readonly PartitionKey[] {
  const index = memory.accountIndex();
  return "username" in name ? index.byUsername(name.username) : index.byLocalId(name.localAccountId);
}

function bestOf(
  memory: TokenMemory,
  partition: Partition,
  query: AccessTokenQuery,
): CachedTokens | undefined {
  const isOwn = entriesOf(partition, query);
  let accessToken: Entry<"AccessToken"> | undefined;
  for (const entry of partition.tokensFor(query.scopes)) {
    const facts = accessTokenFacts(entry);
    const fits =
      entry.entity.client_id === query.clientId &&
      (query.issuer !== undefined || query.realms.includes(facts.realm)) &&
      (query.scheme ? facts.dpop : facts.bearer || (query.anyTokenType === true && !facts.dpop)) &&
      isOwn(entry) &&
      (entry.entity.resource || undefined) === query.resource &&
      isBoundTo(entry.entity, query.components) &&
      answers(facts, query.scopes);
    if (fits && (!accessToken || isBetter(entry, accessToken))) accessToken = entry;
  }
  return accessToken && { accessToken, ...userOf(memory, accessToken, query) };
}

/**
 * Finds the user of an access token: in the same partition or, for an on-behalf-of token that was loaded, in the
 * user's own.
 */
function userOf(
  memory: TokenMemory,
  accessToken: Entry<"AccessToken">,
  query: TokenQuery,
): Pick<CachedTokens, "account" | "idToken"> {
  const { home_account_id: home, id_token_realm: tenant } = accessToken.entity;
  if (!home) return { account: undefined, idToken: undefined };
  const inTenant = typeof tenant === "string" ? { ...query, realms: [tenant.toLowerCase()] } : query;
  const user = { ...inTenant, partition: userPartition(home) };
  const account =
    findAccount(memory, { ...query, partition: inTenant.partition }) ??
    findAccount(memory, { ...query, partition: user.partition });
  const realms = [account?.entity.realm.toLowerCase() ?? ""];
  const idToken =
    findIdToken(memory, inTenant) ??
    findIdToken(memory, user) ??
    findIdToken(memory, { ...inTenant, realms }) ??
    findIdToken(memory, { ...user, realms });
  return { account, idToken };
}

function isBetter(candidate: Entry<"AccessToken">, best: Entry<"AccessToken">): boolean {
  const a = accessTokenFacts(candidate);
  const b = accessTokenFacts(best);
  return a.scopes.size !== b.scopes.size ? a.scopes.size < b.scopes.size : a.expiresOn > b.expiresOn;
}
