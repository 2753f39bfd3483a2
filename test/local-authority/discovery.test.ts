// proves: local-authority/src/directory.ts, local-authority/src/endpoints/instance-discovery.ts,
// local-authority/src/endpoints/keys.ts, local-authority/src/endpoints/openid-configuration.ts,
// local-authority/src/endpoints/userinfo.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { once } from "node:events";
import { connect } from "node:tls";
import { signIn } from "../support/sign-in.js";
import { get, post } from "./requests.js";

let authority: LocalAuthority;
let tenant: Tenant;

beforeAll(async () => {
  authority = await startLocalAuthority();
  [tenant] = authority.config.tenants as [Tenant];
});
afterAll(() => authority.close());

describe("OpenID configuration", () => {
  it.each(["/contoso.example/v2.0", "/CONTOSO.example/v2.0", "/contoso.example"])(
    "at %s names the tenant by its id, wherever it came from",
    async (base) => {
      const { status, json } = await get(authority, `${base}/.well-known/openid-configuration`);
      expect(status).toBe(200);
      expect(json).toMatchObject({
        issuer: authority.issuer(tenant.id),
        authorization_endpoint: `${authority.url}/${tenant.id}/oauth2/v2.0/authorize`,
        token_endpoint: `${authority.url}/${tenant.id}/oauth2/v2.0/token`,
        jwks_uri: `${authority.url}/${tenant.id}/discovery/v2.0/keys`,
        end_session_endpoint: `${authority.url}/${tenant.id}/oauth2/v2.0/logout`,
      });
    },
  );

  // parity: Discovery | The metadata of a tenant, of `common`, `organizations` and `consumers`, each with its issuer | entra same
  it.each([
    ["common", "{tenantid}"],
    ["organizations", "{tenantid}"],
    ["consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"],
  ])("of %s has the issuer that Entra gives it", async (segment, issuer) => {
    const { json } = await get(authority, `/${segment}/v2.0/.well-known/openid-configuration`);
    expect(json["issuer"]).toBe(`${authority.url}/${issuer}/v2.0`);
    expect(json["token_endpoint"]).toBe(`${authority.url}/${segment}/oauth2/v2.0/token`);
  });

  it("of an unknown tenant is invalid_tenant", async () => {
    const { status, json } = await get(authority, "/unknown.example/v2.0/.well-known/openid-configuration");
    expect(status).toBe(400);
    expect(json).toMatchObject({ error: "invalid_tenant", error_codes: [90002] });
  });

  // parity: Discovery | Keys are rotated: one key is published, for the life of the process | entra differs, adfs differs, b2c differs, external differs
  it("publishes public keys only", async () => {
    const { json } = await get(authority, `/${tenant.id}/discovery/v2.0/keys`);
    const [key] = json["keys"] as Record<string, unknown>[];
    expect(Object.keys(key ?? {}).sort()).toEqual(["e", "issuer", "kid", "kty", "n", "use", "x5c", "x5t"]);
  });
});

describe("instance discovery", () => {
  const path = (host: string, version: string) =>
    `/common/discovery/instance?api-version=${version}&authorization_endpoint=${encodeURIComponent(`https://${host}/${tenant.id}/oauth2/v2.0/authorize`)}`;

  it("vouches for its own host, with aliases from version 1.1 on", async () => {
    const { host } = new URL(authority.url);
    const { json } = await get(authority, path(host, "1.1"));
    expect(json).toMatchObject({
      tenant_discovery_endpoint: `${authority.authorityUrl()}/v2.0/.well-known/openid-configuration`,
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: expect.arrayContaining([host]) }],
    });
    expect((await get(authority, path(host, "1.0"))).json["metadata"]).toBeUndefined();
  });

  it("refuses any other host as invalid_instance", async () => {
    const { status, json } = await get(authority, path("evil.example", "1.1"));
    expect(status).toBe(400);
    expect(json).toMatchObject({ error: "invalid_instance", error_codes: [50049] });
  });
});

describe("userinfo", () => {
  // parity: Endpoints | User info for tokens of Microsoft Graph | entra same, external same
  it("tells who the token is for, and refuses what is not a token for Graph", async () => {
    const [, desktop] = tenant.apps as [App, App];
    const [alice] = tenant.users as [User];
    const redirectUri = "http://localhost:3000";
    const tokenFor = async (scope: string) => {
      const query = new URLSearchParams({
        client_id: desktop.clientId,
        response_type: "code",
        redirect_uri: redirectUri,
        scope,
      });
      const url = `${authority.authorityUrl()}/oauth2/v2.0/authorize?${query.toString()}`;
      const answer = await signIn(url, { ...alice, ca: authority.caPem });
      const { json } = await post(authority, `/${tenant.id}/oauth2/v2.0/token`, {
        grant_type: "authorization_code",
        client_id: desktop.clientId,
        redirect_uri: redirectUri,
        code: answer.searchParams.get("code") ?? "",
      });
      return String(json["access_token"]);
    };
    const ask = (token: string) => get(authority, "/oidc/userinfo", { authorization: `Bearer ${token}` });
    const token = await tokenFor("openid profile email");
    expect((await ask(token)).json).toEqual({
      sub: expect.any(String),
      name: "Alice Archer",
      given_name: "Alice",
      family_name: "Archer",
      email: alice.email,
    });
    expect((await ask(await tokenFor("openid https://api.example/x"))).status).toBe(401);
    expect((await ask("garbage")).headers["www-authenticate"]).toContain("invalid_token");
    authority.advanceClock(3600);
    expect((await ask(token)).status).toBe(401);
  });
});

describe("TLS", () => {
  const handshake = async (host: string, ca: string[]) => {
    const socket = connect({
      host,
      port: authority.port,
      ca,
      ...(host === "localhost" ? { servername: host } : {}),
    });
    try {
      await once(socket, "secureConnect");
      return socket.authorized;
    } finally {
      socket.destroy();
    }
  };

  it.each(["localhost", "127.0.0.1"])("at %s is trusted by whoever trusts caPem alone", async (host) => {
    expect(await handshake(host, [authority.caPem])).toBe(true);
  });

  it("is trusted by nobody else", async () => {
    await expect(handshake("localhost", [])).rejects.toThrow(/self-signed|unable to/);
  });
});
