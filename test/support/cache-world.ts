import { expect } from "@jest/globals";
import {
  appPartition,
  assertionPartition,
  partitionName,
  userPartition,
} from "../../packages/core/src/cache/memory/partition-key.js";
import { MemoryCache, type AccessTokenQuery } from "./memory-cache.js";
import type { CacheRecord } from "../../packages/core/src/cache/record.js";
import { CacheModel } from "./cache-model.js";
import { profilesOf } from "./cache-rules.js";
import { CLIENTS, CLOUDS, HOMES, type Place, type Response, type Step } from "./cache-steps.js";
import { createTestClock } from "./test-clock.js";

/** The cache and the model, side by side. */
export class World {
  readonly clock = createTestClock(1_760_000_000_000);
  readonly model = new CacheModel(() => this.clock.now() / 1000);
  readonly cache: MemoryCache;
  #tokens = 0;

  constructor(maxPartitions = Number.MAX_SAFE_INTEGER) {
    this.cache = new MemoryCache({
      maxPartitions,
      clock: this.clock,
      onForget: (key) => this.model.forget(key),
    });
  }

  get now(): number {
    return this.clock.now() / 1000;
  }

  save(response: Response): void {
    const record = this.record(response, response.place.cloud.preferred, this.now);
    this.cache.save(record, response.place.cloud.hosts);
    this.model.save(record, response.place.cloud.hosts);
  }

  do(step: Step): void {
    this.model.expire();
    switch (step.do) {
      case "save": {
        this.save(step.response);
        return;
      }
      case "find": {
        this.compareTokens({
          ...queryOf(step.place),
          scopes: step.asked,
          components: step.components,
        });
        return;
      }
      case "otherLibraryWrites": {
        this.#otherLibraryWrites(step.response, step.age);
        return;
      }
      case "removeUser": {
        this.cache.removeUser(step.home, step.cloud.hosts);
        this.model.removeUser(step.home, step.cloud.hosts);
        return;
      }
      case "removeRefreshToken": {
        const { partition } = queryOf(step.place);
        const secret = this.cache.findRefreshToken(queryOf(step.place), false)?.entity.secret ?? "unknown";
        this.cache.removeRefreshToken(partition, secret);
        this.model.removeRefreshToken(partition, secret);
        return;
      }
      case "advance": {
        this.clock.advance(step.seconds);
        return;
      }
      case "reload": {
        this.cache.load(JSON.parse(JSON.stringify(this.cache.document())), true);
        return;
      }
      case "compareUsers": {
        this.compareUsers();
        return;
      }
    }
  }

  compareTokens(query: AccessTokenQuery): void {
    const found = this.cache.findTokens(query);
    const best = this.model.best(query);
    const acceptable = best.some(({ expires_on }) => Number(expires_on) > this.now)
      ? best
      : // What has expired may have left.
        [undefined, ...this.model.candidates(query)];
    expect(acceptable.map((token) => token?.secret)).toContain(found?.accessToken.entity.secret);
    const user = found?.accessToken.entity.home_account_id;
    if (!user) return;
    const known = this.model
      .accounts(userPartition(user))
      .some(({ environment }) => query.environments.has(environment));
    expect(found.account?.entity.home_account_id).toBe(known ? user : undefined);
    const idTokens = this.model.idTokens(user, query);
    expect(found.idToken !== undefined).toBe(idTokens.length > 0);
    if (query.partition.kind === "user") {
      expect([undefined, ...idTokens.map(({ secret }) => secret)]).toContain(found.idToken?.entity.secret);
    }
  }

  compareRefreshTokens(place: Place): void {
    this.model.expire();
    const query = queryOf(place);
    for (const family of [false, true]) {
      const expected = this.model.refreshToken(query, family);
      expect(this.cache.findRefreshToken(query, family)?.entity.secret).toBe(expected?.secret);
    }
  }

  /** What a cache with too little room may still not do: give out what is wrong, or lose a refresh token unheard. */
  compareWhatIsLeft(place: Place, scopes: readonly string[]): void {
    const query = queryOf(place);
    const found = this.cache.findTokens({ ...query, scopes })?.accessToken.entity.secret;
    expect([undefined, ...this.model.candidates({ ...query, scopes }).map(({ secret }) => secret)]).toContain(
      found,
    );
    for (const family of [false, true]) {
      const kept = this.cache.findRefreshToken(query, family)?.entity.secret;
      const written = this.model.refreshTokens(query, family).map(({ secret }) => secret);
      if (kept !== undefined || (written.length > 0 && place.owner.kind === "user"))
        expect(written).toContain(kept);
    }
  }

  compareFamilies(): void {
    for (const { hosts } of CLOUDS) {
      for (const client of CLIENTS) {
        expect(this.cache.familyOf(client, hosts) !== undefined).toBe(this.model.isInFamily(client, hosts));
      }
    }
  }

  compareUsers(): void {
    expect(new Set(this.cache.users().map(partitionName))).toEqual(this.model.users());
    for (const name of HOMES) {
      const listed = (accounts: ReturnType<CacheModel["accounts"]>): unknown =>
        accounts.map((account) => [
          account.environment,
          new Set(profilesOf(account).map(({ tenantId }) => tenantId)),
        ]);
      const owner = userPartition(name);
      expect(listed(this.cache.accountsOf(owner).map(({ entity }) => entity))).toEqual(
        listed(this.model.accounts(owner)),
      );
      for (const by of [
        { localAccountId: `${name} in t1` },
        { username: `${name}@T2` },
        { username: "nobody" },
      ]) {
        expect(new Set(this.cache.usersBy(by).map(partitionName))).toEqual(this.model.usersBy(by));
      }
    }
  }

  /** Another library does not know who is where under other names, and clears nothing away. */
  #otherLibraryWrites(response: Response, age: number): void {
    const { cloud, owner, clientId } = response.place;
    if (owner.kind !== "user") return;
    const host = [...cloud.hosts][0] ?? "";
    const { accessToken, refreshToken } = this.record(
      { ...response, refreshToken: "own" },
      host,
      this.now - age,
    );
    if (!accessToken || !refreshToken) throw new Error("a record without tokens");
    const document = JSON.parse(JSON.stringify(this.cache.document())) as Record<
      string,
      Record<string, unknown>
    >;
    const key = (kind: string): string => `${owner.home}-${host}-${kind}-${clientId}-${accessToken.secret}`;
    document["AccessToken"] = { ...document["AccessToken"], [key("accesstoken")]: accessToken };
    document["RefreshToken"] = { ...document["RefreshToken"], [key("refreshtoken")]: refreshToken };
    this.model.add(userPartition(owner.home), accessToken, refreshToken);
    this.cache.load(document, true);
  }

  /** What a response leaves in the cache. */
  record(response: Response, environment: string, now: number): CacheRecord {
    const { place, target, lifetime, extended, scheme, components: extra } = response;
    const { clientId: client_id, realm, owner } = place;
    const secret = `token ${(this.#tokens += 1)}`;
    const common = { home_account_id: owner.home, environment, client_id };
    const assertion = owner.kind === "assertion" ? { userAssertionHash: owner.hash } : {};
    const profile = {
      tenantId: realm,
      localAccountId: `${owner.home} in ${realm}`,
      username: `${owner.home}@${realm}`,
    };
    return {
      partition: queryOf(place).partition,
      accessToken: {
        ...common,
        ...assertion,
        credential_type: "AccessToken",
        secret: `${secret} access`,
        realm,
        target: target.join(" "),
        cached_at: String(now),
        expires_on: String(now + lifetime),
        extended_expires_on: String(now + lifetime + extended),
        token_type: scheme,
        ...(extra ? { additionalCacheKeyComponents: extra } : {}),
      },
      ...(owner.kind !== "app" && response.account
        ? {
            account: {
              home_account_id: owner.home,
              environment,
              realm: "T2",
              local_account_id: `${owner.home} in t1`,
              username: profile.username,
              authority_type: "MSSTS",
              tenantProfiles: [JSON.stringify(profile)],
            },
            idToken: { ...common, credential_type: "IdToken", secret: `${secret} id`, realm },
          }
        : {}),
      ...(owner.kind !== "app" && response.refreshToken !== "none"
        ? {
            refreshToken: {
              ...common,
              ...assertion,
              credential_type: "RefreshToken",
              secret: `${secret} refresh`,
              ...(response.refreshToken === "family" ? { family_id: "1" } : {}),
              ...(response.refreshToken === "expiring" ? { expires_on: String(now + 2 * lifetime) } : {}),
            },
          }
        : {}),
      ...(response.refreshToken === "family"
        ? { appMetadata: { client_id, environment, family_id: "1" } }
        : {}),
    };
  }
}

function queryOf({ cloud: { hosts }, clientId, realm, owner }: Place): Omit<AccessTokenQuery, "scopes"> {
  const partition =
    owner.kind === "user"
      ? userPartition(owner.home)
      : owner.kind === "app"
        ? appPartition(clientId, realm)
        : assertionPartition(owner.hash);
  return { partition, clientId, environments: hosts, realms: [realm.toLowerCase()] };
}
