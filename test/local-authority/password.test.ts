// proves: local-authority/src/endpoints/user-realm.ts, local-authority/src/errors/user-errors.ts,
// local-authority/src/grants/password.ts, local-authority/src/sign-in/password-check.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { get, post } from "./requests.js";

let authority: LocalAuthority;
let tenant: Tenant;
let web: App;
let desktop: App;
let consentApp: App;
let alice: User;

beforeAll(async () => {
  authority = await startLocalAuthority({
    tenants: [
      {
        domain: "contoso.example",
        users: [{ username: "mfa@contoso.example", multiFactor: true }],
        federation: { domain: "corp.contoso.example" },
      },
    ],
  });
  authority.expirePassword("bob@contoso.example");
  [tenant] = authority.config.tenants as [Tenant];
  [web, desktop, consentApp] = tenant.apps as [App, App, App];
  [alice] = tenant.users as [User];
});
afterAll(() => authority.close());

const ask = (fields: Record<string, string | undefined> = {}, segment = tenant.id) =>
  post(authority, `/${segment}/oauth2/v2.0/token`, {
    grant_type: "password",
    client_id: desktop.clientId,
    username: alice.username,
    password: alice.password,
    scope: "openid profile offline_access User.Read",
    client_info: "1",
    ...fields,
  });

describe("the password grant", () => {
  // parity: Devices and passwords | Username and password for managed users | entra same
  it.each(["the tenant", "organizations"])("gives a managed user everything at %s", async (segment) => {
    const { status, json } = await ask({}, segment === "the tenant" ? tenant.id : segment);
    expect(status).toBe(200);
    expect(json).toMatchObject({ token_type: "Bearer", scope: "User.Read openid profile", expires_in: 3599 });
    expect(decodeJwt(String(json["id_token"]))).toMatchObject({
      aud: desktop.clientId,
      preferred_username: alice.username,
    });
    expect(decodeJwt(String(json["access_token"]))).toMatchObject({ oid: alice.oid, azpacr: "0" });
    expect(json["refresh_token"]).toBeTruthy();
    expect(json["client_info"]).toBeTruthy();
  });

  it("is open to confidential clients that prove themselves", async () => {
    const { json } = await ask({ client_id: web.clientId, client_secret: web.clientSecret });
    expect(decodeJwt(String(json["access_token"]))).toMatchObject({ azpacr: "1" });
  });

  const errors: readonly [string, () => Record<string, string | undefined>, number, object][] = [
    ["a wrong password", () => ({ password: "wrong" }), 50126, { error: "invalid_grant" }],
    ["an unknown user", () => ({ username: "x@contoso.example" }), 50034, { error: "invalid_grant" }],
    [
      "a disabled account",
      () => ({ username: "carol@contoso.example", password: "carol-password" }),
      50057,
      { error: "invalid_grant" },
    ],
    [
      "an expired password",
      () => ({ username: "bob@contoso.example", password: "bob-password" }),
      50055,
      { error: "invalid_grant", suberror: "user_password_expired" },
    ],
    [
      "a user of another tenant",
      () => ({ username: "dave@fabrikam.example", password: "dave-password" }),
      50020,
      { error: "invalid_grant" },
    ],
    [
      "a user who needs a second factor",
      () => ({ username: "mfa@contoso.example", password: "mfa-password" }),
      50076,
      { error: "interaction_required", suberror: "basic_action", claims: expect.any(String) },
    ],
    [
      "a federated user",
      () => ({ username: "grace@corp.contoso.example", password: "grace-password" }),
      50126,
      { error: "invalid_grant" },
    ],
    [
      "an app without consent",
      () => ({ client_id: consentApp.clientId }),
      65001,
      { error: "invalid_grant", suberror: "consent_required" },
    ],
    [
      "a confidential client without credential",
      () => ({ client_id: web.clientId }),
      7000218,
      { error: "invalid_client" },
    ],
    ["no username", () => ({ username: undefined }), 900144, { error: "invalid_request" }],
    ["no password", () => ({ password: undefined }), 900144, { error: "invalid_request" }],
  ];
  it.each(errors)("refuses %s", async (_, fields, code, body) => {
    const { json } = await ask(fields());
    expect(json).toMatchObject({ ...body, error_codes: [code] });
  });

  it.each(["common", "consumers"])("is not there at %s", async (segment) => {
    expect((await ask({}, segment)).json).toMatchObject({ error_codes: [9001023] });
  });
});

describe("home realm discovery", () => {
  // parity: Devices and passwords | The realm of a user: managed, federated, unknown | entra same
  it.each([
    ["a managed user", "alice@contoso.example", { account_type: "Managed", domain_name: "contoso.example" }],
    ["a name nobody has, at a known domain", "x@Contoso.Example", { account_type: "Managed" }],
    ["a domain nobody has", "x@elsewhere.example", { account_type: "Unknown" }],
  ])("knows %s", async (_, username, realm) => {
    const { json } = await get(authority, `/common/userrealm/${username}?api-version=1.0`);
    expect(json).toMatchObject({
      ver: "1.0",
      cloud_audience_urn: "urn:federation:MicrosoftOnline",
      ...realm,
    });
    expect(json["federation_protocol"]).toBeUndefined();
  });

  it("tells where the AD FS of a federated user is", async () => {
    const username = encodeURIComponent("grace@corp.contoso.example");
    const { json } = await get(authority, `/common/userrealm/${username}?api-version=1.0`);
    expect(json).toEqual({
      ver: "1.0",
      account_type: "Federated",
      domain_name: "corp.contoso.example",
      federation_protocol: "WSTrust",
      federation_metadata_url: `${authority.url}/adfs/services/trust/mex`,
      federation_active_auth_url: `${authority.url}/adfs/services/trust/2005/usernamemixed`,
      cloud_instance_name: new URL(authority.url).host,
      cloud_audience_urn: "urn:federation:MicrosoftOnline",
    });
  });
});
