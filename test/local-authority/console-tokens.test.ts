// A token of any shape: what an API accepts, and everything that it must refuse.
// proves: local-authority/src/console/tokens.ts, local-authority/src/crypto/forge-jwt.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority, type ProtectedResource } from "@tessera/local-authority";
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  type JWK,
} from "jose";
import { consoleCall } from "./console-requests-to.js";
import { get } from "./requests.js";

const web = "c0c0c0c0-0000-4000-8000-0000000000a1";
let authority: LocalAuthority;
let resource: ProtectedResource;
beforeAll(async () => {
  authority = await startLocalAuthority({ http: true });
  resource = await authority.protectedResource({ issuer: "entra" });
});
afterAll(() => authority.close());

const forge = async (json: object = {}) => {
  const answer = await consoleCall(authority, "POST", "/_console/tokens", { json });
  return { ...answer, token: answer.json.token };
};
const keys = () => createRemoteJWKSet(new URL(`${authority.url}/common/discovery/v2.0/keys`));
const accepted = async (json: object) => {
  const { token } = await forge({ audience: resource.url, ...json });
  return (await resource.verify(token)) !== undefined;
};

it("without a wish, it is the token that the authority issues for the first app and user", async () => {
  const { status, token, json } = await forge();
  expect(status).toBe(201);
  const { payload, protectedHeader } = await jwtVerify(token, keys(), {
    issuer: authority.issuer(),
    audience: web,
  });
  expect(payload).toMatchObject({ preferred_username: "alice@contoso.example", scp: "User.Read", azp: web });
  expect(json).toMatchObject({ header: protectedHeader, claims: payload });
});

describe("an API", () => {
  it("accepts one that is made as the authority makes it", async () => {
    expect(await accepted({})).toBe(true);
    expect(await accepted({ type: "app" })).toBe(true);
  });

  it.each<[string, object]>([
    ["has expired", { lifetime: -60 }],
    ["is for another API", { audience: "https://other.example" }],
    ["is of another tenant", { authority: "fabrikam.example" }],
    ["has another issuer", { claims: { iss: "https://evil.example" } }],
    ["has no audience", { claims: { aud: null } }],
    ["is made with an unknown key", { key: "unknown" }],
    ["is made with another key under the right name", { key: "impostor" }],
    ["was changed afterwards", { key: "tampered" }],
    ["is not signed", { key: "none" }],
    ["is signed with the public key", { key: "hmac" }],
    ["names another algorithm", { header: { alg: "none" } }],
    ["is not yet valid", { claims: { nbf: 9_999_999_999 } }],
  ])("refuses one that %s", async (_, wish) => {
    expect(await accepted(wish)).toBe(false);
  });
});

it.each<[string, object, object]>([
  [
    "an ID token",
    { type: "id", user: "bob@contoso.example" },
    { aud: web, preferred_username: "bob@contoso.example" },
  ],
  ["an app's token", { type: "app" }, { idtyp: "app", roles: ["Tasks.Read.All"] }],
  ["AD FS", { authority: "adfs" }, { iss: expect.stringContaining("/adfs/services/trust") }],
  ["B2C", { authority: "contoso.example/b2c_1_signin" }, { tfp: "b2c_1_signin" }],
  [
    "the standard issuer",
    { authority: "contoso.example/openid" },
    { iss: expect.stringMatching(/\/openid$/) },
  ],
  ["External ID's form", { authority: "contoso.example/v2.0" }, { ver: "2.0" }],
  ["more permissions", { scope: "Mail.Read Mail.Send" }, { scp: "Mail.Read Mail.Send" }],
  ["other claims", { claims: { roles: ["Admin"], name: null } }, { roles: ["Admin"], name: undefined }],
  ["nothing but its own claims", { type: "custom", claims: { a: 1 } }, { a: 1, iss: undefined }],
])("%s", async (_, wish, claims) => {
  const { token } = await forge(wish);
  const payload = decodeJwt(token);
  expect({
    ...Object.fromEntries(Object.keys(claims).map((name) => [name, undefined])),
    ...payload,
  }).toMatchObject(claims);
});

it("nothing but its own claims means just those", async () => {
  expect(decodeJwt((await forge({ type: "custom", claims: { a: 1 } })).token)).toEqual({ a: 1 });
});

it.each([
  [60, 0],
  [-60, -3660],
  [0, 0],
])(
  "a lifetime of %i seconds begins %i seconds from now, by the authority's clock",
  async (lifetime, begins) => {
    const frozen = await startLocalAuthority({ http: true, clock: () => 1_800_000_000_000 });
    const { json } = await consoleCall(frozen, "POST", "/_console/tokens", { json: { lifetime } });
    await frozen.close();
    expect(json.claims).toMatchObject({ iat: 1_800_000_000 + begins, exp: 1_800_000_000 + lifetime });
  },
);

it("the header is what it is wished to be", async () => {
  const { token } = await forge({ header: { typ: "at+jwt", kid: null, crit: ["x"] } });
  expect(decodeProtectedHeader(token)).toEqual({ typ: "at+jwt", alg: "RS256", crit: ["x"] });
});

it.each(["RS256", "PS384", "ES256", "ES512", "EdDSA"])("a key of one's own signs with %s", async (alg) => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(privateKey)), alg, kid: "mine" };
  const { token } = await forge({ key: jwk });
  const { protectedHeader } = await jwtVerify(token, publicKey, { audience: web });
  expect(protectedHeader).toMatchObject({ alg, kid: "mine" });
});

it("a shared key of one's own signs as well", async () => {
  const jwk = { kty: "oct", k: Buffer.from("a shared key of thirty-two bytes").toString("base64url") };
  const { token } = await forge({ key: jwk });
  await expect(jwtVerify(token, await importJWK({ ...jwk, alg: "HS256" }))).resolves.toBeDefined();
});

it("the authority's own endpoint takes what it signed, and nothing else", async () => {
  const graph = "https://graph.microsoft.com";
  const ask = async (wish: object) => {
    const { token } = await forge({ audience: graph, scope: "openid", ...wish });
    return (await get(authority, "/oidc/userinfo", { authorization: `Bearer ${token}` })).status;
  };
  expect(await ask({})).toBe(200);
  expect(await ask({ key: "impostor" })).toBe(401);
});

it.each<[string, object]>([
  ["type", { type: "refresh" }],
  ["key", { key: "mine" }],
  ["key", { key: { kty: "RSA", n: "x", e: "AQAB" } }],
  ["key", { key: { kty: "EC" } }],
  ["lifetime", { lifetime: "1h" }],
  ["lifetime", { lifetime: 1e300 }],
  ["claims", { claims: "x" }],
  ["header", { header: [] }],
  ["client", { client: "nobody" }],
  ["user", { user: 1 }],
  ["key", { key: null }],
])("%s is named when it is wrong: %j", async (field, wish) => {
  const { status, json } = await forge(wish);
  expect(status).toBe(400);
  expect(json.error_description).toContain(`${field} is `);
});

it.each([{ user: "nobody@contoso.example" }, { authority: "nowhere.example" }])(
  "%j is not there",
  async (wish) => {
    expect((await forge(wish)).status).toBe(400);
  },
);
