import { isObject, parseJsonObject } from "../../encoding.js";
import type { CacheDocument } from "./document.js";
import { SECTIONS, type AccountEntity } from "./schema.js";

/** An entity with MSAL Node's field names (`homeAccountId` for `home_account_id`). */
export type ValidCacheType = Record<string, unknown>;

/** Entities by their keys. */
export type CacheKVStore = Record<string, ValidCacheType>;

/** An account with MSAL Node's field names, as passed to partition managers. */
export interface PeerAccountEntity extends ValidCacheType {
  readonly homeAccountId: string;
  readonly environment: string;
  readonly realm: string;
  readonly localAccountId: string;
  readonly username: string;
  readonly authorityType: string;
}

/** Returns all entities of a document by their keys, with MSAL Node's field names. */
export function keyValueStore(document: CacheDocument): CacheKVStore {
  const store: CacheKVStore = {};
  for (const section of SECTIONS) {
    const entities = document[section];
    if (!isObject(entities)) continue;
    for (const [key, entity] of Object.entries(entities)) {
      if (isObject(entity)) store[key] = camelCased(entity);
    }
  }
  return store;
}

/** Returns an account with MSAL Node's field names. */
export function peerAccount(entity: AccountEntity): PeerAccountEntity {
  return camelCased(entity) as PeerAccountEntity;
}

function camelCased(entity: Readonly<Record<string, unknown>>): ValidCacheType {
  const named = Object.entries(entity).map(([field, value]) => {
    const name = field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [name, name === "tenantProfiles" && Array.isArray(value) ? value.map(parsed) : value] as const;
  });
  return Object.fromEntries(named);
}

function parsed(profile: unknown): unknown {
  return typeof profile === "string" ? parseJsonObject(profile) : profile;
}
