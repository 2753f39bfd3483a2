import {
  partitionName,
  userPartition,
  type PartitionKey,
} from "../../packages/core/src/cache/memory/partition-key.js";
import type { AccessTokenQuery, TokenQuery } from "./memory-cache.js";
import type { CacheRecord } from "../../packages/core/src/cache/record.js";
import type {
  AccessTokenEntity,
  AccountEntity,
  IdTokenEntity,
  RefreshTokenEntity,
} from "../../packages/core/src/cache/schema/schema.js";
import {
  ofOwner,
  profilesOf,
  userOf,
  wordsOf,
  wanted,
  isFor,
  isBearer,
  givesWay,
  isRotated,
  isSameHolder,
  lastUse,
  sameComponents,
  withProfilesOf,
  lower,
  type Aliases,
  type Held,
  type Profile,
} from "./cache-rules.js";

interface Lists {
  readonly accounts: readonly Held<AccountEntity>[];
  readonly idTokens: readonly Held<IdTokenEntity>[];
  readonly accessTokens: readonly Held<AccessTokenEntity>[];
  readonly refreshTokens: readonly Held<RefreshTokenEntity>[];
  /** `{host} {client id}` of the apps that belong to the family. */
  readonly family: readonly string[];
}

/**
 * The token cache as its documentation describes it, and nothing more: flat lists, scanned from the beginning for
 * everything. No index, no remembered answers, no bounds; an access token that has expired is still there; writing it out
 * and reading it back changes nothing.
 */
export class CacheModel {
  #lists: Lists = { accounts: [], idTokens: [], accessTokens: [], refreshTokens: [], family: [] };
  readonly #now: () => number;

  /** @param now seconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Writes one response: what it replaces goes, under whatever host it stands. */
  save(
    { partition, account, idToken, accessToken, refreshToken, appMetadata }: CacheRecord,
    aliases: Aliases,
  ): void {
    const now = this.#now();
    const owner = partitionName(partition);
    this.#drop({ accessTokens: (held) => held.owner === owner && lastUse(held.entity) < now });
    if (partition.kind === "assertion") this.#dropOthers(owner, accessToken?.home_account_id);
    const user = account ? userOf(account.home_account_id) : owner;
    if (account) {
      const isKnown = (held: Held<AccountEntity>): boolean =>
        held.owner === user && aliases.has(held.entity.environment);
      const known = this.#lists.accounts.find(isKnown)?.entity;
      this.#drop({ accounts: isKnown });
      this.#add({ accounts: [{ owner: user, entity: withProfilesOf(account, known) }] });
    }
    if (idToken) {
      this.#drop({ idTokens: (held) => held.owner === user && isSameHolder(held.entity, idToken, aliases) });
      this.#add({ idTokens: [{ owner: user, entity: idToken }] });
    }
    if (accessToken) {
      this.#drop({
        accessTokens: (held) => held.owner === owner && givesWay(held.entity, accessToken, aliases),
      });
      this.#add({ accessTokens: [{ owner, entity: accessToken }] });
    }
    if (refreshToken) {
      this.#drop({
        refreshTokens: (held) => held.owner === owner && isRotated(held.entity, refreshToken, aliases),
      });
      this.#add({ refreshTokens: [{ owner, entity: refreshToken }] });
    }
    if (appMetadata?.family_id)
      this.#add({ family: [`${appMetadata.environment} ${appMetadata.client_id}`] });
  }

  /** Another library adds tokens of a user to the stored document, and clears nothing away. */
  add(partition: PartitionKey, accessToken: AccessTokenEntity, refreshToken: RefreshTokenEntity): void {
    const owner = partitionName(partition);
    this.#add({
      accessTokens: [{ owner, entity: accessToken }],
      refreshTokens: [{ owner, entity: refreshToken }],
    });
  }

  /** Every access token that answers a query. */
  candidates(query: AccessTokenQuery): readonly AccessTokenEntity[] {
    return ofOwner(this.#lists.accessTokens, query.partition).filter(
      (token) =>
        isFor(token, query) &&
        isBearer(token) &&
        sameComponents(token.additionalCacheKeyComponents, query.components) &&
        wanted(query.scopes).every((scope) => wordsOf(token.target).includes(scope)),
    );
  }

  /** Those of them that may be given out: the ones with the fewest scopes, and of these the ones that live longest. */
  best(query: AccessTokenQuery): readonly AccessTokenEntity[] {
    const fitting = this.candidates(query);
    const size = ({ target }: AccessTokenEntity): number => new Set(wordsOf(target)).size;
    const narrow = fitting.filter((token) => size(token) === Math.min(...fitting.map(size)));
    const life = ({ expires_on }: AccessTokenEntity): number => Number(expires_on);
    return narrow.filter((token) => life(token) === Math.max(...narrow.map(life)));
  }

  /** The ID token that goes with an access token of a user. */
  idTokens(home: string, query: TokenQuery): readonly IdTokenEntity[] {
    const tokens = ofOwner(this.#lists.idTokens, userPartition(home));
    const inTenant = tokens.filter((token) => isFor(token, query));
    const homeRealm =
      this.accounts(userPartition(home)).find(({ environment }) => query.environments.has(environment))
        ?.realm ?? "";
    return inTenant.length > 0
      ? inTenant
      : tokens.filter((token) => isFor(token, { ...query, realms: [lower(homeRealm)] }));
  }

  /** The refresh tokens that may serve: the client's own, or the family's. */
  refreshTokens(query: TokenQuery, family: boolean): readonly RefreshTokenEntity[] {
    return ofOwner(this.#lists.refreshTokens, query.partition).filter(
      (token) =>
        query.environments.has(token.environment) &&
        (family ? token.family_id === "1" : !token.family_id && token.client_id === query.clientId),
    );
  }

  /** The one of them that was written last. */
  refreshToken(query: TokenQuery, family: boolean): RefreshTokenEntity | undefined {
    const fitting = this.refreshTokens(query, family);
    const written = (token: RefreshTokenEntity): number =>
      Math.max(
        Number(token["last_modification_time"] ?? 0),
        ...ofOwner(this.#lists.accessTokens, query.partition)
          .filter(
            ({ environment, client_id }) =>
              environment === token.environment && client_id === token.client_id,
          )
          .map(({ cached_at }) => Number(cached_at)),
      );
    const last = Math.max(...fitting.map(written));
    return fitting.findLast((token) => written(token) === last);
  }

  isInFamily(clientId: string, aliases: Aliases): boolean {
    return [...aliases].some((host) => this.#lists.family.includes(`${host} ${clientId}`));
  }

  /** The names of the partitions of all users. */
  users(): ReadonlySet<string> {
    const { accounts, idTokens, accessTokens, refreshTokens } = this.#lists;
    const owners = [...accounts, ...idTokens, ...accessTokens, ...refreshTokens].map(({ owner }) => owner);
    return new Set(owners.filter((owner) => owner.startsWith("user:")));
  }

  accounts(owner: PartitionKey): readonly AccountEntity[] {
    return ofOwner(this.#lists.accounts, owner);
  }

  /** Users, by an id in some tenant or by a user name. */
  usersBy(name: { readonly localAccountId: string } | { readonly username: string }): ReadonlySet<string> {
    const isNamed = ({ localAccountId, username }: Omit<Profile, "tenantId">): boolean =>
      "username" in name ? lower(username) === lower(name.username) : localAccountId === name.localAccountId;
    const found = this.#lists.accounts.filter(({ entity }) =>
      [{ localAccountId: entity.local_account_id, username: entity.username }, ...profilesOf(entity)].some(
        isNamed,
      ),
    );
    return new Set(found.map(({ owner }) => owner));
  }

  removeUser(home: string, aliases: Aliases): void {
    const isUsers = ({
      owner,
      entity,
    }: Held<{ environment: string; home_account_id?: string | null }>): boolean =>
      (owner === userOf(home) || (owner.startsWith("assertion:") && entity.home_account_id === home)) &&
      aliases.has(entity.environment);
    this.#drop({ accounts: isUsers, idTokens: isUsers, accessTokens: isUsers, refreshTokens: isUsers });
  }

  removeRefreshToken(partition: PartitionKey, secret: string): void {
    const owner = partitionName(partition);
    this.#drop({ refreshTokens: (held) => held.owner === owner && held.entity.secret === secret });
  }

  /** On-behalf-of refresh tokens leave with the last access token beside them; those of a session live by themselves. */
  expire(): void {
    const { accessTokens, refreshTokens } = this.#lists;
    const lastOf = (owner: string): number =>
      Math.max(
        ...accessTokens.filter((held) => held.owner === owner).map(({ entity }) => lastUse(entity)),
        ...refreshTokens
          .filter((held) => held.owner === owner && owner.startsWith("assertion:session."))
          .map(({ entity }) => Number(entity.expires_on ?? Infinity)),
      );
    this.#drop({
      refreshTokens: ({ owner }) => owner.startsWith("assertion:") && lastOf(owner) < this.#now(),
    });
  }

  /** Forgets all that is in a partition. */
  forget(partition: PartitionKey): void {
    const isOwned = (held: Held<unknown>): boolean => held.owner === partitionName(partition);
    this.#drop({ accounts: isOwned, idTokens: isOwned, accessTokens: isOwned, refreshTokens: isOwned });
  }

  /** Returns the way back to what there is now. */
  snapshot(): () => void {
    const lists = this.#lists;
    return () => {
      this.#lists = lists;
    };
  }

  /** A session that is begun anew may be another user's. */
  #dropOthers(owner: string, home: string | null | undefined): void {
    const isOthers = (held: Held<AccessTokenEntity | RefreshTokenEntity>): boolean =>
      held.owner === owner && held.entity.home_account_id !== home;
    this.#drop({ accessTokens: isOthers, refreshTokens: isOthers });
  }

  #add(news: Partial<Lists>): void {
    const add = <T>(list: readonly T[], more: readonly T[] = []): readonly T[] => [...list, ...more];
    this.#lists = {
      accounts: add(this.#lists.accounts, news.accounts),
      idTokens: add(this.#lists.idTokens, news.idTokens),
      accessTokens: add(this.#lists.accessTokens, news.accessTokens),
      refreshTokens: add(this.#lists.refreshTokens, news.refreshTokens),
      family: add(this.#lists.family, news.family),
    };
  }

  #drop(fits: {
    readonly accounts?: (held: Held<AccountEntity>) => boolean;
    readonly idTokens?: (held: Held<IdTokenEntity>) => boolean;
    readonly accessTokens?: (held: Held<AccessTokenEntity>) => boolean;
    readonly refreshTokens?: (held: Held<RefreshTokenEntity>) => boolean;
  }): void {
    const without = <T>(list: readonly T[], goes: (one: T) => boolean = () => false): readonly T[] =>
      list.filter((one) => !goes(one));
    this.#lists = {
      ...this.#lists,
      accounts: without(this.#lists.accounts, fits.accounts),
      idTokens: without(this.#lists.idTokens, fits.idTokens),
      accessTokens: without(this.#lists.accessTokens, fits.accessTokens),
      refreshTokens: without(this.#lists.refreshTokens, fits.refreshTokens),
    };
  }
}
