import { supersedes } from "./answers.js";
import { tenantOfRealm } from "../account-info.js";
import type { TokenMemory } from "./token-memory.js";
import { accessTokenKey, accountKey, idTokenKey, isBoundTo, refreshTokenKey } from "../schema/keys.js";
import { isOutdated, wasRemovedAfter, type Received } from "./age.js";
import { accessTokenFacts, isEntry, type Entry } from "./entry.js";
import { Partition } from "./partition.js";
import { userPartition, type PartitionKey } from "./partition-key.js";
import { entriesOf, type Provider } from "../provider.js";
import { mergeAccount } from "../merge-account.js";
import type { CacheRecord } from "../record.js";
import {
  ADFS,
  type AccessTokenEntity,
  type IdTokenEntity,
  type RefreshTokenEntity,
} from "../schema/schema.js";

/**
 * Writes the tokens of one response, unless the partition has newer ones. Removes expired tokens, entries that they replace under any host of the
 * provider, and access tokens with overlapping scopes.
 */
export function saveTokens(
  memory: TokenMemory,
  record: CacheRecord,
  environments: ReadonlySet<string>,
  received?: Received,
): void {
  const now = memory.now() / 1000;
  const partition = memory.partitions.get(record.partition)?.copy() ?? new Partition();
  partition.removeExpired(now);
  const provider = providerOf(record, environments);
  if (received && isOfRemoved(partition, record, provider, received)) return;
  // A partition for an assertion or session belongs to one user; starting it again discards the previous user's
  // tokens.
  if (record.partition.kind === "assertion") partition.remove((entry) => isOfAnother(entry, record));
  // A sign-in of the user replaces on-behalf-of tokens.
  if (record.partition.kind === "user" && !isLent(record)) removeLent(partition, record, provider);
  if (putTokens(partition, record, provider, received)) putUser(partition, record, provider);
  memory.put(record.partition, partition);
  const home = record.account?.home_account_id;
  // The user of an on-behalf-of token is also cached as a user.
  if (home && record.partition.kind !== "user") {
    const user = memory.partitions.get(userPartition(home))?.copy() ?? new Partition();
    putUser(user, record, provider);
    memory.put(userPartition(home), user);
  }
  if (record.appMetadata) memory.replaceAppMetadata(record.appMetadata, environments);
}

/**
 * Keeps on-behalf-of tokens for the user's account, so that background work can continue after the call. A sign-in of the
 * user takes precedence: its tokens are neither replaced nor mixed with those of an assertion.
 */
export function lendTokens(
  memory: TokenMemory,
  record: CacheRecord,
  environments: ReadonlySet<string>,
  received?: Received,
): void {
  const now = memory.now() / 1000;
  const known = memory.partitions.get(record.partition);
  const isOwn = known && entriesOf(known, providerOf(record, environments));
  const client = (record.accessToken ?? record.refreshToken)?.client_id;
  const hasSignedIn = known?.has(
    (entry) =>
      (isEntry(entry, "RefreshToken") || isEntry(entry, "AccessToken")) &&
      entry.entity.client_id === client &&
      entry.entity.on_behalf_of !== true &&
      Number(entry.entity.expires_on ?? Infinity) > now &&
      isOwn?.(entry) === true,
  );
  if (!hasSignedIn) saveTokens(memory, record, environments, received);
}

/** Whether the user has been removed since the tokens were requested. A sign-in that is not late counts in any case. */
function isOfRemoved(
  partition: Partition,
  record: CacheRecord,
  provider: Provider,
  { at, redeemed, isLate }: Received,
): boolean {
  if (record.partition.kind !== "user" || !(isLate || isLent(record))) return false;
  // Times are whole seconds. Of a refresh and a removal in the same one, the removal counts; of a sign-in, the sign-in.
  return wasRemovedAfter(partition, provider, redeemed === undefined ? at : at - 1);
}

function removeLent(
  partition: Partition,
  { accessToken, refreshToken }: CacheRecord,
  provider: Provider,
): void {
  const client = (accessToken ?? refreshToken)?.client_id;
  const isCandidate = ({ entity }: Entry): boolean =>
    entity["on_behalf_of"] === true && entity["client_id"] === client;
  if (!partition.has(isCandidate)) return;
  const isOwn = entriesOf(partition, provider);
  partition.remove((entry) => isCandidate(entry) && isOwn(entry));
}

function isLent({ accessToken, refreshToken }: CacheRecord): boolean {
  return accessToken?.on_behalf_of === true || refreshToken?.on_behalf_of === true;
}

/** Replaces a refresh token that has been redeemed, if it is still the cached one. */
export function replaceRefreshToken(
  memory: TokenMemory,
  key: PartitionKey,
  redeemed: string,
  { secret, expires_on }: RefreshTokenEntity,
): void {
  const partition = memory.partitions.get(key)?.copy();
  const old = partition?.find("RefreshToken", ({ entity }) => entity.secret === redeemed);
  if (!partition || !old) return;
  const { expires_on: _, ...rest } = old.entity;
  const entity = { ...rest, secret, ...(expires_on ? { expires_on } : {}) };
  partition.put({ section: "RefreshToken", key: old.key, entity });
  memory.put(key, partition);
}

/** Whether an entry belongs to a user other than that of the response. */
function isOfAnother({ section, entity }: Entry, record: CacheRecord): boolean {
  const { accessToken, refreshToken, idToken, account } = record;
  const user = accessToken ?? refreshToken ?? idToken ?? account;
  return (
    user !== undefined && section !== "AppMetadata" && entity["home_account_id"] !== user.home_account_id
  );
}

function putUser(partition: Partition, { account, idToken, claims }: CacheRecord, provider: Provider): void {
  if (account) {
    const accounts = partition.all("Account");
    const known = accounts.length > 0 ? accounts.filter(entriesOf(partition, provider)) : accounts;
    const entity = known.reduceRight((merged, older) => mergeAccount(merged, older.entity), account);
    const key = accountKey(entity);
    partition.removeOf("Account", (entry) => known.includes(entry));
    // A user who signs in again, and of whom nothing has changed, keeps the entry and what was read from it.
    const same = known.find((entry) => entry.entity === entity && entry.key === key);
    partition.put(same ?? { section: "Account", key, entity });
  }
  if (idToken) {
    partition.removeOf("IdToken", (entry) => sameOwner(entry, idToken, provider.environments));
    partition.put({ section: "IdToken", key: idTokenKey(idToken), entity: idToken, facts: claims });
  }
}

/** Returns the provider that issued a record. */
function providerOf(
  { issuer, account, accessToken, refreshToken, idToken }: CacheRecord,
  environments: ReadonlySet<string>,
): Provider {
  if (issuer !== undefined) {
    const { realm = "" } = accessToken ?? refreshToken ?? idToken ?? account ?? {};
    return { environments, issuer, realms: [realm.toLowerCase()] };
  }
  return { environments, kind: account && (account.authority_type === ADFS ? "adfs" : "entra") };
}

/** Returns whether nothing in the partition is newer than the tokens. */
function putTokens(
  partition: Partition,
  { accessToken, refreshToken }: CacheRecord,
  provider: Provider,
  received: Received | undefined,
): boolean {
  const { environments } = provider;
  const rotated = refreshToken ? rotatedBy(refreshToken, partition, provider) : [];
  if (received && isOutdated(partition, rotated, received)) return false;
  if (accessToken) {
    const entry: Entry<"AccessToken"> = {
      section: "AccessToken",
      key: accessTokenKey(accessToken),
      entity: accessToken,
    };
    const older = [...partition.tokensBefore(accessTokenFacts(entry))];
    partition.removeTokens(older.filter((other) => isReplacedBy(other, entry, environments)));
    partition.put(entry);
  }
  if (refreshToken) {
    partition.removeOf("RefreshToken", (entry) => rotated.includes(entry));
    partition.put({ section: "RefreshToken", key: refreshTokenKey(refreshToken), entity: refreshToken });
  }
  return true;
}

/** Returns the refresh tokens of a provider that a new one replaces. */
function rotatedBy(
  fresh: RefreshTokenEntity,
  partition: Partition,
  provider: Provider,
): readonly Entry<"RefreshToken">[] {
  const similar = partition
    .all("RefreshToken")
    .filter((entry) => isRotatedBy(entry, fresh, provider.environments));
  return similar.length > 0 ? similar.filter(entriesOf(partition, provider)) : similar;
}

function sameOwner(
  entry: Entry<"IdToken"> | Entry<"AccessToken">,
  credential: IdTokenEntity | AccessTokenEntity,
  environments: ReadonlySet<string>,
): boolean {
  const { client_id, environment, realm } = entry.entity;
  return (
    client_id === credential.client_id &&
    environments.has(environment) &&
    tenantOfRealm(realm, credential.home_account_id ?? "").toLowerCase() === credential.realm.toLowerCase()
  );
}

function isRotatedBy(
  { entity }: Entry<"RefreshToken">,
  fresh: RefreshTokenEntity,
  environments: ReadonlySet<string>,
): boolean {
  if (!environments.has(entity.environment) || (entity.family_id ?? "") !== (fresh.family_id ?? ""))
    return false;
  if ((entity.key_id === undefined) !== (fresh.key_id === undefined)) return false;
  if ((entity.resource ?? "") !== (fresh.resource ?? "")) return false;
  if (fresh.family_id) return true;
  const realm = (entity.realm ?? "").toLowerCase();
  return (
    entity.client_id === fresh.client_id && (realm === "" || realm === (fresh.realm ?? "").toLowerCase())
  );
}

function isReplacedBy(
  other: Entry<"AccessToken">,
  entry: Entry<"AccessToken">,
  environments: ReadonlySet<string>,
): boolean {
  if (!sameOwner(other, entry.entity, environments)) return false;
  const older = accessTokenFacts(other);
  const newer = accessTokenFacts(entry);
  return (
    older.bearer === newer.bearer &&
    older.dpop === newer.dpop &&
    (other.entity.resource ?? "") === (entry.entity.resource ?? "") &&
    isBoundTo(other.entity, entry.entity.additionalCacheKeyComponents) &&
    supersedes(newer, older)
  );
}
