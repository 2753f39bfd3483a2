import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  appPartition,
  assertionPartition,
  partitionName,
  userPartition,
} from "../../packages/core/src/cache/partition-key.js";
import {
  PartitionedCache,
  type AccessTokenQuery,
  type CacheRecord,
} from "../../packages/core/src/cache/partitioned-cache.js";
import { TokenCache } from "../../packages/core/src/cache/token-cache.js";
import { createMemoryTokenStore, type TokenStore } from "../../packages/core/src/cache/token-store.js";
import { isObject } from "../../packages/core/src/encoding.js";
import { CacheModel, profilesOf } from "../support/cache-model.js";
import { createTestClock } from "../support/test-clock.js";

const CLOUDS = [
  {
    preferred: "login.windows.net",
    hosts: new Set(["login.microsoftonline.com", "login.windows.net", "sts.windows.net"]),
  },
  { preferred: "op.example", hosts: new Set(["op.example"]) },
] as const;
/** The last two are two users: ids are case-sensitive, although keys are not. */
const HOMES = ["u1.t1", "Sub|Q", "sub|q"] as const;
const CLIENTS = ["client-a", "Client-B"] as const;
const REALMS = ["t1", "T2"] as const;
const COMPONENTS = [
  undefined,
  { fmi_path: "/one", client_claims: "{}" },
  { client_claims: "{}", fmi_path: "/one" },
  { fmi_path: "/two" },
] as const;

// The same sequences every time, so that a failure is the code's; another seed explores others: FC_SEED=1 pnpm jest ….
fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? 20_261_121) });

const cloud = fc.constantFrom(...CLOUDS);
const home = fc.constantFrom(...HOMES);
const clientId = fc.constantFrom(...CLIENTS);
const realm = fc.constantFrom(...REALMS);
const hash = fc.constantFrom("h1", "session.h2");
const components = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.constantFrom(...COMPONENTS));
const words = (...pool: readonly string[]): fc.Arbitrary<string[]> =>
  fc
    .shuffledSubarray([...pool], { minLength: 1 })
    .chain((some) =>
      fc.tuple(...some.map((word) => fc.constantFrom(word, word.toLowerCase(), word.toUpperCase()))),
    );
const granted = words("A", "B", "C", "openid", "profile");
/** Mostly the same ones, so that questions come again. */
const asked = fc.oneof(
  fc.constantFrom(["A"], ["b"], ["A", "B"], [], ["openid"], ["offline_access"]),
  words("A", "B", "C", "openid", "profile"),
);

const owner = fc.oneof(
  fc.record({ kind: fc.constant("user" as const), home }),
  fc.record({ kind: fc.constant("assertion" as const), home, hash }),
  fc.record({ kind: fc.constant("app" as const), home: fc.constant("") }),
);
const place = fc.record({ cloud, clientId, realm, owner });
type Place = typeof place extends fc.Arbitrary<infer T> ? T : never;
const response = fc.record({
  place,
  target: granted,
  components,
  scheme: fc.constantFrom("Bearer", "Bearer", "bearer", "pop"),
  lifetime: fc.constantFrom(90, 3590, 7190),
  extended: fc.constantFrom(0, 3600),
  account: fc.boolean(),
  refreshToken: fc.constantFrom("none", "own", "own", "family", "expiring"),
});
type Response = typeof response extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("save" as const), response }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("find" as const), place, asked, components }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("otherLibraryWrites" as const), response, age: fc.nat(60) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("removeUser" as const), home, cloud }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("removeRefreshToken" as const), place }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("advance" as const), seconds: fc.constantFrom(1, 600, 3600) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "reload" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "compareUsers" as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const attempt = fc.record({
  do: fc.constant("attempt" as const),
  steps: fc.array(
    step.filter((one) => one.do !== "advance"),
    { maxLength: 8 },
  ),
  succeeds: fc.boolean(),
});
const steps = fc.array(fc.oneof({ weight: 8, arbitrary: step }, { weight: 1, arbitrary: attempt }), {
  maxLength: 40,
  size: "max",
});

/** The cache and the model, side by side. */
class World {
  readonly clock = createTestClock(1_760_000_000_000);
  readonly model = new CacheModel(() => this.clock.now() / 1000);
  readonly cache: PartitionedCache;
  #tokens = 0;

  constructor(maxPartitions = Number.MAX_SAFE_INTEGER) {
    this.cache = new PartitionedCache({
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
      case "removeUser":
        this.cache.removeUser(step.home, step.cloud.hosts);
        {
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

describe("the token cache, whatever is done with it", () => {
  it("agrees with a list that is scanned from its beginning", () => {
    fc.assert(
      fc.property(steps, fc.array(place, { minLength: 5 }), (sequence, places) => {
        const world = new World();
        for (const step of sequence) {
          if (step.do !== "attempt") {
            world.do(step);
            continue;
          }
          const checkpoint = world.cache.checkpoint();
          const undo = world.model.snapshot();
          for (const inner of step.steps) world.do(inner);
          if (step.succeeds) checkpoint.commit();
          else {
            checkpoint.rollBack();
            undo();
          }
        }
        world.compareUsers();
        world.compareFamilies();
        for (const one of places) world.compareRefreshTokens(one);
      }),
      { numRuns: 400 },
    );
  });

  it("never gives out what is wrong, forgets no refresh token without a word, and stays in its bounds, when there is no room", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: "max" }),
        fc.array(place),
        fc.integer({ min: 1, max: 2 }),
        (sequence, places, max) => {
          const world = new World(max);
          for (const one of sequence) {
            if (one.do === "find") world.compareWhatIsLeft(one.place, one.asked);
            else if (one.do === "compareUsers") world.cache.usersBy({ username: "anybody" });
            else world.do(one);
            const { users, apps, assertions } = world.cache.stats().partitions;
            expect(users).toBeLessThanOrEqual(5 * max);
            expect(apps).toBeLessThanOrEqual(max);
            expect(assertions).toBeLessThanOrEqual(max);
          }
          for (const one of places) world.compareWhatIsLeft(one, []);
        },
      ),
      { numRuns: 400 },
    );
  });
});

const text = fc.oneof(
  fc.constantFrom("U1.T1", "auth0|AbC", "sub|Q", "1", "login.windows.net"),
  fc.string({ maxLength: 8 }),
);
const seconds = fc.oneof(fc.constantFrom("1", "1760000000", "4102444800", ""), fc.integer());
/** Names that are members of every object, and others. */
const oddName = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", "0", ""),
  fc.string({ maxLength: 5 }),
);
const unknownFields = fc.array(
  fc.tuple(
    fc.oneof(fc.constantFrom("requestedClaims", "requestedClaimsHash"), oddName),
    fc.jsonValue({ maxDepth: 2 }),
  ),
  { maxLength: 2 },
);
/** Fields that should be texts, if they are there, and are something else. */
const oddFields = fc.array(
  fc.tuple(
    fc.constantFrom(
      "home_account_id",
      "username",
      "client_info",
      "token_type",
      "family_id",
      "tenantProfiles",
      "expires_on",
    ),
    fc.oneof(fc.integer(), fc.constant({}), fc.constant([5])),
  ),
  { maxLength: 1 },
);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

type Kind = "Account" | "IdToken" | "AccessToken" | "RefreshToken" | "AppMetadata";
type Fields = Readonly<Record<string, unknown>>;
type Library = "node 7" | "node 2.15" | "python" | "go";
const library = fc.constantFrom<Library>("node 7", "node 2.15", "python", "go");

/** The fields of `cache-schema.md` §4, those included that only some libraries write. */
const credential = {
  home_account_id: fc.oneof(text, fc.constant(null), fc.constant(undefined)),
  environment: text,
  client_id: text,
  secret: text,
};
const FIELDS: Readonly<Record<Kind, fc.Arbitrary<Fields>>> = {
  Account: fc.record({
    home_account_id: text,
    environment: text,
    realm: text,
    local_account_id: text,
    username: text,
    authority_type: fc.constantFrom("MSSTS", "ADFS", "Generic", "MSA"),
    name: optional(text),
    client_info: optional(text),
    account_source: optional(text),
    last_modification_time: optional(seconds),
    tenantProfiles: optional(
      fc.array(
        fc.oneof(
          fc.constantFrom(
            '{"tenantId":"T1","localAccountId":"U1","username":"Me"}',
            '{"tenantId":"T1","localAccountId":"U1","username":5}',
            '{"tenantId":5}',
            "{",
          ),
          text,
        ),
      ),
    ),
  }),
  IdToken: fc.record({ ...credential, credential_type: fc.constant("IdToken"), realm: text }),
  AccessToken: fc.record({
    ...credential,
    credential_type: fc.constantFrom("AccessToken", "AccessToken_With_AuthScheme", "accesstoken"),
    realm: text,
    target: text,
    cached_at: seconds,
    expires_on: seconds,
    extended_expires_on: optional(seconds),
    refresh_on: optional(seconds),
    token_type: optional(fc.constantFrom("Bearer", "bearer", "pop", null)),
    key_id: optional(text),
    userAssertionHash: optional(text),
    user_assertion_hash: optional(fc.constantFrom("abc=", "abc")),
    resource: optional(text),
    ext_cache_key: optional(text),
    additionalCacheKeyComponents: optional(fc.dictionary(oddName, text)),
  }),
  RefreshToken: fc.record({
    ...credential,
    credential_type: fc.constant("RefreshToken"),
    family_id: optional(fc.constantFrom("1", "", null)),
    target: optional(text),
    realm: optional(text),
    expires_on: optional(seconds),
    last_modification_time: optional(seconds),
  }),
  AppMetadata: fc.record({
    environment: text,
    client_id: text,
    family_id: optional(fc.constantFrom("1", null)),
  }),
};

/** What follows the last segment of a key: `cache-schema.md` §2. */
const ENDS: Readonly<Record<Library, Readonly<Record<"IdToken" | "AccessToken" | "RefreshToken", string>>>> =
  {
    "node 7": { AccessToken: "-", IdToken: "--", RefreshToken: "---" },
    "node 2.15": { AccessToken: "--", IdToken: "---", RefreshToken: "----" },
    python: { AccessToken: "", IdToken: "-", RefreshToken: "--t" },
    go: { AccessToken: "", IdToken: "", RefreshToken: "" },
  };

function keyOf(kind: Kind, fields: Fields, by: Library): string {
  const { home_account_id: home, environment, client_id: client, realm, family_id: family, target } = fields;
  const join = (...segments: readonly unknown[]): string =>
    segments.map((segment) => (typeof segment === "string" ? segment : "")).join("-");
  if (kind === "AppMetadata")
    return by === "python"
      ? join("appmetadata", environment, client)
      : join("appmetadata", environment, client).toLowerCase();
  if (kind === "Account")
    return join(
      home,
      environment,
      by === "python" || by === "go" ? realm : String(home).split(".")[1],
    ).toLowerCase();
  const owner = join(
    home,
    environment,
    kind,
    (kind === "RefreshToken" && by !== "python" && family) || client,
  );
  const rest =
    kind === "RefreshToken"
      ? ""
      : kind === "IdToken"
        ? `-${String(realm)}`
        : `-${String(realm)}-${String(target)}`;
  return `${owner}${rest}${ENDS[by][kind]}`.toLowerCase();
}

const anyKind = fc.constantFrom<Kind>("Account", "IdToken", "AccessToken", "RefreshToken", "AppMetadata");
const entity = anyKind.chain((kind) =>
  fc.tuple(FIELDS[kind], library, unknownFields, oddFields).map(([fields, by, unknown, odd]) => {
    const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
    const value: unknown = Object.fromEntries([...kept, ...unknown, ...odd]);
    return { section: kind, key: keyOf(kind, fields, by), value };
  }),
);
const oddEntity = fc.record({
  section: fc.oneof(anyKind, oddName),
  key: oddName,
  value: fc.jsonValue({ maxDepth: 3 }),
});
const oddSection = fc.record({
  section: fc.oneof(anyKind, oddName),
  key: fc.constant(undefined),
  value: fc.jsonValue(),
});
const document = (
  part: typeof entity | typeof oddEntity | typeof oddSection,
): fc.Arbitrary<Record<string, unknown>> =>
  fc.array(part as typeof entity, { maxLength: 12 }).map((parts) => {
    const sections = new Map<string, unknown>();
    for (const { section, key, value } of parts) {
      const before = sections.get(section);
      const others = isObject(before) ? Object.entries(before) : [];
      sections.set(section, key === undefined ? value : Object.fromEntries([...others, [key, value]]));
    }
    return Object.fromEntries(sections);
  });
const anyDocument = fc.oneof(
  document(entity),
  document(fc.oneof(entity, oddEntity, oddSection) as typeof entity),
);

/** Objects as lists of their members in alphabetical order: compares members called `__proto__`, too. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, canonical(member)] as const);
  return { members: members.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

/** The document with all five sections, as the peer writes it, too. */
function whole(document: Record<string, unknown> | undefined): unknown {
  const sections = ["Account", "IdToken", "AccessToken", "RefreshToken", "AppMetadata"].map(
    (name) => [name, {}] as const,
  );
  return canonical(Object.fromEntries([...sections, ...Object.entries(document ?? {})]));
}

function tokenCache(cache: PartitionedCache, store?: TokenStore): TokenCache {
  return new TokenCache({
    cache,
    store,
    onUnreadable: "refuse",
    clientId: "1",
    aliasesOf: (host) => new Set([host]),
    now: () => 0,
    warn: () => undefined,
  });
}

describe("a document of the token cache, whoever wrote it and whatever else is in it", () => {
  const limits = {
    maxPartitions: 1000,
    clock: createTestClock(1_760_000_000_000),
    onForget: () => undefined,
  };
  const runs = { numRuns: 400 };

  it("comes back from the cache as it was", () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const text = JSON.stringify(document);
        const cache = new PartitionedCache(limits);
        cache.load(JSON.parse(text), true);
        expect(whole(cache.document())).toEqual(whole(JSON.parse(text)));
      }),
      runs,
    );
  });

  it("comes back from serialize as deserialize got it", () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const text = JSON.stringify(document);
        const cache = tokenCache(new PartitionedCache(limits));
        cache.deserialize(text);
        expect(whole(JSON.parse(cache.serialize()))).toEqual(whole(JSON.parse(text)));
      }),
      runs,
    );
  });

  it("comes back as a partition, in memory and in a store, as it was", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyDocument,
        fc.constantFrom(userPartition("U1.T1"), assertionPartition("h1")),
        async (document, key) => {
          const text = JSON.stringify(document);
          const cache = new PartitionedCache(limits);
          cache.loadPartition(key, JSON.parse(text));
          expect(whole(cache.partitionDocument(key))).toEqual(whole(JSON.parse(text)));

          const store = createMemoryTokenStore(limits.clock);
          const name = partitionName(key);
          await store.update(name, () => ({ document: text }));
          await tokenCache(new PartitionedCache(limits), store).write(key, () => undefined);
          expect(whole(JSON.parse((await store.load(name)) ?? "{}"))).toEqual(whole(JSON.parse(text)));
        },
      ),
      runs,
    );
  });

  it("gives way, where it cannot be understood, to what is written in its place", () => {
    fc.assert(
      fc.property(response, fc.jsonValue({ maxDepth: 1 }), fc.boolean(), (one, odd, wholeSection) => {
        const { hosts, preferred } = one.place.cloud;
        const world = new World();
        const record = world.record(one, preferred, world.now);
        world.cache.save(record, hosts);
        const document = JSON.parse(JSON.stringify(world.cache.document())) as Record<
          string,
          Record<string, unknown>
        >;
        const [[key, token] = ["", undefined]] = Object.entries(document["AccessToken"] ?? {});

        const later = new World();
        later.cache.load(
          { AccessToken: wholeSection ? (odd ?? 1) : { [key]: { ...Object(odd), secret: 5 } } },
          true,
        );
        later.cache.save(record, hosts);
        expect(later.cache.document()["AccessToken"]).toMatchObject({ [key]: token });
      }),
      runs,
    );
  });

  it("makes no look-up, listing or removal fail", async () => {
    await fc.assert(
      fc.asyncProperty(anyDocument, text, clientId, async (document, name, client) => {
        const parts = new PartitionedCache(limits);
        const cache = tokenCache(parts);
        cache.deserialize(JSON.stringify(document));
        const accounts = await cache.getAllAccounts();
        await cache.getAccounts({ username: name });
        await cache.getAccountByLocalId(name);
        const environments = new Set([name]);
        for (const partition of [...parts.users(), appPartition(client, name), assertionPartition("abc")]) {
          const query = { partition, clientId: client, environments, realms: [name] };
          parts.findTokens({ ...query, scopes: [name] });
          parts.findRefreshToken(query, true);
        }
        for (const account of accounts) await cache.removeAccount(account);
        expect(cache.stats().tokens).toBeGreaterThanOrEqual(0);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      runs,
    );
  });
});
