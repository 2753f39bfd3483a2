import { isOfRealm } from "../account-info.js";
import { loadDocument, loadPartition, partitionDocument, wholeDocument } from "./load-and-dump.js";
import { Contents, type CacheLimits, type CacheStats, type Checkpoint } from "./contents.js";
import type { CacheDocument } from "../schema/document.js";
import { isBoundTo } from "../schema/keys.js";
import { accessTokenFacts, grants, type CachedTokens, type Entry } from "./partition.js";
import { userPartition, type PartitionKey } from "./partition-key.js";
import { entriesOf, isShared, issuersAt, type Provider } from "../provider.js";
import type { CacheRecord } from "../record.js";
import { THE_FAMILY } from "../schema/schema.js";
import { removeAppTokens, removeRefreshToken, removeUser, saveTokens } from "./write.js";

/** Where to look for a token. */
export interface TokenQuery extends Provider {
  readonly partition: PartitionKey;
  readonly clientId: string;
  /** Tenants to accept, in lower case; of an issuer its realm. */
  readonly realms: readonly string[];
}

/** Where to look for an access token, and what it must grant. */
export interface AccessTokenQuery extends TokenQuery {
  readonly scopes: readonly string[];
  /** What else the token is bound to (FMI path, static claims). */
  readonly components?: Readonly<Record<string, string>> | undefined;
}

/** The token cache in memory: every token in its partition, every lookup straight to the partition. */
export class PartitionedCache {
  readonly #contents: Contents;
  #hits = 0;
  #misses = 0;

  constructor(limits?: CacheLimits) {
    this.#contents = new Contents(limits);
  }

  /** Grows with every change: equal revisions mean equal contents. */
  get revision(): number {
    return this.#contents.revision;
  }

  /**
   * The tokens that answer a query. Of several access tokens that fit, the one with the fewest scopes is taken, then
   * the one that lives longest.
   */
  findTokens(query: AccessTokenQuery): CachedTokens | undefined {
    const partition = this.#contents.partitions.get(query.partition);
    if (!partition) return undefined;
    return partition.remembered(query, () => {
      const isOwn = entriesOf(partition, query);
      let accessToken: Entry<"AccessToken"> | undefined;
      for (const entry of partition.all("AccessToken")) {
        const facts = accessTokenFacts(entry);
        const fits =
          entry.entity.client_id === query.clientId &&
          (query.issuer !== undefined || query.realms.includes(facts.realm)) &&
          facts.bearer &&
          isOwn(entry) &&
          isBoundTo(entry.entity, query.components) &&
          grants(facts, query.scopes);
        if (fits && (!accessToken || isBetter(entry, accessToken))) accessToken = entry;
      }
      return accessToken && { accessToken, ...this.#userOf(accessToken, query) };
    });
  }

  /** Counts a call that looked for an access token, for {@link stats}. */
  countLookup(isHit: boolean): void {
    if (isHit) this.#hits += 1;
    else this.#misses += 1;
  }

  /** The ID token of a user in a tenant. */
  findIdToken(query: TokenQuery): Entry<"IdToken"> | undefined {
    const partition = this.#contents.partitions.peek(query.partition);
    if (!partition) return undefined;
    const isOwn = entriesOf(partition, query);
    const isClients = (entry: Entry<"IdToken">): boolean =>
      entry.entity.client_id === query.clientId && isOwn(entry);
    const found = partition.find(
      "IdToken",
      (entry) => query.realms.includes(entry.entity.realm.toLowerCase()) && isClients(entry),
    );
    return found ?? (query.issuer === undefined ? undefined : partition.find("IdToken", isClients));
  }

  /** What is known of the issuers of a host that have a user of this name; see {@link issuersAt}. */
  issuersAt(partition: PartitionKey, environments: ReadonlySet<string>): ReturnType<typeof issuersAt> {
    const found = this.#contents.partitions.peek(partition);
    return found ? issuersAt(found, environments) : [];
  }

  /** Whether users of several providers have the id of a partition; see {@link isShared}. */
  isShared(partition: PartitionKey, provider: Provider): boolean {
    const found = this.#contents.partitions.peek(partition);
    return found !== undefined && isShared(found, provider);
  }

  /**
   * The refresh token of a user: the app's own, or one of its family.
   * When there are several, under several hosts, the one written last is taken.
   */
  findRefreshToken(query: TokenQuery, family: boolean): Entry<"RefreshToken"> | undefined {
    const partition = this.#contents.partitions.get(query.partition);
    if (!partition) return undefined;
    const isOwn = entriesOf(partition, query);
    let best: Entry<"RefreshToken"> | undefined;
    for (const entry of partition.all("RefreshToken")) {
      const { entity } = entry;
      const fits =
        (family
          ? entity.family_id === THE_FAMILY
          : entity.client_id === query.clientId && !entity.family_id) &&
        isOwn(entry) &&
        (!entity.realm || query.issuer !== undefined || query.realms.includes(entity.realm.toLowerCase()));
      if (fits && (!best || partition.writtenAt(entry) >= partition.writtenAt(best))) best = entry;
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
    for (const { entity } of this.#contents.state.appMetadata.values()) {
      if (entity.client_id === clientId && environments.has(entity.environment) && entity.family_id) {
        return entity.family_id;
      }
    }
    return undefined;
  }

  /** The account of a user at a provider. */
  findAccount({ partition, ...provider }: Omit<TokenQuery, "clientId">): Entry<"Account"> | undefined {
    const found = this.#contents.partitions.get(partition);
    const isOwn = found && entriesOf(found, provider);
    return found?.find(
      "Account",
      (entry) =>
        isOwn?.(entry) === true && (provider.issuer !== undefined || isOfRealm(entry, provider.realms)),
    );
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
    const index = this.#contents.accountIndex();
    return "username" in name ? index.byUsername(name.username) : index.byLocalId(name.localAccountId);
  }

  /** Writes one response's tokens; see {@link saveTokens}. */
  save(record: CacheRecord, environments: ReadonlySet<string>): void {
    saveTokens(this.#contents, record, environments);
  }

  /** Forgets what other providers' users have left in a partition. */
  removeForeign(partition: PartitionKey, provider: Provider): void {
    const found = this.#contents.partitions.get(partition);
    const isOwn = found && entriesOf(found, provider);
    if (isOwn) this.#contents.remove(partition, (entry) => !isOwn(entry));
  }

  /** Forgets one refresh token, if it is still the one that is kept. */
  removeRefreshToken(partition: PartitionKey, secret: string): void {
    removeRefreshToken(this.#contents, partition, secret);
  }

  /** Forgets a user under the given hosts, of one provider where it is told; see {@link removeUser}. */
  removeUser(
    homeAccountId: string,
    environments: ReadonlySet<string>,
    provider: Omit<Provider, "environments"> = {},
  ): void {
    removeUser(this.#contents, homeAccountId, { ...provider, environments });
  }

  /** Forgets the tokens of an app itself, in every tenant. */
  removeAppTokens(clientId: string): void {
    removeAppTokens(this.#contents, clientId);
  }

  /** Forgets everything in a partition. */
  removePartition(key: PartitionKey): void {
    this.#contents.put(key, undefined);
  }

  /** Forgets everything. */
  clear(): void {
    this.#contents.replace(this.#contents.emptyState());
  }

  /** Takes over a document; see {@link loadDocument}. */
  load(document: CacheDocument, replace: boolean): void {
    loadDocument(this.#contents, document, replace);
  }

  /** The document of everything that is kept. */
  document(): CacheDocument {
    return wholeDocument(this.#contents);
  }

  /** Takes over the document of one partition, in place of what is known of it. */
  loadPartition(key: PartitionKey, document: CacheDocument): void {
    loadPartition(this.#contents, key, document);
  }

  /** The document of one partition, or `undefined` when nothing is left in it. */
  partitionDocument(key: PartitionKey): CacheDocument | undefined {
    return partitionDocument(this.#contents, key);
  }

  /** When the last token of a partition expires, in seconds since the epoch; `Infinity` if it does not say. */
  partitionExpiry(key: PartitionKey): number {
    return this.#contents.partitions.get(key)?.lastExpiry() ?? 0;
  }

  /** Remembers what is there now, until it is either kept or put back. */
  checkpoint(): Checkpoint {
    return this.#contents.checkpoint();
  }

  /** Figures. Counting the tokens looks at every partition. */
  stats(): CacheStats {
    return { ...this.#contents.stats(), hits: this.#hits, misses: this.#misses };
  }

  /** The user of an access token: beside it, or, for an on-behalf-of token that was loaded, where users are. */
  #userOf(accessToken: Entry<"AccessToken">, query: TokenQuery): Pick<CachedTokens, "account" | "idToken"> {
    const { home_account_id: home, id_token_realm: tenant } = accessToken.entity;
    if (!home) return { account: undefined, idToken: undefined };
    const beside = typeof tenant === "string" ? { ...query, realms: [tenant.toLowerCase()] } : query;
    const user = { ...beside, partition: userPartition(home) };
    const account =
      this.findAccount({ ...query, partition: beside.partition }) ??
      this.findAccount({ ...query, partition: user.partition });
    const realms = [account?.entity.realm.toLowerCase() ?? ""];
    const idToken =
      this.findIdToken(beside) ??
      this.findIdToken(user) ??
      this.findIdToken({ ...beside, realms }) ??
      this.findIdToken({ ...user, realms });
    return { account, idToken };
  }
}

function isBetter(candidate: Entry<"AccessToken">, best: Entry<"AccessToken">): boolean {
  const a = accessTokenFacts(candidate);
  const b = accessTokenFacts(best);
  return a.scopes.size !== b.scopes.size ? a.scopes.size < b.scopes.size : a.expiresOn > b.expiresOn;
}
