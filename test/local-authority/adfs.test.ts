// AD FS: what is different from Entra, endpoint by endpoint.
// proves: local-authority/src/dialects/adfs.ts, local-authority/src/dialects/adfs-errors.ts,
// local-authority/src/dialects/adfs-scopes.ts, local-authority/src/endpoints/other-configurations.ts
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type App, type LocalAuthority } from "@tessera/local-authority";
import { decodeJwt, SignJWT } from "jose";
import { createPrivateKey } from "node:crypto";
import { makeCertificate } from "../support/certificates.js";
import { signIn } from "../support/sign-in.js";
import { get, post } from "./requests.js";

const api = "https://orders.contoso.example";
const alice = { username: "alice@contoso.example", password: "alice-password" };
const redirectUri = "http://localhost:3000/redirect";
const own = makeCertificate({ subject: "daemon" });

let authority: LocalAuthority;
let strict: LocalAuthority;
let url: string;
let web: App;
let desktop: App;
beforeAll(async () => {
  strict = await startLocalAuthority({ refreshTokenRotation: "strict" });
  authority = await startLocalAuthority({
    resources: [api, "https://stock.contoso.example"],
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "orders-api", clientSecret: "s", identifierUri: api, scopes: ["read", "write"] },
          { clientId: "certified", certificates: [own.certificatePem] },
        ],
      },
    ],
  });
  url = authority.authorityUrl("adfs");
  [web, desktop] = authority.config.tenants[0]?.apps as [App, App];
});
afterEach(() => {
  authority.clearRequests();
});
afterAll(() => Promise.all([authority.close(), strict.close()]));

const token = (form: Readonly<Record<string, string | undefined>>, path = "/adfs/oauth2/token") =>
  post(authority, path, form);
const withPassword = (form: Readonly<Record<string, string | undefined>> = {}) =>
  token({ grant_type: "password", client_id: desktop.clientId, ...alice, ...form });
const audienceOf = (answer: { readonly json: Readonly<Record<string, unknown>> }) =>
  decodeJwt(String(answer.json["access_token"])).aud;

async function codeFor(
  query: Readonly<Record<string, string>>,
  path = "/adfs/oauth2/authorize/",
): Promise<URL> {
  const parameters = {
    client_id: desktop.clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    ...query,
  };
  const target = `${authority.url}${path}?${new URLSearchParams(parameters).toString()}`;
  return signIn(target, { ...alice, ca: authority.caPem });
}
const redeem = (code: string | null, form: Readonly<Record<string, string>> = {}, path?: string) =>
  token(
    {
      grant_type: "authorization_code",
      client_id: desktop.clientId,
      redirect_uri: redirectUri,
      code: code ?? "",
      ...form,
    },
    path,
  );

describe("discovery", () => {
  it("names its endpoints, two with a slash at the end, and another issuer for access tokens", async () => {
    const { json } = await get(authority, "/adfs/.well-known/openid-configuration");
    expect(json).toMatchObject({
      issuer: url,
      access_token_issuer: `${url.replace("https:", "http:")}/services/trust`,
      authorization_endpoint: `${url}/oauth2/authorize/`,
      token_endpoint: `${url}/oauth2/token/`,
      device_authorization_endpoint: `${url}/oauth2/devicecode`,
      end_session_endpoint: `${url}/oauth2/logout`,
      userinfo_endpoint: `${url}/userinfo`,
      jwks_uri: `${url}/discovery/keys`,
      token_endpoint_auth_signing_alg_values_supported: ["RS256"],
    });
  });

  // parity: Endpoints | Entra's paths do not exist below `/adfs` | adfs same
  it.each([
    "/adfs/v2.0/.well-known/openid-configuration",
    "/adfs/oauth2/v2.0/token",
    "/adfs/oauth2/v2.0/authorize",
    "/adfs/discovery/v2.0/keys",
  ])("has nothing at %s, where Entra has", async (path) => {
    expect((await get(authority, path)).status).toBe(404);
  });
});

describe("a token answer", () => {
  // parity: Tokens | The fields of the response, the claims and the two issuers of AD FS | adfs same
  it("has what AD FS sends, and nothing of Entra", async () => {
    const { json } = await withPassword({ scope: `openid ${api}/read`, client_info: "1" });
    expect(json).toEqual({
      access_token: expect.any(String),
      token_type: "bearer",
      expires_in: 3599,
      resource: api,
      refresh_token: expect.any(String),
      refresh_token_expires_in: 7_776_000,
      scope: `${api}/read openid`,
      id_token: expect.any(String),
    });
    expect(Object.keys(decodeJwt(String(json["id_token"]))).sort()).toEqual(
      "appid apptype aud auth_time authmethod exp iat iss nbf scp sid sub unique_name upn ver".split(" "),
    );
  });

  // parity: Tokens | A refresh returns no new refresh token | adfs same
  it("to a refresh has no new refresh token, even when rotation is strict", async () => {
    const form = { client_id: desktop.clientId, scope: `openid ${api}/read` };
    const first = await post(strict, "/adfs/oauth2/token", { grant_type: "password", ...alice, ...form });
    for (const _ of [1, 2]) {
      const refresh_token = String(first.json["refresh_token"]);
      const { json } = await post(strict, "/adfs/oauth2/token", {
        grant_type: "refresh_token",
        refresh_token,
        ...form,
      });
      expect(Object.keys(json).sort()).toEqual([
        "access_token",
        "expires_in",
        "id_token",
        "scope",
        "token_type",
      ]);
    }
  });
});

describe("the resource", () => {
  it.each([
    ["in front of the scope", { scope: `openid ${api}/read` }, api, `${api}/read openid`],
    ["as a parameter", { scope: "openid read", resource: api }, api, "read openid"],
    ["in both places", { scope: `${api}/write`, resource: api }, api, `${api}/write`],
    ["as a parameter, without scopes", { resource: api }, api, "openid"],
    ["with .default", { scope: `${api}/.default` }, api, `${api}/.default`],
    ["nowhere: user info", { scope: "openid" }, "urn:microsoft:userinfo", "openid"],
    [
      "as an identifier that is no URI",
      { scope: "openid", resource: "orders-api" },
      "microsoft:identityserver:orders-api",
      "openid",
    ],
  ])("may stand %s", async (_, form, audience, scope) => {
    const answer = await withPassword(form);
    expect(audienceOf(answer)).toBe(audience);
    expect(answer.json["scope"]).toBe(scope);
  });

  it.each([
    ["two", { scope: `${api}/read`, resource: "https://stock.contoso.example" }, "invalid_scope"],
    ["an unknown one", { scope: "https://unknown.example/read" }, "invalid_resource"],
    ["an unknown permission of a known one", { scope: `${api}/delete` }, "invalid_scope"],
  ])("is refused: %s", async (_, form, error) => {
    const { status, json } = await withPassword(form);
    expect({ status, error: json["error"] }).toEqual({ status: 400, error });
  });

  it("of the authorization request counts for the code and for the refresh token", async () => {
    const back = await codeFor({ resource: api, scope: "openid read" });
    const first = await redeem(back.searchParams.get("code"), { scope: "openid" });
    expect(audienceOf(first)).toBe(api);
    const refresh_token = String(first.json["refresh_token"]);
    const form = { grant_type: "refresh_token", client_id: desktop.clientId, refresh_token };
    expect(audienceOf(await token(form))).toBe(api);
    expect(audienceOf(await token({ ...form, scope: "openid" }))).toBe(api);
    const resource = "https://stock.contoso.example";
    expect(audienceOf(await token({ ...form, scope: "openid", resource }))).toBe(resource);
  });
});

describe("the answer in the browser", () => {
  // parity: Signing in | The response in the browser has the code and the state only | adfs same
  it("has the code and the state, and nothing of Entra", async () => {
    const back = await codeFor({ scope: "openid", state: "s", client_info: "1" });
    expect([...back.searchParams.keys()].sort()).toEqual(["code", "state"]);
  });

  it("says what is wrong without Entra's numbers", async () => {
    const back = await codeFor({ scope: "openid", state: "s", response_type: "token" });
    expect(Object.fromEntries(back.searchParams)).toEqual({
      error: "unsupported_response_type",
      error_description: expect.not.stringContaining("AADSTS"),
      state: "s",
    });
  });
});

describe("grants", () => {
  it.each([
    ["Entra", "AD FS", () => `/${authority.config.tenants[0]?.id ?? ""}/oauth2/v2.0`, () => "/adfs/oauth2"],
    ["AD FS", "Entra", () => "/adfs/oauth2", () => `/${authority.config.tenants[0]?.id ?? ""}/oauth2/v2.0`],
  ])("of %s are worth nothing at %s", async (_, __, from, to) => {
    const scope = "openid offline_access";
    const code = async () => (await codeFor({ scope }, `${from()}/authorize`)).searchParams.get("code");
    const elsewhere = await redeem(await code(), {}, `${to()}/token`);
    expect(elsewhere.json["error"]).toBe("invalid_grant");
    const { json } = await redeem(await code(), {}, `${from()}/token`);
    const refresh_token = String(json["refresh_token"]);
    const form = { grant_type: "refresh_token", client_id: desktop.clientId, scope, refresh_token };
    expect((await token(form, `${to()}/token`)).json["error"]).toBe("invalid_grant");
    expect((await token(form, `${from()}/token`)).status).toBe(200);
  });
});

// parity: Signing in | Nobody is asked for consent | adfs same
it("asks nobody for consent", async () => {
  const client_id = authority.config.tenants[0]?.apps.find(
    ({ requiresConsent }) => requiresConsent,
  )?.clientId;
  expect((await withPassword({ client_id, resource: api })).status).toBe(200);
  const back = await codeFor({ client_id: client_id ?? "", scope: "openid", prompt: "consent" });
  expect((await redeem(back.searchParams.get("code"), { client_id: client_id ?? "" })).status).toBe(200);
  expect(authority.requests.some(({ endpoint }) => endpoint === "consent")).toBe(false);
});

describe("errors are AD FS's own", () => {
  it.each([
    ["an unknown client", { client_id: "nobody" }, "invalid_client", /^MSIS9607/],
    ["a wrong password", { password: "wrong" }, "invalid_grant", /^MSIS9659/],
    ["an unknown resource", { resource: "https://unknown.example" }, "invalid_resource", /^MSIS9602/],
    ["an unknown grant", { grant_type: "magic" }, "unsupported_grant_type", /magic/],
  ])("%s", async (_, form, error, description) => {
    const { json } = await withPassword(form);
    expect(json).toEqual({ error, error_description: expect.stringMatching(description) });
    expect(String(json["error_description"])).not.toContain("AADSTS");
  });

  // parity: Errors | MSIS codes, always with HTTP 400, and no fields of Entra | adfs same
  it("a wrong secret, a wrong code, and a fault that the test asked for", async () => {
    const { clientId: client_id } = web;
    const wrong = { grant_type: "client_credentials", client_id, client_secret: "wrong", resource: api };
    expect((await token(wrong)).json).toMatchObject({
      error: "invalid_client",
      error_description: expect.stringMatching(/^MSIS9622/),
    });
    expect((await redeem("1.nothing")).json).toMatchObject({ error: "invalid_grant" });
    authority.fault({ match: "token", status: 503 });
    expect((await withPassword()).json).not.toHaveProperty("error_codes");
  });
});

describe("a client assertion", () => {
  const x5t = Buffer.from(own.thumbprintSha1Hex, "hex").toString("base64url");
  const x5tS256 = Buffer.from(own.thumbprintSha256Hex, "hex").toString("base64url");
  const assert = async (header: Readonly<Record<string, string>>, audience: string) =>
    token({
      grant_type: "client_credentials",
      client_id: "certified",
      resource: api,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: await new SignJWT({})
        .setProtectedHeader({ alg: "RS256", ...header })
        .setIssuer("certified")
        .setSubject("certified")
        .setAudience(audience)
        .setJti("1")
        .setExpirationTime("10m")
        .sign(createPrivateKey(own.privateKeyPem)),
    });

  it.each([
    ["the token endpoint, with a slash", { x5t }, "/oauth2/token/", 200],
    ["the token endpoint, without", { x5t }, "/oauth2/token", 200],
    ["the issuer", { x5t }, "", 200],
    ["the token endpoint of Entra", { x5t }, "/oauth2/v2.0/token", 400],
    ["PS256", { x5t, alg: "PS256" }, "/oauth2/token/", 400],
    ["a SHA-256 thumbprint", { "x5t#S256": x5tS256 }, "/oauth2/token/", 400],
  ])("%s", async (_, header, path, status) => {
    expect((await assert(header, `${url}${path}`)).status).toBe(status);
  });
});

describe("user info and sign-out", () => {
  // parity: Endpoints | User info returns `sub` only | adfs same
  it("user info tells the subject of a token that is for nothing else", async () => {
    const { json } = await withPassword({ scope: "openid" });
    const bearer = (value: unknown) => ({ authorization: `Bearer ${String(value)}` });
    const { sub } = decodeJwt(String(json["id_token"]));
    expect((await get(authority, "/adfs/userinfo", bearer(json["access_token"]))).json).toEqual({ sub });
    const forApi = await withPassword({ resource: api });
    expect((await get(authority, "/adfs/userinfo", bearer(forApi.json["access_token"]))).status).toBe(401);
  });

  // parity: Endpoints | Signing out returns to a registered address | adfs same
  it("signing out goes on to a registered address", async () => {
    const { status, headers } = await get(
      authority,
      `/adfs/oauth2/logout?${new URLSearchParams({ post_logout_redirect_uri: redirectUri }).toString()}`,
    );
    expect({ status, location: headers["location"] }).toEqual({ status: 302, location: redirectUri });
  });
});
