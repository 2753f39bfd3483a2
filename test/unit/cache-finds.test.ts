// proves: core/src/cache/memory/find.ts
import { describe, expect, it } from "@jest/globals";
import { appPartition } from "../../packages/core/src/cache/memory/partition-key.js";
import type { CacheDocument } from "../../packages/core/src/cache/schema/document.js";
import type { MemoryCache } from "../support/memory-cache.js";
import type {
  AccessTokenEntity,
  AccountEntity,
  RefreshTokenEntity,
} from "../../packages/core/src/cache/schema/schema.js";
import {
  accessToken,
  account,
  alias,
  alice,
  clientId,
  home,
  hosts,
  idToken,
  newCache,
  refreshToken,
  seconds,
  secrets,
} from "../support/cache-entities.js";

const query = { partition: alice, clientId, environments: hosts, realms: ["t1"] };

function cacheWith(document: CacheDocument): MemoryCache {
  const cache = newCache();
  cache.load(document, true);
  return cache;
}

describe("a question that comes again", () => {
  const document = { AccessToken: { a: accessToken() } };
  const ask = (cache: MemoryCache) => cache.findTokens({ ...query, scopes: ["A"] });

  it("has the answer it had, until the user's tokens change", () => {
    const cache = cacheWith(document);
    const first = ask(cache);
    expect(ask(cache)).toBe(first);
    cache.save({ partition: alice, accessToken: accessToken({ secret: "new" }) }, hosts);
    expect(ask(cache)?.accessToken.entity.secret).toBe("new");
    cache.removeUser(home, hosts);
    expect(ask(cache)).toBeUndefined();
  });

  it.each([
    { differs: "the client", other: { clientId: "client-b" } },
    { differs: "the host", other: { environments: new Set(["op.example"]) } },
    { differs: "the tenant", other: { realms: ["t2"] } },
    { differs: "the scopes", other: { scopes: ["B"] } },
    { differs: "one scope more", other: { scopes: ["A", "B"] } },
    { differs: "what it is bound to", other: { components: { fmi_path: "/a" } } },
  ])("is another one when it differs in $differs", ({ other }) => {
    const cache = cacheWith(document);
    expect(ask(cache)).toBeDefined();
    expect(cache.findTokens({ ...query, scopes: ["A"], ...other })).toBeUndefined();
  });
});

describe("a tenant in capitals is the tenant", () => {
  it("of an access token, and of the ID token beside it", () => {
    const cache = cacheWith({
      AccessToken: { a: accessToken({ realm: "T1" }) },
      IdToken: { i: idToken({ realm: "T1" }) },
    });
    expect(cache.findTokens({ ...query, scopes: ["A"] })).toMatchObject({
      accessToken: { entity: { secret: "at" } },
      idToken: { entity: { secret: "it" } },
    });
  });

  it("of a refresh token", () => {
    const cache = cacheWith({ RefreshToken: { r: refreshToken({ realm: "T1" }) } });
    expect(cache.findRefreshToken(query, false)?.entity.secret).toBe("fresh");
    expect(cache.findRefreshToken({ ...query, realms: ["t2"] }, false)).toBeUndefined();
  });

  it("of the account whose ID token goes with a token of another tenant", () => {
    const cache = cacheWith({
      Account: { a: account({ realm: "HOME" }) },
      AccessToken: { a: accessToken() },
      IdToken: { i: idToken({ realm: "Home" }), other: idToken({ realm: "elsewhere", secret: "other" }) },
    });
    expect(cache.findTokens({ ...query, scopes: ["A"] })?.idToken?.entity.secret).toBe("it");
  });
});

describe("an app's own token", () => {
  it("is nobody's, whoever is in the cache without an id", () => {
    const nobody = { home_account_id: "" };
    const cache = cacheWith({
      Account: { a: account(nobody) },
      IdToken: { i: idToken(nobody) },
      AccessToken: { t: accessToken(nobody) },
    });
    const found = cache.findTokens({ ...query, partition: appPartition(clientId, "t1"), scopes: ["A"] });
    expect(found).toMatchObject({ accessToken: {}, account: undefined, idToken: undefined });
  });
});

describe("an access token that can be used no more", () => {
  it.each<{ readonly when: string; readonly over: Partial<AccessTokenEntity>; readonly leaves: boolean }>([
    { when: "its end has passed", over: { expires_on: seconds(-1) }, leaves: true },
    {
      when: "both its ends have passed",
      over: { expires_on: seconds(-60), extended_expires_on: seconds(-1) },
      leaves: true,
    },
    {
      when: "its extended end is still to come",
      over: { expires_on: seconds(-1), extended_expires_on: seconds(60) },
      leaves: false,
    },
    { when: "its end is still to come", over: { expires_on: seconds(60) }, leaves: false },
  ])("leaves with the next write of its user: $when: $leaves", ({ over, leaves }) => {
    const cache = cacheWith({ AccessToken: { old: accessToken({ secret: "old", ...over }) } });
    cache.save({ partition: alice, accessToken: accessToken({ secret: "new", target: "B" }) }, hosts);
    expect(secrets(cache, "AccessToken")).toEqual(leaves ? ["new"] : ["new", "old"]);
  });
});

describe("of several refresh tokens", () => {
  const written = (age: number): Partial<RefreshTokenEntity> => ({ last_modification_time: seconds(-age) });
  it.each<{
    readonly which: string;
    readonly first: Partial<RefreshTokenEntity>;
    readonly second: Partial<RefreshTokenEntity>;
    readonly taken: string;
  }>([
    { which: "says that it was written last", first: written(1), second: written(2), taken: "first" },
    {
      which: "was written last, though it comes last",
      first: written(2),
      second: written(1),
      taken: "second",
    },
    { which: "says when it was written at all", first: written(2), second: {}, taken: "first" },
    { which: "comes last, when both say the same", first: written(1), second: written(1), taken: "second" },
    { which: "is the client's", first: {}, second: { client_id: "client-b" }, taken: "first" },
    {
      which: "is under a name of the host",
      first: {},
      second: { environment: "op.example" },
      taken: "first",
    },
    { which: "is not the family's", first: {}, second: { family_id: "1" }, taken: "first" },
    { which: "is of the realm", first: { realm: "t1" }, second: { realm: "t2" }, taken: "first" },
  ])("the one is taken that $which", ({ first, second, taken }) => {
    const cache = cacheWith({
      RefreshToken: {
        one: refreshToken({ secret: "first", ...first }),
        two: refreshToken({ secret: "second", environment: alias, ...second }),
      },
    });
    expect(cache.findRefreshToken(query, false)?.entity.secret).toBe(taken);
  });
});

describe("what a user has granted a client", () => {
  it("is what its access tokens say, in lower case, whatever the tenant", () => {
    const cache = cacheWith({
      AccessToken: {
        a: accessToken({ target: "User.Read openid" }),
        b: accessToken({ target: "Mail.Read", realm: "t2", environment: alias }),
        c: accessToken({ target: "of-another-client", client_id: "client-b" }),
        d: accessToken({ target: "of-another-provider", environment: "op.example" }),
        e: accessToken({ target: "of-another-user", home_account_id: "u2.t1" }),
      },
    });
    expect(cache.grantedScopes(alice, clientId, hosts)).toEqual(
      new Set(["user.read", "openid", "mail.read"]),
    );
    expect(newCache().grantedScopes(alice, clientId, hosts)).toEqual(new Set());
  });
});

describe("the family of an app", () => {
  it.each([
    { kept: "its own", over: {}, family: "1" },
    { kept: "its own under another name of the host", over: { environment: alias }, family: "1" },
    { kept: "that it has none", over: { family_id: "" }, family: undefined },
    { kept: "another app's", over: { client_id: "client-b" }, family: undefined },
    { kept: "that of another provider", over: { environment: "op.example" }, family: undefined },
  ])("is known from what is kept: $kept", ({ over, family }) => {
    const metadata = { client_id: clientId, environment: "login.windows.net", family_id: "1", ...over };
    expect(cacheWith({ AppMetadata: { m: metadata } }).familyOf(clientId, hosts)).toBe(family);
  });
});

describe("an account", () => {
  const found = (entity: Partial<AccountEntity>, environments: ReadonlySet<string>) =>
    cacheWith({ Account: { a: account(entity) } }).findAccount({
      partition: alice,
      environments,
      realms: ["realms/a"],
    })?.entity.home_account_id;

  it("is found under any name of the host, and under no other", () => {
    expect(found({ environment: alias }, hosts)).toBe(home);
    expect(found({ environment: alias }, new Set(["op.example"]))).toBeUndefined();
  });

  it.each([
    ["the same issuer", "Realms/A", home],
    ["another issuer", "realms/b", undefined],
    ["an issuer that another library did not name", "", home],
  ])("of an OpenID Provider is found for %s", (_, realm, expected) => {
    expect(found({ authority_type: "Generic", environment: alias, realm }, hosts)).toBe(expected);
  });
});
