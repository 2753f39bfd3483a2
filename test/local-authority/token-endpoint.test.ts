// proves: local-authority/src/client-authentication/authenticate-client.ts,
// local-authority/src/client-authentication/secret.ts, local-authority/src/endpoints/token.ts,
// local-authority/src/grants/client-credentials.ts, local-authority/src/grants/grant.ts,
// local-authority/src/grants/grants.ts, local-authority/src/grants/token-response.ts,
// local-authority/src/errors/aadsts-row.ts, local-authority/src/errors/client-errors.ts,
// local-authority/src/errors/errors.ts, local-authority/src/errors/request-errors.ts,
// local-authority/src/errors/trace.ts
import { describe, expect, it } from "@jest/globals";
import { startLocalAuthority } from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { post } from "./requests.js";
import { authority, desktop, tenant, tokenPath, web } from "./token-stage.js";

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

  // parity: Apps | Multi-tenant apps; an app of one tenant is refused elsewhere | entra same
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
  // parity: Errors | The refusals of the token endpoint | entra same, external same
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

  // parity: Errors | AADSTS codes, `suberror`, trace and correlation IDs | entra same, external same
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
