// An API accepts the tokens of its own provider, in every form that the provider gives them, and of nobody else.
// proves: core/src/authority/access-token-issuer.ts, core/src/endpoints/access-tokens.ts, core/src/response/access-token-subject.ts,
// node/src/access-token-verifier.ts, web/src/guard/create-api-guard.ts, web/src/guard/accepted-tokens.ts,
// web/src/guard/check-guard-options.ts, web/src/guard/options.ts, web/src/guard/request-guard.ts
import { describe, expect, test } from "@jest/globals";
import { createAccessTokenVerifier } from "@tessera/node";
import { createApiGuard } from "@tessera/web";
import {
  API,
  BASE,
  entraUser,
  guardedApi,
  keySet,
  OTHER_TENANT,
  outcome,
  TENANT,
  type GuardedApiOptions,
} from "../../support/guarded-api.js";

const login = "https://login.microsoftonline.com";
const china = "https://login.partner.microsoftonline.cn";
const usGov = "https://login.microsoftonline.us";
const entraKeys = (host: string, tenant = TENANT, issuer = `${host}/${TENANT}/v2.0`) => ({
  [`GET ${host}/${tenant}/discovery/v2.0/keys`]: keySet({ issuer }),
});
/** A provider whose endpoints come from its discovery document. */
const discovered = (document: string, base: string, issuer: string, over: object = {}) => ({
  [`GET ${document}`]: {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/keys`,
    ...over,
  },
  [`GET ${base}/keys`]: keySet(),
});

const b2c = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_signin";
const adfs = "https://sts.contoso.example/adfs";
const ciam = "https://contoso.ciamlogin.com/contoso.onmicrosoft.com";
const ciamIssuer = `https://${TENANT}.ciamlogin.com/${TENANT}/v2.0`;
const oidc = "https://idp.example/realms/Main";

/** Each kind of provider with a good token, and issuers that are like its own and are not. */
const kinds: Readonly<Record<string, GuardedApiOptions & { readonly strangers: readonly object[] }>> = {
  "Entra, v2.0 tokens": {
    options: { authority: `${login}/${TENANT}` },
    script: entraKeys(login),
    claims: entraUser(`${login}/${TENANT}/v2.0`),
    strangers: [
      { iss: `${login}/${OTHER_TENANT}/v2.0`, tid: OTHER_TENANT },
      { iss: `${login}/${OTHER_TENANT}/v2.0` },
      { tid: OTHER_TENANT },
      { tid: undefined },
      { iss: `${login}/${TENANT}/` },
      { iss: `${usGov}/${TENANT}/v2.0` },
      { iss: `https://login.microsoftonline.com.evil.example/${TENANT}/v2.0` },
    ],
  },
  "Entra, v1.0 tokens": {
    options: { authority: `${login}/${TENANT}/v2.0` },
    script: entraKeys(login),
    claims: {
      ...entraUser(`https://sts.windows.net/${TENANT}/`),
      azp: undefined,
      appid: "the-client",
      ver: "1.0",
    },
    strangers: [
      { iss: `https://sts.windows.net/${OTHER_TENANT}/`, tid: OTHER_TENANT },
      { iss: `https://sts.windows.net/${TENANT}` },
      { iss: `https://sts.chinacloudapi.cn/${TENANT}/` },
    ],
  },
  "Entra in China, v1.0 tokens": {
    options: { authority: `${china}/${TENANT}` },
    script: entraKeys(china),
    claims: entraUser(`https://sts.chinacloudapi.cn/${TENANT}/`),
    strangers: [{ iss: `https://sts.chinacloudapi.cn/${OTHER_TENANT}/`, tid: OTHER_TENANT }],
  },
  "Entra for US governments": {
    options: { authority: `${usGov}/${TENANT}` },
    script: entraKeys(usGov),
    claims: entraUser(`${usGov}/${TENANT}/v2.0`),
    strangers: [{ iss: `${login}/${TENANT}/v2.0` }],
  },
  "Entra, several tenants by ID": {
    options: { authority: `${login}/organizations`, tenants: [TENANT.toUpperCase()] },
    script: entraKeys(login, "organizations", `${login}/{tenantid}/v2.0`),
    claims: entraUser(`${login}/${TENANT}/v2.0`),
    strangers: [
      { iss: `${login}/${OTHER_TENANT}/v2.0`, tid: OTHER_TENANT },
      { iss: `${login}/${OTHER_TENANT}/v2.0` },
      { tid: OTHER_TENANT },
      { tid: undefined },
    ],
  },
  "Entra, a function that knows the tenants": {
    options: { authority: `${login}/common`, tenants: async (id) => id === TENANT },
    script: entraKeys(login, "common", `${login}/{tenantid}/v2.0`),
    claims: entraUser(`${login}/${TENANT}/v2.0`),
    strangers: [{ iss: `${login}/${OTHER_TENANT}/v2.0`, tid: OTHER_TENANT }, { tid: undefined }],
  },
  "Entra, personal accounts": {
    options: { authority: `${login}/consumers` },
    script: entraKeys(login, "consumers", `${login}/{tenantid}/v2.0`),
    claims: entraUser(
      `${login}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`,
      "9188040d-6c67-4c5b-b112-36a304b66dad",
    ),
    strangers: [{ iss: `${login}/${TENANT}/v2.0`, tid: TENANT }],
  },
  "External ID": {
    options: { authority: ciam },
    script: discovered(`${ciam}/v2.0/.well-known/openid-configuration`, ciam, ciamIssuer),
    claims: entraUser(ciamIssuer),
    strangers: [
      { iss: `https://${OTHER_TENANT}.ciamlogin.com/${OTHER_TENANT}/v2.0`, tid: OTHER_TENANT },
      { tid: OTHER_TENANT },
    ],
  },
  B2C: {
    options: { authority: b2c },
    script: discovered(
      `${b2c}/v2.0/.well-known/openid-configuration`,
      b2c,
      `https://contoso.b2clogin.com/${TENANT}/v2.0/`,
    ),
    claims: {
      iss: `https://contoso.b2clogin.com/${TENANT}/v2.0/`,
      tfp: "B2C_1_SignIn",
      sub: "object",
      azp: "the-client",
      scp: "Orders.Read",
    },
    strangers: [
      { tfp: "B2C_1_weaker" },
      { tfp: undefined, acr: "b2c_1_weaker" },
      { iss: `https://contoso.b2clogin.com/${OTHER_TENANT}/v2.0/` },
      { iss: `https://contoso.b2clogin.com/${TENANT}/v2.0`, tid: TENANT },
    ],
  },
  "AD FS": {
    options: { authority: adfs },
    script: discovered(`${adfs}/.well-known/openid-configuration`, adfs, adfs, {
      access_token_issuer: "http://sts.contoso.example/adfs/services/trust",
    }),
    claims: {
      iss: "http://sts.contoso.example/adfs/services/trust",
      sub: "subject",
      appid: "the-client",
      scp: "openid",
    },
    strangers: [{ iss: adfs }, { iss: "https://sts.contoso.example/adfs/services/trust" }],
  },
  "an OpenID Provider": {
    options: { issuer: oidc },
    script: discovered(`${oidc}/.well-known/openid-configuration`, oidc, oidc),
    claims: { iss: oidc, sub: "user-1", client_id: "the-client", scope: "Orders.Read" },
    strangers: [
      { iss: "https://idp.example/realms/Other" },
      { iss: "https://idp.example/realms/main" },
      { iss: "https://idp.example" },
      { iss: undefined },
    ],
  },
};

describe.each(Object.entries(kinds))("%s", (_, { strangers, ...given }) => {
  test("the provider's tokens are accepted, with one request for its keys", async () => {
    const { call, token, network } = guardedApi(given);
    for (const aud of [API, "api://orders", ["https://other.example", API]])
      expect(outcome(await call(token({ claims: { aud } })))).toMatch(/^user /);
    expect(network.requests.filter(({ line }) => line.endsWith("/keys"))).toHaveLength(1);
  });

  test.each(strangers.map((one) => [JSON.stringify(one), one]))("not with %s", async (_changes, claims) => {
    const { call, token } = guardedApi(given);
    expect(outcome(await call(token({ claims: claims as Record<string, unknown> })))).toBe(
      "401 invalid_token",
    );
  });

  test("nor for another audience", async () => {
    const { call, token } = guardedApi(given);
    for (const aud of ["api://payments", ["api://payments"], `${API}/`, undefined, "", null])
      expect(outcome(await call(token({ claims: { aud } })))).toBe("401 invalid_token");
  });
});

describe("a key of Entra signs for its own issuer only", () => {
  const shared = (issuer: string) => ({
    options: { authority: `${login}/common`, tenants: [TENANT, OTHER_TENANT] },
    script: entraKeys(login, "common", issuer),
    claims: entraUser(`${login}/${OTHER_TENANT}/v2.0`, OTHER_TENANT),
  });
  test.each([
    ["that of a tenant, for another", `${login}/${TENANT}/v2.0`, "401 invalid_token"],
    [
      "that of personal accounts, for a tenant",
      `${login}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`,
      "401 invalid_token",
    ],
    ["that of all tenants", `${login}/{tenantid}/v2.0`, "user pairwise"],
    ["that of the tenant", `${login}/${OTHER_TENANT}/v2.0`, "user pairwise"],
  ])("%s", async (_, issuer, expected) => {
    const { call, token } = guardedApi(shared(issuer));
    expect(outcome(await call(token()))).toBe(expected);
  });
});

test("a tenant that the function no longer names is refused at once", async () => {
  const tenants = new Set([TENANT]);
  const { call, token } = guardedApi({
    options: { authority: `${login}/common`, tenants: (id) => tenants.has(id) },
    script: entraKeys(login, "common", `${login}/{tenantid}/v2.0`),
    claims: entraUser(`${login}/${TENANT}/v2.0`),
  });
  const good = token();
  expect(outcome(await call(good))).toBe("user pairwise");
  tenants.clear();
  expect(outcome(await call(good))).toBe("401 invalid_token");
});

const good = { baseUrl: BASE, audience: API, authority: `${login}/${TENANT}` };
test.each<[string, object, RegExp]>([
  ["several tenants, without a list", { authority: `${login}/common` }, /tenants/],
  ["any company, without a list", { authority: `${login}/organizations` }, /tenants/],
  ["no tenant", { authority: login }, /tenants/],
  ["a tenant by its name, which tokens do not have", { authority: `${login}/contoso.example` }, /tenants/],
  ["an empty list of tenants", { tenants: [] }, /tenants/],
  ["tenants by name", { tenants: ["contoso.example"] }, /tenants/],
  ["neither authority nor issuer", { authority: undefined }, /authority/],
  ["authority and issuer", { issuer: oidc }, /issuer/],
  ["no audience", { audience: undefined }, /audience/],
  ["an empty audience", { audience: [] }, /audience/],
  ["an audience that is empty", { audience: "" }, /audience/],
  ["no URL", { baseUrl: undefined }, /baseUrl/],
  ["a URL without TLS", { baseUrl: "http://orders.example" }, /https/],
  ["a URL with a query", { baseUrl: `${BASE}?a=b` }, /baseUrl/],
  ["no types", { types: [] }, /types/],
  ["scopes as a string", { scopes: "Orders.Read" }, /scopes/],
  ["introspection without app", { authority: undefined, issuer: oidc, introspection: true }, /app/],
  ["what is no application", { app: {} }, /app/],
  ["an unknown exchange", { exchange: "other" }, /exchange/],
  ["short secrets", { dpop: { nonceSecrets: ["short"] } }, /nonceSecrets/],
  ["no secrets", { dpop: { nonceSecrets: [] } }, /nonceSecrets/],
  ["what is no header", { clientCertificateHeader: "a header" }, /clientCertificateHeader/],
  ["what is no store", { store: {} }, /store/],
])("%s: refused when the guard is made", (_, over, message) => {
  expect(() => createApiGuard({ ...good, ...over })).toThrow(message);
});

test("a cache of answers may hold ten minutes, and no more", () => {
  const app = { acquireTokenOnBehalfOf() {}, introspect() {} };
  const made = (cacheSeconds: number) => () =>
    createApiGuard({
      baseUrl: BASE,
      audience: API,
      issuer: oidc,
      app,
      introspection: { cacheSeconds },
    } as never);
  expect(made(600)).not.toThrow();
  expect(made(601)).toThrow(/600/);
  expect(made(-1)).toThrow(/600/);
});

test("the verifier of @tessera/node does the same without a request", async () => {
  const [, { options, script, claims }] = Object.entries(kinds)[0] ?? ["", undefined as never];
  const { token, network, clock } = guardedApi({ options, script, claims });
  const { authority } = options;
  const system = { networkClient: network, clock };
  const verifier = createAccessTokenVerifier({ authority, audience: API, system });
  expect(verifier.issuer).toBe(`${login}/${TENANT}/v2.0`);
  const text = token();
  expect(verifier.known(text)).toBeUndefined();
  const verified = await verifier.verify(text);
  expect(verified).toMatchObject({ claims: { sub: "pairwise" }, isOfApp: false });
  expect(verifier.known(text)).toBe(verified);
  await expect(verifier.verify(token({ claims: { aud: "api://payments" } }))).rejects.toMatchObject({
    errorCode: "invalid_access_token",
  });
  await expect(verifier.verify(7 as never)).rejects.toMatchObject({ errorCode: "invalid_option" });
});
