// What an operation demands: of users scopes, of apps roles, of both how recently and how well somebody has signed in. What is
// lacking is said as RFC 6750, RFC 9470 and Entra's clients expect it.
// proves: web/src/guard/demands.ts, web/src/guard/caller.ts, web/src/guard/refusal.ts
import { describe, expect, test } from "@jest/globals";
import { claimsFromChallenge, parseAuthenticationChallenges } from "@tessera/node";
import type { ApiGuardOptions, CheckOptions } from "@tessera/web";
import { BASE, entraUser, guardedApi, keySet, outcome, TENANT } from "../../support/guarded-api.js";

const login = "https://login.microsoftonline.com";
const issuer = "https://idp.example";
const metadataUrl = `${BASE}/.well-known/oauth-protected-resource`;
const entra = (options: Partial<ApiGuardOptions> = {}) =>
  guardedApi({
    options: { authority: `${login}/${TENANT}`, ...options },
    script: { [`GET ${login}/${TENANT}/discovery/v2.0/keys`]: keySet() },
    claims: entraUser(`${login}/${TENANT}/v2.0`),
  });
const standard = (options: Partial<ApiGuardOptions> = {}) =>
  guardedApi({
    options: { issuer, ...options },
    script: {
      [`GET ${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/keys` },
      [`GET ${issuer}/keys`]: keySet(),
    },
    claims: { iss: issuer, sub: "user-1", client_id: "the-client", scope: "read write" },
  });

/** Tokens as Entra issues them. */
const tokens: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  user: {},
  admin: { roles: ["Admin"] },
  app: { scp: undefined, sub: "app", oid: "app", roles: ["Orders.Read.All"], idtyp: "app" },
  "an app without roles": { scp: undefined, sub: "app", oid: "app", idtyp: "app" },
};

test.each<[string, CheckOptions, string, string]>([
  ["nothing", {}, "user", "user"],
  ["nothing", {}, "app", "app"],
  ["nothing", {}, "an app without roles", "403"],
  ["a scope", { scopes: ["Orders.Read"] }, "user", "user"],
  ["a scope with the API in front", { scopes: ["api://orders/Orders.Read"] }, "user", "user"],
  ["a scope of another API", { scopes: ["api://payments/Orders.Read"] }, "user", "403"],
  ["another scope", { scopes: ["Orders.Write"] }, "user", "403"],
  ["two scopes", { scopes: ["Orders.Read", "Orders.Write"] }, "user", "403"],
  ["a part of a scope", { scopes: ["Orders"] }, "user", "403"],
  ["a scope", { scopes: ["Orders.Read"] }, "app", "403"],
  ["no scopes", { scopes: [] }, "user", "user"],
  ["no scopes", { scopes: [] }, "an app without roles", "403"],
  ["a role", { roles: ["Orders.Read.All"] }, "app", "app"],
  ["a role", { roles: ["Orders.Read.All"] }, "an app without roles", "403"],
  ["one of two roles", { roles: ["Orders.Write.All", "Orders.Read.All"] }, "app", "app"],
  ["a role", { roles: ["Admin"] }, "user", "403"],
  ["a role", { roles: ["Admin"] }, "admin", "user"],
  [
    "a scope of users, a role of apps",
    { scopes: ["Orders.Read"], roles: ["Orders.Read.All"] },
    "user",
    "user",
  ],
  ["a scope of users, a role of apps", { scopes: ["Orders.Read"], roles: ["Orders.Read.All"] }, "app", "app"],
  [
    "a scope of users, a role of apps",
    { scopes: ["Orders.Write"], roles: ["Orders.Read.All"] },
    "user",
    "403",
  ],
  ["a scope and a role of users", { scopes: ["Orders.Read"], userRoles: ["Admin"] }, "user", "403"],
  ["a scope and a role of users", { scopes: ["Orders.Read"], userRoles: ["Admin"] }, "admin", "user"],
  ["a role of users", { userRoles: ["Admin"] }, "app", "403"],
])("%s is demanded (%j), of %s: %s", async (_, demands, name, expected) => {
  const { call, token } = entra();
  const { caller, response } = await call(token({ claims: tokens[name] ?? {} }), demands);
  expect(caller?.kind ?? String(response?.status)).toBe(expected);
});

test("the demands of an operation replace those of the guard, so that a role for reading does not open writing", async () => {
  const { call, token } = entra({ scopes: ["Orders.Read"], roles: ["Orders.Read.All"] });
  const app = token({ claims: tokens["app"] ?? {} });
  expect(outcome(await call(app))).toBe("app app");
  expect(outcome(await call(app, { scopes: ["Orders.Write"] }))).toBe("403 insufficient_scope");
  expect(outcome(await call(token()))).toBe("user pairwise");
  expect(outcome(await call(token({ claims: { scp: "Other" } })))).toBe("403 insufficient_scope");
  // How to sign in is no such demand.
  expect(outcome(await call(token({ claims: { scp: "Other" } }), { acrs: ["c1"] }))).toBe(
    "403 insufficient_scope",
  );
});

test("the caller is what the token says, and nothing else", async () => {
  const { call, token } = entra();
  const { caller } = await call(token({ claims: { scp: "Orders.Read  Orders.Write", roles: ["Admin", 7] } }));
  expect(caller).toMatchObject({
    kind: "user",
    subject: "pairwise",
    issuer: `${login}/${TENANT}/v2.0`,
    clientId: "the-client",
    tenantId: TENANT,
    scopes: ["Orders.Read", "Orders.Write"],
    roles: ["Admin"],
  });
  expect(caller?.expiresOn.getTime()).toBe(Number(caller?.claims["exp"]) * 1000);
});

test("scopes in a list and the roles of a realm are read, as Okta and Keycloak write them", async () => {
  const { call, token } = standard();
  const claims = { scope: undefined, scp: ["read"], realm_access: { roles: ["admin"] } };
  const { caller } = await call(token({ claims }), { scopes: ["read"], userRoles: ["admin"] });
  expect(caller).toMatchObject({ scopes: ["read"], roles: ["admin"] });
});

describe("what is lacking is said", () => {
  const challengesOf = (response: Response | undefined) =>
    parseAuthenticationChallenges(response?.headers.get("www-authenticate"));

  test("a scope: which one, in the form that the client asks for", async () => {
    const { call, token } = entra({ scopes: ["Orders.Read"] });
    const { response } = await call(token(), { scopes: ["Orders.Read", "Orders.Write"] });
    expect(response?.status).toBe(403);
    expect(challengesOf(response)).toEqual([
      {
        scheme: "bearer",
        parameters: {
          error: "insufficient_scope",
          error_description: "The user may not do this",
          scope: "api://orders/Orders.Read api://orders/Orders.Write",
          resource_metadata: metadataUrl,
        },
      },
    ]);
    expect(await response?.json()).toEqual({
      error: "insufficient_scope",
      error_description: "The user may not do this",
    });
    const none = await call(undefined, { scopes: ["Orders.Write"] });
    expect(challengesOf(none.response)[0]?.parameters).toEqual({
      scope: "api://orders/Orders.Write",
      resource_metadata: metadataUrl,
    });
    const plain = standard();
    const other = await plain.call(plain.token(), { scopes: ["erase"] });
    expect(challengesOf(other.response)[0]?.parameters["scope"]).toBe("erase");
  });

  test("a role: nothing that a client could ask for", async () => {
    const { call, token } = entra();
    const { response } = await call(token(), { roles: ["Admin"] });
    expect(challengesOf(response)[0]?.parameters).not.toHaveProperty("scope");
  });

  test("a way to sign in: as RFC 9470 has it, and as claims for clients of Entra", async () => {
    const { call, token } = entra();
    const { response } = await call(token(), { acrs: ["c1"] });
    expect(response?.status).toBe(401);
    const [first, second] = challengesOf(response);
    expect(first?.parameters).toMatchObject({
      error: "insufficient_user_authentication",
      acr_values: "c1",
      resource_metadata: metadataUrl,
    });
    expect(second?.parameters["error"]).toBe("insufficient_claims");
    expect(JSON.parse(claimsFromChallenge(response?.headers.get("www-authenticate")) ?? "")).toEqual({
      access_token: { acrs: { essential: true, value: "c1" } },
    });
    expect(outcome(await call(token({ claims: { acrs: ["c1", "c2"] } }), { acrs: ["c1"] }))).toBe(
      "user pairwise",
    );
    expect(outcome(await call(token({ claims: { acrs: ["c2"] } }), { acrs: ["c1"] }))).toMatch(/^401/);
  });

  test("at another provider, without claims", async () => {
    const { call, token } = standard();
    const { response } = await call(token(), { acrs: ["gold", "silver"] });
    expect(challengesOf(response)).toHaveLength(1);
    expect(challengesOf(response)[0]?.parameters).toMatchObject({ acr_values: "gold silver" });
    expect(outcome(await call(token({ claims: { acr: "silver" } }), { acrs: ["gold", "silver"] }))).toBe(
      "user user-1",
    );
  });

  test("how recently: by auth_time alone", async () => {
    const { call, token, clock } = standard();
    const now = Math.floor(clock.now() / 1000);
    const recently = token({ claims: { auth_time: now - 250 } });
    expect(outcome(await call(recently, { maxAge: 300 }))).toBe("user user-1");
    clock.advance(60);
    const { response } = await call(recently, { maxAge: 300 });
    expect(challengesOf(response)[0]?.parameters).toMatchObject({
      error: "insufficient_user_authentication",
      max_age: "300",
    });
    expect(outcome(await call(token(), { maxAge: 300 }))).toBe("401 insufficient_user_authentication");
    expect(outcome(await call(token({ claims: { auth_time: String(now) } }), { maxAge: 300 }))).toMatch(
      /^401/,
    );
  });
});
