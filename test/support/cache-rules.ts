import {
  partitionName,
  userPartition,
  type PartitionKey,
} from "../../packages/core/src/cache/memory/partition-key.js";
import type { TokenQuery } from "./memory-cache.js";
import type {
  AccessTokenEntity,
  AccountEntity,
  IdTokenEntity,
  RefreshTokenEntity,
} from "../../packages/core/src/cache/schema/schema.js";

/* What fits what, in the model of the token cache: written from its documentation, not from its code. */

/** An entity, and the partition it was written to. */
export interface Held<T> {
  /** The name of the partition. */
  readonly owner: string;
  readonly entity: T;
}

export type Aliases = ReadonlySet<string>;

export function ofOwner<T>(list: readonly Held<T>[], partition: PartitionKey): readonly T[] {
  return list.filter((held) => held.owner === partitionName(partition)).map(({ entity }) => entity);
}

export function userOf(home: string): string {
  return partitionName(userPartition(home));
}

/** The words of a scope string, in lower case. */
export function wordsOf(target: string): readonly string[] {
  return lower(target).split(" ").filter(Boolean);
}

/** What a request really asks for: OpenID Connect's own scopes only count when there are no others. */
export function wanted(scopes: readonly string[]): readonly string[] {
  const words = scopes.map(lower).filter((word) => word !== "offline_access");
  const resource = words.filter((word) => !["openid", "profile", "email"].includes(word));
  if (resource.length > 0) return resource;
  return words.length > 0 ? words : ["openid", "profile"];
}

export function isFor(token: IdTokenEntity, { clientId, environments, realms }: TokenQuery): boolean {
  return (
    token.client_id === clientId && environments.has(token.environment) && realms.includes(lower(token.realm))
  );
}

export function isBearer({ token_type = "Bearer" }: AccessTokenEntity): boolean {
  return lower(token_type) === "bearer";
}

/** Whether an older access token gives way to a newer one: the same holder, and a scope in common. */
export function givesWay(older: AccessTokenEntity, newer: AccessTokenEntity, aliases: Aliases): boolean {
  return (
    isSameHolder(older, newer, aliases) &&
    isBearer(older) === isBearer(newer) &&
    sameComponents(older.additionalCacheKeyComponents, newer.additionalCacheKeyComponents) &&
    wanted(wordsOf(newer.target)).some((word) => wordsOf(older.target).includes(word))
  );
}

export function isRotated(older: RefreshTokenEntity, newer: RefreshTokenEntity, aliases: Aliases): boolean {
  const sameKind = (older.family_id ?? "") === (newer.family_id ?? "");
  return (
    aliases.has(older.environment) &&
    sameKind &&
    (Boolean(newer.family_id) || older.client_id === newer.client_id)
  );
}

export function isSameHolder(older: IdTokenEntity, newer: IdTokenEntity, aliases: Aliases): boolean {
  return (
    older.client_id === newer.client_id &&
    aliases.has(older.environment) &&
    lower(older.realm) === lower(newer.realm)
  );
}

export function lastUse({ extended_expires_on, expires_on }: AccessTokenEntity): number {
  return Number(extended_expires_on ?? expires_on);
}

export function sameComponents(a: AccessTokenEntity["additionalCacheKeyComponents"], b: typeof a): boolean {
  const text = (components: typeof a): string => JSON.stringify(Object.entries(components ?? {}).sort());
  return text(a) === text(b);
}

export interface Profile {
  readonly tenantId: string;
  readonly localAccountId: string;
  readonly username: string;
}

/** The tenants an account is known in. */
export function profilesOf(account: AccountEntity): readonly Profile[] {
  return (account.tenantProfiles ?? []).map((text) => JSON.parse(text) as Profile);
}

export function withProfilesOf(fresh: AccountEntity, known: AccountEntity | undefined): AccountEntity {
  const news = profilesOf(fresh);
  const others = (known ? profilesOf(known) : []).filter(
    (one) => !news.some(({ tenantId }) => tenantId === one.tenantId),
  );
  return {
    ...(known ?? fresh),
    tenantProfiles: [...others, ...news].map((profile) => JSON.stringify(profile)),
  };
}

export function lower(text: string): string {
  return text.toLowerCase();
}
