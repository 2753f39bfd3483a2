// proves: core/src/cache/memory/partition.ts, core/src/cache/memory/write.ts, core/src/cache/schema/schema.ts
import { describe, expect, it } from "@jest/globals";
import { appPartition, userPartition } from "../../packages/core/src/cache/memory/partition-key.js";
import type { RefreshTokenEntity } from "../../packages/core/src/cache/schema/schema.js";
import {
  accessToken,
  account,
  alias,
  alice,
  clientId,
  entities,
  environment,
  hosts,
  idToken,
  newCache,
  profile,
  refreshToken,
  seconds,
  secrets,
  work,
  type Entities,
} from "../support/cache-entities.js";

describe("a refresh token that comes", () => {
  it.each<{
    readonly known: string;
    readonly older: Partial<RefreshTokenEntity>;
    readonly newer?: Partial<RefreshTokenEntity>;
    readonly stays: boolean;
  }>([
    { known: "the client's own", older: {}, stays: false },
    { known: "another client's", older: { client_id: "client-b" }, stays: true },
    { known: "one of another provider", older: { environment: "op.example" }, stays: true },
    {
      known: "the family's, which another client has redeemed",
      older: { client_id: "client-b", family_id: "1" },
      newer: { family_id: "1" },
      stays: false,
    },
    { known: "the client's own, for a family's", older: {}, newer: { family_id: "1" }, stays: true },
    { known: "the family's, for the client's own", older: { family_id: "1" }, stays: true },
    { known: "one of another realm", older: { realm: "/one" }, newer: { realm: "/two" }, stays: true },
    { known: "one of the realm", older: { realm: "/one" }, newer: { realm: "/one" }, stays: false },
    {
      known: "one of the realm in capitals",
      older: { realm: "/ONE" },
      newer: { realm: "/one" },
      stays: false,
    },
    {
      known: "one of the realm, with capitals now",
      older: { realm: "/one" },
      newer: { realm: "/ONE" },
      stays: false,
    },
    { known: "one that names no realm", older: {}, newer: { realm: "/one" }, stays: false },
    { known: "one of a realm, for one that names none", older: { realm: "/one" }, stays: true },
  ])("finds $known under another name of the host: it stays: $stays", ({ older, newer, stays }) => {
    const cache = newCache();
    cache.load(
      { RefreshToken: { old: refreshToken({ environment: alias, secret: "old", ...older }) } },
      true,
    );
    cache.save({ partition: alice, refreshToken: refreshToken(newer) }, hosts);
    expect(secrets(cache, "RefreshToken")).toEqual(stays ? ["fresh", "old"] : ["fresh"]);
  });
});

describe("what was kept under two names of a host", () => {
  it("is one account after the next sign-in, as the first has it, with the tenants of both", () => {
    const cache = newCache();
    const known = (name: string) =>
      account({ environment: name, x_of: name, tenantProfiles: [profile(name)] });
    cache.load({ Account: { first: known(environment), second: known(alias) } }, true);
    cache.save({ partition: alice, account: account({ tenantProfiles: [profile("t1")] }) }, hosts);
    const [kept, ...others] = Object.values(entities(cache, "Account"));
    expect(others).toEqual([]);
    expect(kept).toMatchObject({ x_of: environment });
    expect(new Set(kept?.["tenantProfiles"] as string[])).toEqual(
      new Set(["t1", environment, alias].map(profile)),
    );
  });

  it("is one entry of the app's family after the next sign-in; another app's stays", () => {
    const cache = newCache();
    const metadata = (over = {}) => ({ client_id: clientId, environment, family_id: "1", ...over });
    const others = { b: metadata({ client_id: "client-b" }), c: metadata({ environment: "op.example" }) };
    cache.load({ AppMetadata: { a: metadata({ environment: alias }), ...others } }, true);
    cache.save({ partition: alice, appMetadata: metadata() }, hosts);
    expect(entities(cache, "AppMetadata")).toEqual({
      [`appmetadata-${environment}-${clientId}`]: metadata(),
      ...others,
    });
  });
});

describe("a document that is added", () => {
  const text = (): string =>
    JSON.stringify({
      Account: { a: account() },
      AccessToken: { t: accessToken() },
      RefreshToken: { r: refreshToken() },
    });

  it("a second time changes nothing", () => {
    const cache = newCache();
    for (const times of [1, 2]) {
      cache.load(JSON.parse(text()), false);
      expect([times, cache.stats().tokens, cache.accountsOf(alice).length]).toEqual([times, 2, 1]);
      expect(cache.document()).toMatchObject(JSON.parse(text()));
    }
  });

  it("brings users who are found by name, also when others were looked for before", () => {
    const cache = newCache();
    cache.load(JSON.parse(text()), false);
    expect(cache.usersBy({ username: "Alice" })).toEqual([alice]);
    const bob = account({ home_account_id: "u2.t1", username: "bob" });
    cache.load({ Account: { b: bob } }, false);
    expect(cache.usersBy({ username: "Bob" })).toEqual([userPartition("u2.t1")]);
  });
});

describe("a partition", () => {
  it("takes along, into a store and out of it, that the app is of a family, and nothing of other apps", () => {
    const cache = newCache();
    const family = (client_id: string) => ({ client_id, environment, family_id: "1" });
    const signIn = (client_id: string, partition: typeof alice) =>
      cache.save(
        {
          partition,
          refreshToken: refreshToken({ client_id, family_id: "1" }),
          appMetadata: family(client_id),
        },
        hosts,
      );
    signIn(clientId, alice);
    signIn("client-b", userPartition("u2.t1"));
    const document = cache.partitionDocument(alice) ?? {};
    expect(Object.values(document["AppMetadata"] as Entities)).toEqual([family(clientId)]);
    const later = newCache();
    later.loadPartition(alice, document);
    expect(later.familyOf(clientId, hosts)).toBe("1");
    expect(later.familyOf("client-b", hosts)).toBeUndefined();
  });

  it.each([
    { whose: "a user", key: alice, isLeft: true },
    { whose: "a session", key: work, isLeft: false },
  ])("of $whose with expired tokens alone is there still: $isLeft", ({ key, isLeft }) => {
    const cache = newCache();
    const kept = {
      Account: { a: account() },
      AccessToken: { t: accessToken({ expires_on: seconds(-1) }) },
      RefreshToken: { r: refreshToken() },
    };
    cache.loadPartition(key, kept);
    cache.removeRefreshToken(key, "fresh");
    expect(cache.partitionDocument(key) !== undefined).toBe(isLeft);
  });

  it("of a session with a token that still lives outlasts its refresh token", () => {
    const cache = newCache();
    cache.loadPartition(work, { AccessToken: { t: accessToken() }, RefreshToken: { r: refreshToken() } });
    cache.removeRefreshToken(work, "fresh");
    expect(cache.partitionDocument(work)).toBeDefined();
  });

  it("of an app is emptied for that app alone", () => {
    const cache = newCache();
    for (const client_id of [clientId, "client-b"]) {
      const own = accessToken({ client_id, home_account_id: "", secret: client_id });
      cache.save({ partition: appPartition(client_id, "t1"), accessToken: own }, hosts);
    }
    cache.removeAppTokens(clientId);
    expect(secrets(cache, "AccessToken")).toEqual(["client-b"]);
  });
});

describe("an ID token and an access token that come", () => {
  it.each<{
    readonly known: string;
    readonly older: Readonly<Record<string, string>>;
    readonly stays: boolean;
  }>([
    { known: "the client's own", older: {}, stays: false },
    { known: "those of the tenant in capitals", older: { realm: "T1" }, stays: false },
    {
      known: "those that another library keeps for the home tenant",
      older: { realm: "organizations" },
      stays: false,
    },
    { known: "those of another tenant", older: { realm: "t2" }, stays: true },
    { known: "another client's", older: { client_id: "client-b" }, stays: true },
    { known: "those of another provider", older: { environment: "op.example" }, stays: true },
  ])("find $known under another name of the host: they stay: $stays", ({ older, stays }) => {
    const cache = newCache();
    const over = { environment: alias, secret: "old", ...older };
    cache.load({ IdToken: { i: idToken(over) }, AccessToken: { a: accessToken(over) } }, true);
    cache.save(
      { partition: alice, idToken: idToken({ secret: "new" }), accessToken: accessToken({ secret: "new" }) },
      hosts,
    );
    const kept = stays ? ["new", "old"] : ["new"];
    expect(secrets(cache, "IdToken")).toEqual(kept);
    expect(secrets(cache, "AccessToken")).toEqual(kept);
  });
});

describe("an account that comes", () => {
  it.each([
    { known: "under another name of the host", over: { environment: alias }, accounts: 1 },
    { known: "under another provider's host", over: { environment: "op.example" }, accounts: 2 },
  ])("finds one $known: then there are $accounts", ({ over, accounts }) => {
    const cache = newCache();
    cache.load({ Account: { old: account(over) } }, true);
    cache.save({ partition: alice, account: account() }, hosts);
    expect(Object.keys(entities(cache, "Account"))).toHaveLength(accounts);
  });
});
