import { systemClock, type Clock } from "../clock.js";
import { tenantOfRealm } from "./account-info.js";
import { AccountIndex } from "./account-index.js";
import { addForeign, DocumentWriter, partitionOf, readDocument, type CacheDocument } from "./document.js";
import {
  accessTokenKey,
  accountKey,
  appMetadataKey,
  componentsHash,
  extCacheKey,
  idTokenKey,
  refreshTokenKey,
} from "./keys.js";
import {
  accessTokenFacts,
  grants,
  Partition,
  scopesIntersect,
  type CachedTokens,
  type Entry,
} from "./partition.js";
import { partitionNamed, partitionName, userPartition, type PartitionKey } from "./partition-key.js";
import { Partitions } from "./partitions.js";
import { mergeAccount } from "./record.js";
import {
  THE_FAMILY,
  type AccessTokenEntity,
  type AccountEntity,
  type AppMetadataEntity,
  type IdTokenEntity,
  type RefreshTokenEntity,
} from "./schema.js";

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
  readonly components?: Readonly<Record<string, string>> | undefined;
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

/** Options of {@link PartitionedCache}. */
export interface CacheLimits {
  /** Most users, apps and assertions, each, kept in memory; see {@link Partitions}. */
  readonly maxPartitions: number;
  readonly clock: Clock;
  /** Told before a user is forgotten who still had a refresh token. */
  readonly onForget: (key: PartitionKey) => void;
}

/** Figures of a cache. */
export interface CacheStats {
  /** Users, apps in tenants, and on-behalf-of assertions with tokens in memory. */
  readonly partitions: { readonly users: number; readonly apps: number; readonly assertions: number };
  /** Tokens in memory, of all kinds. */
  readonly tokens: number;
  /** Lookups that found an access token. */
  readonly hits: number;
  /** Lookups that found none. */
  readonly misses: number;
  /** Partitions that gave way to others because there were too many. */
  readonly evictions: number;
}

/** Keeps or undoes the changes since it was made. */
export interface Checkpoint {
  commit(): void;
  rollBack(): void;
}

interface Journaled {
  readonly key: PartitionKey;
  readonly partition: Partition | undefined;
}

interface Contents {
  readonly partitions: Partitions;
  /** Replaced, never changed. */
  appMetadata: ReadonlyMap<string, Entry<"AppMetadata">>;
  readonly foreign: CacheDocument;
  index: AccountIndex | undefined;
}

const NO_LIMITS: CacheLimits = {
  maxPartitions: Number.MAX_SAFE_INTEGER,
  clock: systemClock,
  onForget: () => undefined,
};

/** The token cache in memory: every token in its partition, every lookup straight to the partition. */
export class PartitionedCache {
  readonly #limits: CacheLimits;
  #contents: Contents;
  #journal: Map<string, Journaled> | undefined;
  #revision = 0;
  #hits = 0;
  #misses = 0;

  constructor(limits: CacheLimits = NO_LIMITS) {
    this.#limits = limits;
    this.#contents = this.#empty();
  }

  /** Grows with every change: equal revisions mean equal contents. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * The tokens that answer a query. Of several access tokens that fit, the one with the fewest scopes is taken, then
   * the one that lives longest.
   */
  findTokens(query: AccessTokenQuery): CachedTokens | undefined {
    const tokens = this.#findTokens(query);
    if (tokens) this.#hits += 1;
    else this.#misses += 1;
    return tokens;
  }

  #findTokens(query: AccessTokenQuery): CachedTokens | undefined {
    const partition = this.#contents.partitions.get(query.partition);
    if (!partition) return undefined;
    return partition.remembered(query, () => {
      let accessToken: Entry<"AccessToken"> | undefined;
      for (const entry of partition.all("AccessToken")) {
        const facts = accessTokenFacts(entry);
        const fits =
          entry.entity.client_id === query.clientId &&
          query.realms.includes(facts.realm) &&
          facts.bearer &&
          query.environments.has(entry.entity.environment) &&
          isBoundTo(entry.entity, query.components) &&
          grants(facts, query.scopes);
        if (fits && (!accessToken || isBetter(entry, accessToken))) accessToken = entry;
      }
      return accessToken && { accessToken, ...this.#userOf(accessToken, query) };
    });
  }

  /** The ID token of a user in a tenant. */
  findIdToken(query: TokenQuery): Entry<"IdToken"> | undefined {
    return this.#contents.partitions
      .peek(query.partition)
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
   * When there are several, under several hosts, the one written last is taken.
   */
  findRefreshToken(query: TokenQuery, family: boolean): Entry<"RefreshToken"> | undefined {
    const partition = this.#contents.partitions.get(query.partition);
    if (!partition) return undefined;
    let best: Entry<"RefreshToken"> | undefined;
    for (const entry of partition.all("RefreshToken")) {
      const { entity } = entry;
      const fits =
        (family
          ? entity.family_id === THE_FAMILY
          : entity.client_id === query.clientId && !entity.family_id) &&
        query.environments.has(entity.environment) &&
        (!entity.realm || query.realms.includes(entity.realm.toLowerCase()));
      if (fits && (!best || writtenAt(partition, entry) >= writtenAt(partition, best))) best = entry;
    }
    return best;
  }

  /** Scopes, in lower case, that a user has granted a client, as the access tokens say. */
  grantedScopes(
    partition: PartitionKey,
    clientId: string,
    environments: ReadonlySet<string>,
  ): ReadonlySet<string> {
    const granted = new Set<string>();
    for (const entry of this.#contents.partitions.get(partition)?.all("AccessToken") ?? []) {
      const { client_id, environment } = entry.entity;
      if (client_id !== clientId || !environments.has(environment)) continue;
      for (const scope of accessTokenFacts(entry).scopes) granted.add(scope);
    }
    return granted;
  }

  /** The family an app is known to belong to. */
  familyOf(clientId: string, environments: ReadonlySet<string>): string | undefined {
    for (const { entity } of this.#contents.appMetadata.values()) {
      if (entity.client_id === clientId && environments.has(entity.environment) && entity.family_id) {
        return entity.family_id;
      }
    }
    return undefined;
  }

  /** The account of a user under any of the given hosts, or under any host. */
  findAccount(partition: PartitionKey, environments?: ReadonlySet<string>): Entry<"Account"> | undefined {
    return this.#contents.partitions
      .get(partition)
      ?.find("Account", ({ entity }) => !environments || environments.has(entity.environment));
  }

  /** Every account of a partition. */
  accountsOf(partition: PartitionKey): readonly Entry<"Account">[] {
    return [...(this.#contents.partitions.peek(partition)?.all("Account") ?? [])];
  }

  /** The partition of every user, the least recently used first. */
  users(): readonly PartitionKey[] {
    return Array.from(this.#contents.partitions.entries("user"), ([key]) => key);
  }

  /** The users with an id in some tenant, or with a user name. */
  usersBy(
    name: { readonly localAccountId: string } | { readonly username: string },
  ): readonly PartitionKey[] {
    const index = (this.#contents.index ??= this.#buildIndex());
    return [...("username" in name ? index.byUsername(name.username) : index.byLocalId(name.localAccountId))];
  }

  /**
   * Writes one response's tokens. What they replace goes, whatever host it stands under, and so does what has expired;
   * access tokens with overlapping scopes give way to the new one.
   */
  save(record: CacheRecord, environments: ReadonlySet<string>): void {
    const partition = this.#contents.partitions.get(record.partition)?.copy() ?? new Partition();
    const now = this.#limits.clock.now() / 1000;
    partition.remove(
      (entry) => isEntry(entry, "AccessToken") && accessTokenFacts(entry).extendedExpiresOn < now,
    );
    // An assertion, and a session on behalf of a user, is of one user: who begins a session anew takes over nothing.
    if (record.partition.kind === "assertion") partition.remove((entry) => isOfAnother(entry, record));
    putUser(partition, record, environments);
    putTokens(partition, record, environments);
    this.#put(record.partition, partition);
    const home = record.account?.home_account_id;
    // The user of an on-behalf-of token is known as a user, too.
    if (home && record.partition.kind !== "user") {
      const user = this.#contents.partitions.get(userPartition(home))?.copy() ?? new Partition();
      putUser(user, record, environments);
      this.#put(userPartition(home), user);
    }
    if (record.appMetadata) this.#replaceAppMetadata(record.appMetadata, environments);
  }

  /** Forgets one refresh token, if it is still the one that is kept. */
  removeRefreshToken(partition: PartitionKey, secret: string): void {
    this.#remove(partition, (entry) => isEntry(entry, "RefreshToken") && entry.entity.secret === secret);
  }

  /** Forgets a user under the given hosts: account, ID tokens, access tokens (on behalf of the user, too), refresh tokens. */
  removeUser(homeAccountId: string, environments: ReadonlySet<string>): void {
    this.#remove(userPartition(homeAccountId), ({ entity }) => environments.has(entity.environment));
    for (const [key, partition] of [...this.#contents.partitions.entries("assertion")]) {
      const fits = ({ entity }: Entry): boolean =>
        entity["home_account_id"] === homeAccountId && environments.has(entity.environment);
      if (partition.has(fits)) this.#remove(key, fits);
    }
  }

  /** Forgets the tokens of an app itself, in every tenant. */
  removeAppTokens(clientId: string): void {
    for (const [key] of [...this.#contents.partitions.entries("app")]) {
      this.#remove(key, ({ entity }) => entity["client_id"] === clientId);
    }
  }

  /** Forgets everything in a partition. */
  removePartition(key: PartitionKey): void {
    this.#put(key, undefined);
  }

  /** Forgets everything. */
  clear(): void {
    this.#contents = this.#empty();
    this.#revision += 1;
  }

  /**
   * Takes over a document.
   *
   * @param document parsed JSON; what is not understood is kept as it is
   * @param replace forget what was there before; the change is made at once, when all has been read
   */
  load(document: CacheDocument, replace: boolean): void {
    const contents = replace ? this.#empty() : this.#contents;
    const partitions = new Map<string, Partition>();
    const metadata = new Map(contents.appMetadata);
    readDocument(document, {
      entry: (entry) => {
        if (isEntry(entry, "AppMetadata")) {
          metadata.set(entry.key, entry);
          return;
        }
        const key = partitionOf(entry);
        const name = partitionName(key);
        let partition = partitions.get(name);
        if (!partition) {
          partition = (replace ? undefined : contents.partitions.get(key)?.copy()) ?? new Partition();
          partitions.set(name, partition);
        }
        if (replace) partition.append(entry);
        else partition.put(entry);
      },
      foreign: (section, key, value) => addForeign(contents.foreign, section, key, value),
    });
    for (const [name, partition] of partitions) contents.partitions.set(partitionNamed(name), partition);
    contents.appMetadata = metadata;
    contents.index = undefined;
    // What is replaced as a whole is put back as a whole.
    if (replace) this.#journal = undefined;
    this.#contents = contents;
    this.#revision += 1;
  }

  /** The document of everything that is kept. */
  document(): CacheDocument {
    const { partitions, appMetadata, foreign } = this.#contents;
    const writer = new DocumentWriter();
    for (const kind of ["user", "app", "assertion"] as const) {
      for (const [, partition] of partitions.entries(kind)) writer.addAll(partition);
    }
    for (const entry of appMetadata.values()) writer.add(entry);
    writer.addForeign(foreign);
    return writer.document();
  }

  /** Takes over the document of one partition, in place of what is known of it. */
  loadPartition(key: PartitionKey, document: CacheDocument | undefined): void {
    const partition = new Partition();
    readDocument(document ?? {}, {
      entry: (entry) => {
        if (isEntry(entry, "AppMetadata")) this.#addAppMetadata(entry);
        partition.append(entry);
      },
      foreign: (section, entityKey, value) => addForeign(partition.foreign, section, entityKey, value),
    });
    this.#put(key, partition);
  }

  /** The document of one partition, or `undefined` when nothing is left in it. */
  partitionDocument(key: PartitionKey): CacheDocument | undefined {
    const partition = this.#contents.partitions.get(key);
    if (!partition) return undefined;
    const writer = new DocumentWriter();
    const clients = new Set(Array.from(partition.all("RefreshToken"), ({ entity }) => entity.client_id));
    for (const entry of this.#contents.appMetadata.values()) {
      if (clients.has(entry.entity.client_id)) writer.add(entry);
    }
    writer.addAll(partition);
    writer.addForeign(partition.foreign);
    return writer.document();
  }

  /** When the last token of a partition expires, in seconds since the epoch; `Infinity` if it does not say. */
  partitionExpiry(key: PartitionKey): number {
    return this.#contents.partitions.get(key)?.lastExpiry() ?? 0;
  }

  /** Remembers what is there now, until it is either kept or put back. */
  checkpoint(): Checkpoint {
    const contents = this.#contents;
    const { appMetadata } = contents;
    const journal = new Map<string, Journaled>();
    this.#journal = journal;
    return {
      commit: () => {
        this.#journal = undefined;
      },
      rollBack: () => {
        this.#journal = undefined;
        this.#contents = contents;
        contents.appMetadata = appMetadata;
        for (const { key, partition } of journal.values()) this.#put(key, partition);
        this.#revision += 1;
      },
    };
  }

  /** Figures. Counting the tokens looks at every partition. */
  stats(): CacheStats {
    const { partitions } = this.#contents;
    let tokens = 0;
    for (const kind of ["user", "app", "assertion"] as const) {
      for (const [, partition] of partitions.entries(kind)) tokens += partition.tokens();
    }
    return {
      partitions: {
        users: partitions.count("user"),
        apps: partitions.count("app"),
        assertions: partitions.count("assertion"),
      },
      tokens,
      hits: this.#hits,
      misses: this.#misses,
      evictions: partitions.evictions,
    };
  }

  #empty(): Contents {
    const { maxPartitions: max, clock } = this.#limits;
    const onUserDropped = (key: PartitionKey, partition: Partition): void => {
      for (const account of partition.all("Account")) contents.index?.remove(key, account);
      if (partition.find("RefreshToken", () => true)) this.#limits.onForget(key);
    };
    const contents: Contents = {
      partitions: new Partitions({ max, clock, onUserDropped }),
      appMetadata: new Map(),
      foreign: {},
      index: undefined,
    };
    return contents;
  }

  #put(key: PartitionKey, partition: Partition | undefined): void {
    const { partitions, index } = this.#contents;
    const before = partitions.get(key);
    const name = this.#journal && partitionName(key);
    if (name && !this.#journal?.has(name)) this.#journal?.set(name, { key, partition: before?.copy() });
    // An assertion's partition holds its user, too, but is not where the user is.
    if (index && key.kind === "user") {
      for (const account of before?.all("Account") ?? []) index.remove(key, account);
      for (const account of partition?.all("Account") ?? []) index.add(key, account);
    }
    partitions.set(key, partition);
    this.#revision += 1;
  }

  #remove(key: PartitionKey, fits: (entry: Entry) => boolean): void {
    const partition = this.#contents.partitions.get(key)?.copy();
    if (!partition?.remove(fits)) return;
    // What is left of an app's or an assertion's tokens may have expired already, and would then have no end.
    const isOver = key.kind !== "user" && partition.lastExpiry() * 1000 <= this.#limits.clock.now();
    this.#put(key, isOver ? undefined : partition);
  }

  /** MSAL Node fails for an app that has an entry under each of two hosts, as two libraries would leave it. */
  #replaceAppMetadata(entity: AppMetadataEntity, environments: ReadonlySet<string>): void {
    const others = [...this.#contents.appMetadata].filter(
      ([, known]) =>
        known.entity.client_id !== entity.client_id || !environments.has(known.entity.environment),
    );
    this.#contents.appMetadata = new Map(others);
    this.#addAppMetadata({ section: "AppMetadata", key: appMetadataKey(entity), entity });
  }

  #addAppMetadata(entry: Entry<"AppMetadata">): void {
    this.#contents.appMetadata = new Map(this.#contents.appMetadata).set(entry.key, entry);
    this.#revision += 1;
  }

  /** The user of an access token: beside it, or, for an on-behalf-of token that was loaded, where users are. */
  #userOf(accessToken: Entry<"AccessToken">, query: TokenQuery): Pick<CachedTokens, "account" | "idToken"> {
    const home = accessToken.entity.home_account_id;
    if (!home) return { account: undefined, idToken: undefined };
    const user = { ...query, partition: userPartition(home) };
    const account =
      this.findAccount(query.partition, query.environments) ??
      this.findAccount(user.partition, query.environments);
    const realms = [account?.entity.realm.toLowerCase() ?? ""];
    const idToken =
      this.findIdToken(query) ??
      this.findIdToken(user) ??
      this.findIdToken({ ...query, realms }) ??
      this.findIdToken({ ...user, realms });
    return { account, idToken };
  }

  #buildIndex(): AccountIndex {
    const index = new AccountIndex();
    for (const key of this.users()) for (const account of this.accountsOf(key)) index.add(key, account);
    return index;
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

function putUser(
  partition: Partition,
  { account, idToken }: CacheRecord,
  environments: ReadonlySet<string>,
): void {
  if (account) {
    const known = [...partition.all("Account")].filter(({ entity }) => environments.has(entity.environment));
    const entity = known.reduceRight((merged, older) => mergeAccount(merged, older.entity), account);
    partition.remove((entry) => isEntry(entry, "Account") && known.includes(entry));
    partition.put({ section: "Account", key: accountKey(entity), entity });
  }
  if (idToken) {
    partition.remove((entry) => entry.section === "IdToken" && sameOwner(entry, idToken, environments));
    partition.put({ section: "IdToken", key: idTokenKey(idToken), entity: idToken });
  }
}

function putTokens(
  partition: Partition,
  { accessToken, refreshToken }: CacheRecord,
  environments: ReadonlySet<string>,
): void {
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
      (entry) => isEntry(entry, "RefreshToken") && isRotatedBy(entry, refreshToken, environments),
    );
    partition.put({ section: "RefreshToken", key: refreshTokenKey(refreshToken), entity: refreshToken });
  }
}

function isEntry<S extends Entry["section"]>(entry: Entry, section: S): entry is Entry<S> & Entry {
  return entry.section === section;
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
  const tenant = tenantOfRealm(typeof realm === "string" ? realm : "", credential.home_account_id ?? "");
  return (
    entry.entity["client_id"] === credential.client_id &&
    environments.has(entry.entity.environment) &&
    tenant.toLowerCase() === (credential.realm ?? "").toLowerCase()
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
    isBoundTo(other.entity, entry.entity.additionalCacheKeyComponents) &&
    scopesIntersect(older, newer)
  );
}

/** Whether a token is bound to these components and no others, whichever library has written it. */
function isBoundTo(
  token: AccessTokenEntity,
  components: Readonly<Record<string, string>> | undefined,
): boolean {
  const ofGo = token["ext_cache_key"];
  if (typeof ofGo === "string" && ofGo !== "") return ofGo === extCacheKey(components);
  return componentsHash(token.additionalCacheKeyComponents) === componentsHash(components);
}

/** When a refresh token was written, in seconds since the epoch: it says so, or the access token beside it does. */
function writtenAt(partition: Partition, { entity }: Entry<"RefreshToken">): number {
  let last = Number(entity["last_modification_time"]) || 0;
  for (const token of partition.all("AccessToken")) {
    const { environment, client_id } = token.entity;
    const isBeside = environment === entity.environment && client_id === entity.client_id;
    if (isBeside) last = Math.max(last, accessTokenFacts(token).cachedAt || 0);
  }
  return last;
}
