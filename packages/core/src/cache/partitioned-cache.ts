import { isObject } from "../encoding.js";
import { accessTokenKey, accountKey, appMetadataKey, componentsHash, idTokenKey, refreshTokenKey } from "./keys.js";
import { accessTokenFacts, grants, Partition, scopesIntersect, type CachedTokens, type Entry } from "./partition.js";
import {
  SECTIONS,
  THE_FAMILY,
  type AccessTokenEntity,
  type AccountEntity,
  type AppMetadataEntity,
  type IdTokenEntity,
  type RefreshTokenEntity,
  type Section,
} from "./schema.js";

/** Whose tokens a partition holds. */
export type PartitionKey = `user:${string}` | `app:${string}` | `assertion:${string}`;

/** The partition of a user. */
export function userPartition(homeAccountId: string): PartitionKey {
  return `user:${homeAccountId}`;
}

/** The partition of an app in a tenant. */
export function appPartition(clientId: string, realm: string): PartitionKey {
  return `app:${clientId}.${realm.toLowerCase()}`;
}

/** The partition of an on-behalf-of assertion, by its SHA-256. */
export function assertionPartition(hash: string): PartitionKey {
  return `assertion:${hash}`;
}

/** Where to look for a token. */
export interface TokenQuery {
  readonly partition: PartitionKey;
  readonly clientId: string;
  /** Hosts that mean the same identity provider. */
  readonly environments: ReadonlySet<string>;
  /** Tenants to accept, in lower case. */
  readonly realms: readonly string[];
}

/** Where to look for an access token, and what it must grant. */
export interface AccessTokenQuery extends TokenQuery {
  readonly scopes: readonly string[];
  /** What else the token is bound to (FMI path, static claims). */
  readonly components?: Readonly<Record<string, string>>;
}

/** What one token response leaves in the cache: written whole, or not at all. */
export interface CacheRecord {
  readonly partition: PartitionKey;
  readonly account?: AccountEntity;
  readonly idToken?: IdTokenEntity;
  readonly accessToken?: AccessTokenEntity;
  readonly refreshToken?: RefreshTokenEntity;
  readonly appMetadata?: AppMetadataEntity;
}

/** The document of `schema.ts`, before anything in it has been checked. */
export type CacheDocument = Record<string, unknown>;

/** The token cache in memory: every token in its partition, every lookup straight to the partition. */
export class PartitionedCache {
  #partitions = new Map<PartitionKey, Partition>();
  #appMetadata = new Map<string, Entry<"AppMetadata">>();
  /** Sections and entities that are not ours to understand, kept as they came. */
  #foreign: CacheDocument = {};

  /**
   * The tokens that answer a query. Of several access tokens that fit, the one with the fewest scopes is taken, then
   * the one that lives longest.
   */
  findTokens(query: AccessTokenQuery): CachedTokens | undefined {
    const partition = this.#partitions.get(query.partition);
    if (!partition) return undefined;
    const components = componentsHash(query.components) ?? "";
    const question = `${query.clientId} ${query.realms.join(" ")} ${firstOf(query.environments)} ${components} ${query.scopes.join(" ")}`;
    return partition.remembered(question, () => {
      let accessToken: Entry<"AccessToken"> | undefined;
      for (const entry of partition.all("AccessToken")) {
        const facts = accessTokenFacts(entry);
        const fits =
          entry.entity.client_id === query.clientId &&
          query.realms.includes(facts.realm) &&
          facts.bearer &&
          query.environments.has(entry.entity.environment) &&
          (componentsHash(entry.entity.additionalCacheKeyComponents) ?? "") === components &&
          grants(facts, query.scopes);
        if (fits && (!accessToken || isBetter(entry, accessToken))) accessToken = entry;
      }
      if (!accessToken) return undefined;
      const account = this.findAccount(query.partition, query.environments);
      return { accessToken, account, idToken: this.findIdToken(query) };
    });
  }

  /** The ID token of a user in a tenant. */
  findIdToken(query: TokenQuery): Entry<"IdToken"> | undefined {
    return this.#partitions
      .get(query.partition)
      ?.find(
        "IdToken",
        ({ entity }) =>
          entity.client_id === query.clientId &&
          query.realms.includes(entity.realm.toLowerCase()) &&
          query.environments.has(entity.environment),
      );
  }

  /**
   * The refresh token of a user: the app's own, or one of its family.
   * When the same token stands under several hosts, the one written last is taken.
   */
  findRefreshToken(query: TokenQuery, family: boolean): Entry<"RefreshToken"> | undefined {
    let best: Entry<"RefreshToken"> | undefined;
    for (const entry of this.#partitions.get(query.partition)?.all("RefreshToken") ?? []) {
      const { entity } = entry;
      const fits =
        (family ? entity.family_id === THE_FAMILY : entity.client_id === query.clientId && !entity.family_id) &&
        query.environments.has(entity.environment) &&
        (!entity.realm || query.realms.includes(entity.realm.toLowerCase()));
      if (fits && (!best || writtenAt(entry) >= writtenAt(best))) best = entry;
    }
    return best;
  }

  /** The family an app is known to belong to. */
  familyOf(clientId: string, environments: ReadonlySet<string>): string | undefined {
    for (const { entity } of this.#appMetadata.values()) {
      if (entity.client_id === clientId && environments.has(entity.environment) && entity.family_id) {
        return entity.family_id;
      }
    }
    return undefined;
  }

  /** The account of a user under any of the given hosts, or under any host. */
  findAccount(partition: PartitionKey, environments?: ReadonlySet<string>): Entry<"Account"> | undefined {
    return this.#partitions.get(partition)?.find("Account", ({ entity }) => !environments || environments.has(entity.environment));
  }

  /** Every account entity with the partition it is in. */
  *accounts(): Iterable<{ readonly key: PartitionKey; readonly entry: Entry<"Account"> }> {
    for (const [key, partition] of this.#partitions) {
      if (!key.startsWith("user:")) continue;
      for (const entry of partition.all("Account")) yield { key, entry };
    }
  }

  /** Writes one response's tokens. Access tokens with overlapping scopes give way to the new one. */
  save(record: CacheRecord, environments: ReadonlySet<string>): void {
    const partition = this.#partitions.get(record.partition)?.copy() ?? new Partition();
    const { account, idToken, accessToken, refreshToken, appMetadata } = record;
    if (account) {
      partition.remove(({ section, entity }) => section === "Account" && !environments || environments.has(entity.environment));
      partition.put({ section: "Account", key: accountKey(account), entity: account });
    }
    if (idToken) {
      partition.remove((entry) => entry.section === "IdToken" && sameOwner(entry, idToken, environments));
      partition.put({ section: "IdToken", key: idTokenKey(idToken), entity: idToken });
    }
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
      partition.remove(
        (entry) =>
          entry.section === "RefreshToken" &&
          entry.entity["family_id"] === refreshToken.family_id &&
          (Boolean(refreshToken.family_id) || sameOwner(entry, refreshToken, environments)),
      );
      partition.put({ section: "RefreshToken", key: refreshTokenKey(refreshToken), entity: refreshToken });
    }
    this.#partitions.set(record.partition, partition);
    if (appMetadata) {
      const key = appMetadataKey(appMetadata);
      this.#appMetadata.set(key, { section: "AppMetadata", key, entity: appMetadata });
    }
  }

  /** Forgets one refresh token, if it is still the one that is kept. */
  removeRefreshToken(partition: PartitionKey, secret: string): boolean {
    return (
      this.#partitions
        .get(partition)
        ?.remove((entry) => entry.section === "RefreshToken" && entry.entity["secret"] === secret) ?? false
    );
  }

  /** Forgets a user under the given hosts: account, ID tokens, access tokens, refresh tokens. */
  removeUser(partition: PartitionKey, environments: ReadonlySet<string>): boolean {
    const found = this.#partitions.get(partition);
    const removed = found?.remove(({ entity }) => environments.has(entity.environment)) ?? false;
    if (found?.size === 0) this.#partitions.delete(partition);
    return removed;
  }

  /** Forgets everything. */
  clear(): void {
    this.#partitions = new Map();
    this.#appMetadata = new Map();
    this.#foreign = {};
  }

  /**
   * Takes over a document.
   *
   * @param document parsed JSON; entities that are not understood are kept as they are
   * @param replace forget what was there before
   */
  load(document: CacheDocument, replace: boolean): void {
    if (replace) this.clear();
    for (const [name, section] of Object.entries(document)) {
      if (!isSection(name) || !isObject(section)) {
        this.#foreign[name] = section;
        continue;
      }
      for (const [key, entity] of Object.entries(section)) this.#loadEntity(name, key, entity, replace);
    }
  }

  /** The document of everything that is kept. */
  document(): CacheDocument {
    const document: Record<string, Record<string, unknown>> = {};
    for (const section of SECTIONS) {
      const foreign = this.#foreign[section];
      document[section] = isObject(foreign) ? { ...foreign } : {};
    }
    const add = ({ section, key, entity }: Entry): void => {
      const entities = document[section];
      if (entities) entities[key] = entity;
    };
    for (const partition of this.#partitions.values()) for (const section of SECTIONS) for (const entry of partition.all(section)) add(entry);
    for (const entry of this.#appMetadata.values()) add(entry);
    return { ...this.#foreign, ...document };
  }

  #loadEntity(section: Section, key: string, entity: unknown, fresh: boolean): void {
    if (isEntity(section, entity)) {
      const entry: Entry = { section, key, entity };
      if (isEntryOf(entry, "AppMetadata")) {
        this.#appMetadata.set(key, entry);
        return;
      }
      const partitionKey = partitionOf(entry);
      let partition = this.#partitions.get(partitionKey);
      if (!partition) {
        partition = new Partition();
        this.#partitions.set(partitionKey, partition);
      }
      if (fresh) partition.append(entry);
      else partition.put(entry);
      return;
    }
    const kept = this.#foreign[section];
    this.#foreign[section] = { ...(isObject(kept) ? kept : {}), [key]: entity };
  }
}

function partitionOf({ section, entity }: Entry): PartitionKey {
  const home = entity["home_account_id"];
  const assertion = entity["userAssertionHash"];
  if (typeof assertion === "string" && assertion !== "") return assertionPartition(assertion.replace(/=+$/, ""));
  if (typeof home === "string" && home !== "") return userPartition(home);
  const realm = entity["realm"];
  if (section === "AccessToken") return appPartition(String(entity["client_id"]), typeof realm === "string" ? realm : "");
  return userPartition("");
}

const TEXT_FIELDS: Readonly<Record<Section, readonly string[]>> = {
  Account: ["home_account_id", "environment", "realm", "local_account_id"],
  IdToken: ["environment", "client_id", "secret", "realm"],
  AccessToken: ["environment", "client_id", "secret", "realm", "target"],
  RefreshToken: ["environment", "client_id", "secret"],
  AppMetadata: ["environment", "client_id"],
};

function isEntity(section: Section, entity: unknown): entity is Entry["entity"] {
  return isObject(entity) && TEXT_FIELDS[section].every((field) => typeof entity[field] === "string");
}

function isEntryOf<S extends Section>(entry: Entry, section: S): entry is Entry<S> & Entry {
  return entry.section === section;
}

function isSection(name: string): name is Section {
  return (SECTIONS as readonly string[]).includes(name);
}

function isBetter(candidate: Entry<"AccessToken">, best: Entry<"AccessToken">): boolean {
  const a = accessTokenFacts(candidate);
  const b = accessTokenFacts(best);
  return a.scopes.size !== b.scopes.size ? a.scopes.size < b.scopes.size : a.expiresOn > b.expiresOn;
}

function sameOwner(
  entry: Entry,
  credential: IdTokenEntity | RefreshTokenEntity | AccessTokenEntity,
  environments: ReadonlySet<string>,
): boolean {
  const realm = entry.entity["realm"];
  return (
    entry.entity["client_id"] === credential.client_id &&
    environments.has(entry.entity.environment) &&
    (typeof realm === "string" ? realm : "").toLowerCase() === (credential.realm ?? "").toLowerCase()
  );
}

function isReplacedBy(other: Entry, entry: Entry<"AccessToken">, environments: ReadonlySet<string>): boolean {
  if (!isEntryOf(other, "AccessToken") || !sameOwner(other, entry.entity, environments)) return false;
  const older = accessTokenFacts(other);
  const newer = accessTokenFacts(entry);
  return (
    older.bearer === newer.bearer &&
    componentsHash(other.entity.additionalCacheKeyComponents) ===
      componentsHash(entry.entity.additionalCacheKeyComponents) &&
    scopesIntersect(older, newer)
  );
}

function writtenAt(entry: Entry<"RefreshToken">): number {
  return Number(entry.entity["last_modification_time"] ?? 0) || 0;
}

function firstOf(environments: ReadonlySet<string>): string {
  for (const environment of environments) return environment;
  return "";
}
