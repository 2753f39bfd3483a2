import { tenantOfRealm } from "../account-info.js";
import type { TokenMemory } from "./token-memory.js";
import { accessTokenKey, accountKey, idTokenKey, isBoundTo, refreshTokenKey } from "../schema/keys.js";
import { accessTokenFacts, isEntry, Partition, supersedes, type Entry } from "./partition.js";
import { userPartition, type PartitionKey } from "./partition-key.js";
import { entriesOf, type Provider } from "../provider.js";
import { mergeAccount, type CacheRecord } from "../record.js";
import {
  ADFS,
  type AccessTokenEntity,
  type IdTokenEntity,
  type RefreshTokenEntity,
} from "../schema/schema.js";

/**
 * Writes one response's tokens. What they replace goes, whatever host it stands under, and so does what has expired;
 * access tokens with overlapping scopes give way to the new one.
 */
export function saveTokens(
  memory: TokenMemory,
  record: CacheRecord,
  environments: ReadonlySet<string>,
): void {
  const now = memory.now() / 1000;
  const partition = memory.partitions.get(record.partition)?.copy() ?? new Partition();
  partition.remove(
    (entry) => isEntry(entry, "AccessToken") && accessTokenFacts(entry).extendedExpiresOn < now,
  );
  const provider = providerOf(record, environments);
  // An assertion, and a session on behalf of a user, is of one user: who begins a session anew takes over nothing.
  if (record.partition.kind === "assertion") partition.remove((entry) => isOfAnother(entry, record));
  const client = (record.accessToken ?? record.refreshToken)?.client_id;
  const isOwn = entriesOf(partition, provider);
  // What came on behalf of the user gives way to a sign-in of the user's own.
  if (record.partition.kind === "user" && !isLent(record))
    partition.remove(
      ({ entity, ...entry }) =>
        entity["on_behalf_of"] === true && entity["client_id"] === client && isOwn({ entity, ...entry }),
    );
  putTokens(partition, record, provider);
  putUser(partition, record, provider);
  memory.put(record.partition, partition);
  const home = record.account?.home_account_id;
  // The user of an on-behalf-of token is known as a user, too.
  if (home && record.partition.kind !== "user") {
    const user = memory.partitions.get(userPartition(home))?.copy() ?? new Partition();
    putUser(user, record, provider);
    memory.put(userPartition(home), user);
  }
  if (record.appMetadata) memory.replaceAppMetadata(record.appMetadata, environments);
}

/**
 * Keeps for a user's account what came on behalf of the user, so that work goes on when the call is over. A sign-in of the
 * user's own comes first: what it brought is neither replaced nor mixed with what an assertion brought.
 */
export function lendTokens(
  memory: TokenMemory,
  record: CacheRecord,
  environments: ReadonlySet<string>,
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
  if (!hasSignedIn) saveTokens(memory, record, environments);
}

function isLent({ accessToken, refreshToken }: CacheRecord): boolean {
  return accessToken?.on_behalf_of === true || refreshToken?.on_behalf_of === true;
}

/** Forgets the entries of other providers' users in a partition. */
export function removeForeign(memory: TokenMemory, key: PartitionKey, provider: Provider): void {
  const found = memory.partitions.get(key);
  const isOwn = found && entriesOf(found, provider);
  if (isOwn) memory.remove(key, (entry) => !isOwn(entry));
}

/** Forgets one refresh token, if it is still the one that is kept. */
export function removeRefreshToken(memory: TokenMemory, key: PartitionKey, secret: string): void {
  memory.remove(key, (entry) => isEntry(entry, "RefreshToken") && entry.entity.secret === secret);
}

/** Forgets a user of a provider: account, ID tokens, access tokens (on behalf of the user, too), refresh tokens. */
export function removeUser(memory: TokenMemory, homeAccountId: string, provider: Provider): void {
  const user = userPartition(homeAccountId);
  const isOwn = entriesOf(memory.partitions.peek(user) ?? new Partition(), provider);
  memory.remove(user, isOwn);
  for (const [key, partition] of [...memory.partitions.entries("assertion")]) {
    const fits = (entry: Entry): boolean => entry.entity["home_account_id"] === homeAccountId && isOwn(entry);
    if (partition.has(fits)) memory.remove(key, fits);
  }
}

/** Forgets the tokens of an app itself, in every tenant. */
export function removeAppTokens(memory: TokenMemory, clientId: string): void {
  for (const [key] of [...memory.partitions.entries("app")]) {
    memory.remove(key, ({ entity }) => entity["client_id"] === clientId);
  }
}

/** Whether an entry is of another user than the one a response is for. */
function isOfAnother({ section, entity }: Entry, record: CacheRecord): boolean {
  const { accessToken, refreshToken, idToken, account } = record;
  const user = accessToken ?? refreshToken ?? idToken ?? account;
  return (
    user !== undefined && section !== "AppMetadata" && entity["home_account_id"] !== user.home_account_id
  );
}

function putUser(partition: Partition, { account, idToken }: CacheRecord, provider: Provider): void {
  if (account) {
    const isOwn = entriesOf(partition, provider);
    const known = [...partition.all("Account")].filter(isOwn);
    const entity = known.reduceRight((merged, older) => mergeAccount(merged, older.entity), account);
    partition.remove((entry) => isEntry(entry, "Account") && known.includes(entry));
    partition.put({ section: "Account", key: accountKey(entity), entity });
  }
  if (idToken) {
    partition.remove(
      (entry) => isEntry(entry, "IdToken") && sameOwner(entry, idToken, provider.environments),
    );
    partition.put({ section: "IdToken", key: idTokenKey(idToken), entity: idToken });
  }
}

/** Who has issued what a record holds. */
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

function putTokens(
  partition: Partition,
  { accessToken, refreshToken }: CacheRecord,
  provider: Provider,
): void {
  const { environments } = provider;
  if (accessToken) {
    const entry: Entry<"AccessToken"> = {
      section: "AccessToken",
      key: accessTokenKey(accessToken),
      entity: accessToken,
    };
    partition.remove((other) => isReplacedBy(other, entry, environments));
    partition.put(entry);
  }
  if (refreshToken) {
    const isOwn = entriesOf(partition, provider);
    partition.remove(
      (entry) =>
        isEntry(entry, "RefreshToken") && isOwn(entry) && isRotatedBy(entry, refreshToken, environments),
    );
    partition.put({ section: "RefreshToken", key: refreshTokenKey(refreshToken), entity: refreshToken });
  }
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
  if (fresh.family_id) return true;
  const realm = (entity.realm ?? "").toLowerCase();
  return (
    entity.client_id === fresh.client_id && (realm === "" || realm === (fresh.realm ?? "").toLowerCase())
  );
}

function isReplacedBy(other: Entry, entry: Entry<"AccessToken">, environments: ReadonlySet<string>): boolean {
  if (!isEntry(other, "AccessToken") || !sameOwner(other, entry.entity, environments)) return false;
  const older = accessTokenFacts(other);
  const newer = accessTokenFacts(entry);
  return (
    older.bearer === newer.bearer &&
    (other.entity.resource ?? "") === (entry.entity.resource ?? "") &&
    isBoundTo(other.entity, entry.entity.additionalCacheKeyComponents) &&
    supersedes(newer, older)
  );
}
