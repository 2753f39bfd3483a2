// proves: local-authority/src/client-authentication/authenticate-client.ts,
// local-authority/src/client-authentication/secret.ts, local-authority/src/endpoints/token.ts,
// local-authority/src/grants/authorization-code.ts, local-authority/src/grants/client-credentials.ts,
// local-authority/src/grants/grant.ts, local-authority/src/grants/grants.ts,
// local-authority/src/grants/refresh-token.ts, local-authority/src/grants/token-response.ts,
// local-authority/src/stores/codes.ts, local-authority/src/stores/refresh-tokens.ts,
// local-authority/src/tokens/scopes.ts, local-authority/src/crypto/opaque.ts,
// local-authority/src/errors/aadsts-row.ts, local-authority/src/errors/client-errors.ts,
// local-authority/src/errors/errors.ts, local-authority/src/errors/request-errors.ts,
// local-authority/src/errors/trace.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { createHash } from "node:crypto";
import { signIn } from "../support/sign-in.js";
import { post } from "./requests.js";

const redirectUri = "http://localhost:3000/auth/callback";
const verifier = "correct-horse-battery-staple-correct-horse-battery";
const challenge = createHash("sha256").update(verifier).digest("base64url");
const scope = "openid profile offline_access User.Read";

let authority: LocalAuthority;
let tenant: Tenant;
let web: App;
let desktop: App;
let alice: User;
let tokenPath: string;

beforeAll(async () => {
  authority = await startLocalAuthority({
    resources: ["https://vault.example"],
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "strict", redirectUris: ["http://localhost/*"], refreshTokenRotation: "strict" },
          { clientId: "family-one", redirectUris: ["http://localhost/*"], familyId: "1" },
          { clientId: "family-two", redirectUris: ["http://localhost/*"], familyId: "1" },
          { clientId: "retired", clientSecret: "secret", disabled: true },
          { clientId: "api", identifierUri: "api://orders", scopes: ["Orders.Read"] },
        ],
      },
    ],
  });
  [tenant] = authority.config.tenants as [Tenant];
  [web, desktop] = tenant.apps as [App, App];
  [alice] = tenant.users as [User];
  tokenPath = `/${tenant.id}/oauth2/v2.0/token`;
});
afterAll(() => authority.close());

function appNamed(clientId: string): App {
  const app = tenant.apps.find((candidate) => candidate.clientId === clientId);
  if (app === undefined) throw new Error(`no app ${clientId}`);
  return app;
}

async function getCode(app: App, parameters: Record<string, string> = {}, user = alice): Promise<string> {
  const query = new URLSearchParams({
    client_id: app.clientId,
    response_type: "code",
    redirect_uri: redirectUri,
    scope,
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...parameters,
  });
  const url = `${authority.authorityUrl()}/oauth2/v2.0/authorize?${query.toString()}`;
  const answer = await signIn(url, { ...user, ca: authority.caPem });
  return answer.searchParams.get("code") ?? "";
}

function redeem(app: App, code: string, fields: Record<string, string | undefined> = {}) {
  return post(authority, tokenPath, {
    grant_type: "authorization_code",
    client_id: app.clientId,
    client_secret: app.clientSecret,
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    scope,
    ...fields,
  });
}

function refresh(
  app: App,
  refreshToken: unknown,
  fields: Record<string, string | undefined> = {},
  path = tokenPath,
) {
  return post(authority, path, {
    grant_type: "refresh_token",
    client_id: app.clientId,
    client_secret: app.clientSecret,
    refresh_token: String(refreshToken),
    scope,
    ...fields,
  });
}

describe("client credentials", () => {
  const request = (fields: Record<string, string | undefined> = {}) => ({
    grant_type: "client_credentials",
    client_id: web.clientId,
    client_secret: web.clientSecret,
    scope: "https://graph.microsoft.com/.default",
    ...fields,
  });

  it("answers with what RFC 6749 §4.4.3 allows: no scope, no refresh token, nothing to store", async () => {
    const { status, json, headers } = await post(authority, tokenPath, request());
    expect(status).toBe(200);
    expect(Object.keys(json).sort()).toEqual(["access_token", "expires_in", "ext_expires_in", "token_type"]);
    expect(json).toMatchObject({ token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599 });
    expect(headers["cache-control"]).toContain("no-store");
  });

  it("takes the secret by HTTP Basic, form-url-encoded first", async () => {
    const odd = await startLocalAuthority({
      http: true,
      tenants: [{ domain: "contoso.example", apps: [{ clientId: "odd:id", clientSecret: "s p+c%:é" }] }],
    });
    const encode = (text: string) => encodeURIComponent(text).replaceAll("%20", "+");
    const basic = Buffer.from(`${encode("odd:id")}:${encode("s p+c%:é")}`).toString("base64");
    const fields = { grant_type: "client_credentials", scope: "https://graph.microsoft.com/.default" };
    const { status } = await post(odd, tokenPath, fields, { authorization: `Basic ${basic}` });
    expect(status).toBe(200);
    await odd.close();
  });

  it("serves a multi-tenant app in a tenant that is not its own", async () => {
    const daemon = tenant.apps.find(({ name }) => name === "Contoso Daemon");
    const { json } = await post(authority, "/fabrikam.example/oauth2/v2.0/token", {
      ...request(),
      client_id: daemon?.clientId,
      client_secret: daemon?.clientSecret,
    });
    const other = authority.config.tenants[1]?.id ?? "";
    expect(decodeJwt(String(json["access_token"]))).toMatchObject({
      tid: other,
      iss: authority.issuer(other),
    });
  });

  it("makes the client id of an app the audience of tokens for its own API", async () => {
    const { json } = await post(authority, tokenPath, request({ scope: "api://orders/.default" }));
    expect(decodeJwt(String(json["access_token"])).aud).toBe("api");
  });

  const refusals: readonly [string, Record<string, string | undefined>, number, number, string][] = [
    ["a wrong secret", { client_secret: "wrong" }, 401, 7000215, "invalid_client"],
    ["no secret from a confidential client", { client_secret: undefined }, 401, 7000218, "invalid_client"],
    ["an unknown client", { client_id: "nobody" }, 400, 700016, "unauthorized_client"],
    ["a disabled client", { client_id: "retired" }, 400, 7000112, "unauthorized_client"],
    ["no client", { client_id: undefined, client_secret: undefined }, 400, 900144, "invalid_request"],
    [
      "a scope that is not .default",
      { scope: "https://graph.microsoft.com/User.Read" },
      400,
      1002012,
      "invalid_scope",
    ],
    ["no scope", { scope: undefined }, 400, 900144, "invalid_request"],
    [
      "two scopes",
      { scope: "https://a.example/.default https://b.example/.default" },
      400,
      70011,
      "invalid_scope",
    ],
    ["an unknown resource", { scope: "https://nowhere.example/.default" }, 400, 500011, "invalid_resource"],
    ["an unknown grant", { grant_type: "carrier_pigeon" }, 400, 70003, "unsupported_grant_type"],
    ["no grant", { grant_type: undefined }, 400, 900144, "invalid_request"],
    ["claims that are not JSON", { claims: "{" }, 400, 9002313, "invalid_request"],
  ];
  it.each(refusals)("refuses %s as Entra does", async (_, fields, status, code, error) => {
    const answer = await post(authority, tokenPath, request(fields));
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ error, error_codes: [code] });
  });

  it.each([
    ["an unknown tenant", "unknown.example", 90002, "invalid_request"],
    ["a tenant that is no name", "nowhere", 900023, "invalid_request"],
    ["common, which is no tenant", "common", 50194, "invalid_request"],
  ])("refuses %s", async (_, segment, code, error) => {
    const answer = await post(authority, `/${segment}/oauth2/v2.0/token`, request());
    expect(answer.json).toMatchObject({ error, error_codes: [code] });
  });

  it("refuses a public client, which has nothing to prove itself with", async () => {
    const fields = { client_id: desktop.clientId, client_secret: undefined };
    expect((await post(authority, tokenPath, request(fields))).json["error_codes"]).toEqual([7000218]);
    const withSecret = { ...fields, client_secret: "made-up" };
    expect((await post(authority, tokenPath, request(withSecret))).json["error_codes"]).toEqual([700025]);
  });

  it("sends errors with every field of Entra's, and the client's own correlation id", async () => {
    const id = "11111111-2222-4333-8444-555555555555";
    const { json, headers } = await post(
      authority,
      `${tokenPath}?client-request-id=${id}`,
      request({ client_secret: "x" }),
    );
    expect(json).toEqual({
      error: "invalid_client",
      error_description: expect.stringMatching(
        /^AADSTS7000215: .* Trace ID: [\w-]{36} Correlation ID: 11111111-2222-4333-8444-555555555555 Timestamp: [\d-]{10} [\d:]{8}Z$/,
      ),
      error_codes: [7000215],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
      trace_id: headers["x-ms-request-id"],
      correlation_id: id,
      error_uri: `${authority.url}/error?code=7000215`,
    });
    expect(headers["client-request-id"]).toBe(id);
    const odd = await post(authority, `${tokenPath}?client-request-id=a%0d%0ab`, request());
    expect(odd.headers["client-request-id"]).toMatch(/^[\w-]{36}$/);
  });
});

describe("authorization code", () => {
  it("is redeemed once, by the client, for the address and with the verifier of its request", async () => {
    const code = await getCode(web);
    const wrong: readonly [Record<string, string | undefined>, number, string][] = [
      [{ redirect_uri: "http://localhost:3000/other" }, 500112, "invalid_client"],
      [{ code_verifier: "a".repeat(43) }, 501481, "invalid_grant"],
      [{ code_verifier: undefined }, 50148, "invalid_grant"],
      [{ redirect_uri: undefined }, 900144, "invalid_request"],
      [{ code: "made-up" }, 9002313, "invalid_grant"],
      [{ client_id: desktop.clientId, client_secret: undefined }, 70000, "invalid_grant"],
    ];
    for (const [fields, errorCode, error] of wrong) {
      expect((await redeem(web, code, fields)).json).toMatchObject({ error, error_codes: [errorCode] });
    }
    const answers = await Promise.all([redeem(web, code), redeem(web, code)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect((await redeem(web, code)).json).toMatchObject({ error: "invalid_grant", error_codes: [54005] });
  });

  it("expires", async () => {
    const code = await getCode(desktop);
    authority.advanceClock(600);
    expect((await redeem(desktop, code)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [70008],
    });
  });

  it("is bound to its tenant", async () => {
    const answer = await post(authority, "/fabrikam.example/oauth2/v2.0/token", {
      grant_type: "authorization_code",
      client_id: desktop.clientId,
      code: await getCode(desktop),
      redirect_uri: redirectUri,
      code_verifier: verifier,
    });
    expect(answer.json).toMatchObject({ error: "invalid_grant", error_codes: [700005] });
  });

  it("takes the plain challenge too, as Entra does", async () => {
    const code = await getCode(desktop, { code_challenge: verifier, code_challenge_method: "plain" });
    expect((await redeem(desktop, code)).status).toBe(200);
  });

  it("answers with the tokens and fields that were asked for, and no others", async () => {
    const full = await redeem(desktop, await getCode(desktop), { client_info: "1", scope: `${scope} email` });
    expect(full.json).toMatchObject({ scope: "User.Read openid profile email", expires_in: 3599 });
    const info = JSON.parse(Buffer.from(String(full.json["client_info"]), "base64url").toString());
    expect(info).toEqual({ uid: alice.oid, utid: tenant.id });
    expect(decodeJwt(String(full.json["id_token"]))).toMatchObject({
      email: alice.email,
      aud: desktop.clientId,
    });

    const bare = await redeem(desktop, await getCode(desktop), { scope: "User.Read" });
    expect(Object.keys(bare.json)).toEqual([
      "token_type",
      "scope",
      "expires_in",
      "ext_expires_in",
      "access_token",
    ]);
  });

  it("puts the claims that were asked for into the ID token", async () => {
    const claims = JSON.stringify({
      id_token: { auth_time: { essential: true }, login_hint: null, sid: null },
    });
    const { json } = await redeem(desktop, await getCode(desktop, { claims }), {});
    expect(decodeJwt(String(json["id_token"]))).toMatchObject({
      auth_time: expect.any(Number),
      login_hint: expect.any(String),
      sid: expect.any(String),
    });
  });

  it("gives another subject to every app", async () => {
    const subject = async (app: App) =>
      decodeJwt(String((await redeem(app, await getCode(app))).json["id_token"])).sub;
    expect(await subject(web)).toBe(await subject(web));
    expect(await subject(web)).not.toBe(await subject(desktop));
  });

  const scopes: readonly [string, string, number, string][] = [
    ["an unknown permission of a known API", "api://orders/Orders.Write", 650053, "invalid_client"],
    ["permissions of two resources", "User.Read api://orders/Orders.Read", 28000, "invalid_request"],
    [
      ".default beside another permission",
      "api://orders/.default api://orders/Orders.Read",
      70011,
      "invalid_scope",
    ],
    ["a malformed scope", "User.Read https://", 70011, "invalid_scope"],
    ["no scope at all", " ", 900144, "invalid_request"],
  ];
  it.each(scopes)("refuses %s", async (_, wanted, code, error) => {
    const answer = await redeem(desktop, await getCode(desktop), { scope: wanted });
    expect(answer.json).toMatchObject({ error, error_codes: [code] });
  });
});

describe("refresh token", () => {
  const signInTo = async (app: App) => (await redeem(app, await getCode(app))).json;

  it("stays good after it was redeemed, as at Entra, and gives a new one every time", async () => {
    const first = (await signInTo(desktop))["refresh_token"];
    const second = (await refresh(desktop, first)).json["refresh_token"];
    expect(second).not.toBe(first);
    expect((await refresh(desktop, first)).status).toBe(200);
    expect((await refresh(desktop, second)).status).toBe(200);
  });

  it("is revoked at once when its app rotates strictly: of two redemptions at a time one wins", async () => {
    const strict = appNamed("strict");
    const token = (await signInTo(strict))["refresh_token"];
    const answers = await Promise.all([refresh(strict, token), refresh(strict, token)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    const loser = answers.find(({ status }) => status === 400);
    expect(loser?.json).toMatchObject({ error: "invalid_grant", error_codes: [50173] });
    const next = answers.find(({ status }) => status === 200)?.json["refresh_token"];
    expect((await refresh(strict, next)).status).toBe(200);
  });

  it("survives a request that was refused", async () => {
    const strict = appNamed("strict");
    const token = (await signInTo(strict))["refresh_token"];
    expect((await refresh(strict, token, { scope: "https://" })).status).toBe(400);
    expect((await refresh(strict, token)).status).toBe(200);
  });

  it("is good for every resource, and without scope for the first one", async () => {
    const token = (await signInTo(desktop))["refresh_token"];
    const other = await refresh(desktop, token, {
      scope: "offline_access https://vault.example/user_impersonation",
    });
    expect(other.json).toMatchObject({ scope: "https://vault.example/user_impersonation" });
    expect(decodeJwt(String(other.json["access_token"])).aud).toBe("https://vault.example");
    const same = await refresh(desktop, token, { scope: undefined });
    expect(decodeJwt(String(same.json["access_token"])).aud).toBe("https://graph.microsoft.com");
  });

  it("names all permissions and .default itself when .default is asked for", async () => {
    const token = (await signInTo(desktop))["refresh_token"];
    const { json } = await refresh(desktop, token, { scope: "openid api://orders/.default" });
    expect(json["scope"]).toBe("api://orders/Orders.Read api://orders/.default");
    expect(decodeJwt(String(json["access_token"]))["scp"]).toBe("Orders.Read");
  });

  it("can be redeemed by another member of the client family, and by no other client", async () => {
    const token = (await signInTo(appNamed("family-one")))["refresh_token"];
    const sibling = await refresh(appNamed("family-two"), token);
    expect(sibling.json).toMatchObject({ foci: "1" });
    expect((await refresh(desktop, token)).json).toMatchObject({
      error: "invalid_grant",
      suberror: "client_mismatch",
    });
  });

  it("expires, is revoked with the user's sessions, and stops with the account", async () => {
    const expired = (await signInTo(desktop))["refresh_token"];
    authority.advanceClock(authority.config.lifetimes.refreshToken);
    expect((await refresh(desktop, expired)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [700082],
    });

    const revoked = (await signInTo(desktop))["refresh_token"];
    authority.revokeSignInSessions(alice.username);
    expect((await refresh(desktop, revoked)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [50173],
      suberror: "bad_token",
    });

    const disabled = (await signInTo(desktop))["refresh_token"];
    authority.disableUser(alice.username);
    expect((await refresh(desktop, disabled)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [50057],
    });
    authority.disableUser(alice.username, false);
    expect((await refresh(desktop, disabled)).status).toBe(200);

    authority.expirePassword(alice.username);
    expect((await refresh(desktop, disabled)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [50055],
      suberror: "user_password_expired",
    });
    await expect(signInTo(desktop)).rejects.toThrow(/AADSTS50055/);
    authority.expirePassword(alice.username, false);
    expect((await refresh(desktop, disabled)).status).toBe(200);
    expect(() => authority.expirePassword("nobody@contoso.example")).toThrow(RangeError);
  });

  it("needs the user's consent for what an app had not asked before", async () => {
    const consent = tenant.apps.find(({ requiresConsent }) => requiresConsent) as App;
    const token = (await signInTo(consent))["refresh_token"];
    expect((await refresh(consent, token)).status).toBe(200);
    expect((await refresh(consent, token, { scope: "Mail.Read" })).json).toMatchObject({
      error: "invalid_grant",
      suberror: "consent_required",
      error_codes: [65001],
    });
  });

  it("is refused at the tenant of others", async () => {
    const token = (await signInTo(desktop))["refresh_token"];
    const answer = await refresh(desktop, token, {}, "/fabrikam.example/oauth2/v2.0/token");
    expect(answer.json).toMatchObject({ error: "invalid_grant", error_codes: [50020] });
  });
});

it("announces the times it was configured with", async () => {
  const own = await startLocalAuthority({
    http: true,
    lifetimes: { accessToken: 120 },
    extExpiresIn: 900,
    refreshIn: 60,
  });
  const { json } = await post(own, tokenPath, {
    grant_type: "client_credentials",
    client_id: web.clientId,
    client_secret: web.clientSecret,
    scope: "https://graph.microsoft.com/.default",
  });
  expect(json).toMatchObject({ expires_in: 120, ext_expires_in: 900, refresh_in: 60 });
  const { iat = 0, exp = 0 } = decodeJwt(String(json["access_token"]));
  expect(exp - iat).toBe(120);
  await own.close();
});
