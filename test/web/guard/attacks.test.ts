// What an attacker may send to an API, and what comes of it: nothing but a refusal that says what a client needs to know.
// proves: web/src/guard/presented-token.ts, web/src/guard/refusal.ts, core/src/response/access-token-subject.ts
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { createApiGuard } from "@tessera/web";
import { jwk, keys, sign } from "../../support/fake-provider.js";
import {
  API,
  BASE,
  entraUser,
  guardedApi,
  keySet,
  outcome,
  TENANT,
  type TokenChanges,
} from "../../support/guarded-api.js";

const issuer = "https://idp.example/realms/main";
const metadataUrl = `${BASE}/.well-known/oauth-protected-resource`;
const provider = (over: object = {}) => ({
  options: { issuer, ...over },
  script: {
    [`GET ${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/keys` },
    [`GET ${issuer}/keys`]: keySet({ alg: "RS256" }),
  },
  claims: { iss: issuer, sub: "user-1", client_id: "the-client", scope: "Orders.Read" },
});
const login = "https://login.microsoftonline.com";
const entra = () => ({
  options: { authority: `${login}/${TENANT}` },
  script: { [`GET ${login}/${TENANT}/discovery/v2.0/keys`]: keySet() },
  claims: entraUser(`${login}/${TENANT}/v2.0`),
});

const publicPem = keys.one.publicKey.export({ type: "spki", format: "pem" });
const rsaText = JSON.stringify(keys.one.publicKey.export({ format: "jwk" }));
const small = generateKeyPairSync("rsa", { modulusLength: 1024 });

const forgeries: Readonly<Record<string, TokenChanges>> = {
  "HS256 with the public key as PEM": { header: { alg: "HS256" }, key: Buffer.from(publicPem) },
  "HS256 with the public key as JWK": { header: { alg: "HS256" }, key: Buffer.from(rsaText) },
  "HS256 with an empty key": { header: { alg: "HS256" }, key: new Uint8Array(1) },
  HS384: { header: { alg: "HS384" }, key: Buffer.from(publicPem) },
  "no algorithm": { header: { alg: "none" } },
  "no algorithm, in capitals": { header: { alg: "NONE" } },
  "an algorithm that is a list": { header: { alg: ["RS256"] } },
  "another algorithm than the one that the key is for": {
    header: { alg: "PS256" },
    key: keys.one.privateKey,
  },
  "ES256 that names the RSA key": { header: { alg: "ES256" }, key: keys.elliptic.privateKey },
  "another key under the same kid": { key: keys.two.privateKey },
  "another key, in the header itself": {
    header: { kid: undefined, jwk: keys.two.publicKey.export({ format: "jwk" }) },
    key: keys.two.privateKey,
  },
  "another key, at an address of the attacker": {
    header: { kid: "two", jku: "https://evil.example/keys", x5u: "https://evil.example/cert" },
    key: keys.two.privateKey,
  },
  "a kid that is a path": { header: { kid: "../../dev/null" }, key: new Uint8Array(1) },
  "critical extensions": { header: { crit: ["exp"] } },
  "the type of a logout token": { header: { typ: "logout+jwt" } },
  "the type of a DPoP proof": { header: { typ: "dpop+jwt" } },
  "the type of a client assertion": { header: { typ: "client-authentication+jwt" } },
  "the type of a request object": { header: { typ: "oauth-authz-req+jwt" } },
  "a type that is no text": { header: { typ: 7 } },
  expired: { claims: { exp: 1 } },
  "no expiry": { claims: { exp: undefined } },
  "an expiry that is a text": { claims: { exp: "9999999999" } },
  "an expiry that never comes": { claims: { exp: "1e999" } },
  "not valid yet": { claims: { nbf: 9_999_999_999 } },
  "the hash of an access token, as an ID token has": { claims: { at_hash: "hash" } },
  "the hash of a code, as an ID token has": { claims: { c_hash: "hash" } },
  "events, as a logout token has": { claims: { events: {} } },
  "Cognito's name for an ID token": { claims: { token_use: "id" } },
  "Keycloak's name for an ID token": { claims: { typ: "ID" } },
  "Keycloak's name for a refresh token": { claims: { typ: "Refresh" } },
  "nothing that an ID token does not have": { claims: { scope: undefined, client_id: undefined } },
};

describe("a token with", () => {
  test.each(Object.entries(forgeries))("%s is refused", async (_, changes) => {
    const { call, token } = guardedApi(provider());
    expect(outcome(await call(token()))).toBe("user user-1");
    expect(outcome(await call(token(changes)))).toBe("401 invalid_token");
  });

  test("a changed claim is refused, and so is one with a letter of another alphabet in it", async () => {
    const { call, token } = guardedApi(provider());
    const [header = "", payload = "", signature = ""] = token().split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: "admin" })).toString("base64url");
    expect(outcome(await call(`${header}.${changed}.${signature}`))).toBe("401 invalid_token");
    expect(outcome(await call(`${header}.${payload}.`))).toMatch(/^40[01] /);
    expect(outcome(await call(`${header}.${payload}`))).toBe("401 invalid_token");
    expect(outcome(await call(`${header}.${payload}.${signature}.x`))).toBe("401 invalid_token");
  });

  test("a key that is too short is refused", async () => {
    const { options, claims, script } = provider();
    const short = { [`GET ${issuer}/keys`]: { keys: [jwk(small, { kid: "one" })] } };
    const { call, token } = guardedApi({ options, claims, script: { ...script, ...short } });
    expect(outcome(await call(token({ key: small.privateKey })))).toBe("401 invalid_token");
  });
});

test("a provider that promises a type is held to it", async () => {
  const { call, token } = guardedApi(provider({ types: ["at+jwt"] }));
  expect(outcome(await call(token({ header: { typ: "at+jwt" } })))).toBe("user user-1");
  expect(outcome(await call(token({ header: { typ: "application/AT+JWT" } })))).toBe("user user-1");
  for (const typ of ["JWT", undefined, "jwt"])
    expect(outcome(await call(token({ header: { typ } })))).toBe("401 invalid_token");
});

describe("at Entra", () => {
  test("an ID token of the same registration is not an access token, whatever roles its user has", async () => {
    const { call, token } = guardedApi(entra());
    const claims = { scp: undefined, azp: undefined, nonce: "nonce", roles: ["Orders.Read.All"] };
    expect(outcome(await call(token({ claims }), { roles: ["Orders.Read.All"] }))).toBe("401 invalid_token");
  });

  test("an app is told from a user, with and without idtyp", async () => {
    const { call, token } = guardedApi(entra());
    const app = { scp: undefined, sub: "the-app", oid: "the-app", roles: ["Orders.Read.All"] };
    expect(outcome(await call(token({ claims: app })))).toBe("app the-app");
    expect(outcome(await call(token({ claims: { ...app, idtyp: "app" } })))).toBe("app the-app");
    expect(outcome(await call(token({ claims: { roles: ["Orders.Read.All"] } })))).toBe("user pairwise");
    // A user's roles are not permissions of an app.
    expect(outcome(await call(token({ claims: { scp: undefined, roles: ["Orders.Read.All"] } })))).toBe(
      "401 invalid_token",
    );
  });
});

describe("other providers' apps are told from users", () => {
  test.each<[string, object, string]>([
    ["the app is the subject", { sub: "the-client" }, "app"],
    ["Auth0", { sub: "abc@clients", azp: "abc", client_id: undefined, gty: "client-credentials" }, "app"],
    ["there is no subject", { sub: undefined }, "app"],
    ["a user whose name is like the app's", { sub: "the-client2" }, "user"],
  ])("%s", async (_, claims, kind) => {
    const { call, token } = guardedApi(provider());
    expect((await call(token({ claims: { ...claims } }))).caller?.kind).toBe(kind);
  });
});

describe("how a token is presented", () => {
  const { guard, token } = guardedApi(provider());
  const asked = async (headers: Record<string, string>, path = "/orders") =>
    guard.check(new Request(`${BASE}${path}`, { headers }));

  test("none at all: the client is told where to ask, and no error", async () => {
    for (const authorization of [undefined, "Basic dXNlcjpwYXNz", "Negotiate abc", "bearerx y"]) {
      const { response } = await asked(authorization === undefined ? {} : { authorization });
      expect(response?.status).toBe(401);
      expect(response?.headers.get("www-authenticate")).toBe(`Bearer resource_metadata="${metadataUrl}"`);
      expect(response?.headers.get("cache-control")).toBe("no-store");
    }
  });

  test.each(["bearer", "BEARER", "Bearer  "])("the scheme %s is the same", async (scheme) => {
    expect(outcome(await asked({ authorization: `${scheme} ${token()}` }))).toBe("user user-1");
  });

  test("in the URL: refused, also with a good one in the header", async () => {
    const authorization = `Bearer ${token()}`;
    for (const path of [
      `/orders?access_token=${token()}`,
      "/orders?a=b&access_token=x#y",
      "/orders?%61ccess_token=x",
    ]) {
      expect(outcome(await asked({}, path))).toBe("400 invalid_request");
      expect(outcome(await asked({ authorization }, path))).toBe("400 invalid_request");
    }
    expect(outcome(await asked({ authorization }, "/orders?my_access_token=x"))).toBe("user user-1");
  });

  test("two of them, or none behind the scheme: refused", async () => {
    const headers = new Headers({ authorization: `Bearer ${token()}` });
    headers.append("authorization", `Bearer ${token()}`);
    expect(outcome(await guard.check(new Request(`${BASE}/orders`, { headers })))).toBe(
      "400 invalid_request",
    );
    expect(outcome(await asked({ authorization: "Bearer" }))).toBe("400 invalid_request");
    expect(outcome(await asked({ authorization: 'Bearer a"b' }))).toBe("400 invalid_request");
  });
});

test("nothing of a token is written into a header or a reason", async () => {
  const { call, token } = guardedApi(provider());
  const claims = { iss: 'https://evil.example/"\r\nset-cookie: a=b', aud: "ünïcode" };
  const checked = await call(token({ claims }));
  expect(outcome(checked)).toBe("401 invalid_token");
  expect(checked.response?.headers.get("set-cookie")).toBeNull();
  expect(checked.response?.headers.get("www-authenticate")).toBe(
    `Bearer error="invalid_token", error_description="The access token is not valid", resource_metadata="${metadataUrl}"`,
  );
  const { reason = "" } = await call(token({ key: keys.two.privateKey }));
  expect(reason).not.toMatch(/eyJ/);
});

test("two APIs of one provider do not take each other's tokens", async () => {
  const orders = guardedApi(provider());
  const system = { networkClient: orders.network, clock: orders.clock };
  const payments = createApiGuard({
    baseUrl: "https://payments.example",
    issuer,
    audience: "payments",
    system,
  });
  const request = new Request("https://payments.example/", {
    headers: { authorization: `Bearer ${orders.token()}` },
  });
  expect(outcome(await payments.check(request))).toBe("401 invalid_token");
  expect(
    outcome(await orders.call(sign({ iss: issuer, sub: "u", aud: API }, { alg: "RS256", kid: "one" }))),
  ).toBe("401 invalid_token");
});
