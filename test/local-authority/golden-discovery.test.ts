// The discovery documents beside golden copies of Microsoft's: the same URLs, with this authority's host and tenant.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { get } from "./requests.js";

const entra = "https://login.microsoftonline.com";
const guid = "11111111-2222-4333-8444-555555555555";

/** What Microsoft's documents say. `{policy}` and `{tenantid}` are literal. */
interface Golden {
  readonly authority: string;
  /** Where clients look for the document of this authority. */
  readonly document: string;
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly end_session_endpoint: string;
  readonly jwks_uri: string;
  /** Where clients ask for a device code, whether it is published or not. */
  readonly device?: string;
}

const ofTenant = (segment: string, issuer: string): Golden => ({
  authority: `${entra}/${segment}/`,
  document: `${entra}/${segment}/v2.0/.well-known/openid-configuration`,
  issuer: `${entra}/${issuer}/v2.0`,
  authorization_endpoint: `${entra}/${segment}/oauth2/v2.0/authorize`,
  token_endpoint: `${entra}/${segment}/oauth2/v2.0/token`,
  end_session_endpoint: `${entra}/${segment}/oauth2/v2.0/logout`,
  jwks_uri: `${entra}/${segment}/discovery/v2.0/keys`,
  device: `${entra}/${segment}/oauth2/v2.0/devicecode`,
});
const b2c = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_signin";
const adfs = "https://fs.contoso.com/adfs";
const customDomain = `https://login.contoso.com/${guid}`;

const goldens: Readonly<Record<string, Golden>> = {
  "a tenant": ofTenant(guid, guid),
  common: ofTenant("common", "{tenantid}"),
  organizations: ofTenant("organizations", "{tenantid}"),
  consumers: ofTenant("consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"),
  "External ID behind a custom domain": {
    ...ofTenant(guid, guid),
    authority: `${customDomain}/v2.0/`,
    document: `${customDomain}/v2.0/.well-known/openid-configuration`,
  },
  "a B2C policy": {
    authority: `${b2c}/`,
    document: `${b2c}/v2.0/.well-known/openid-configuration`,
    issuer: `https://contoso.b2clogin.com/${guid}/v2.0/`,
    authorization_endpoint: `${b2c}/oauth2/v2.0/authorize`,
    token_endpoint: `${b2c}/oauth2/v2.0/token`,
    end_session_endpoint: `${b2c}/oauth2/v2.0/logout`,
    jwks_uri: `${b2c}/discovery/v2.0/keys`,
  },
  "AD FS": {
    authority: `${adfs}/`,
    document: `${adfs}/.well-known/openid-configuration`,
    issuer: adfs,
    authorization_endpoint: `${adfs}/oauth2/authorize/`,
    token_endpoint: `${adfs}/oauth2/token/`,
    end_session_endpoint: `${adfs}/oauth2/logout`,
    jwks_uri: `${adfs}/discovery/keys`,
    device: `${adfs}/oauth2/devicecode`,
  },
};

let authority: LocalAuthority;
beforeAll(async () => {
  authority = await startLocalAuthority();
});
afterAll(() => authority.close());

/** A URL of Microsoft's at this authority. */
const here = (url: string) =>
  url
    .replace(/^https:\/\/[^/]+/, authority.url)
    .replace("contoso.onmicrosoft.com", "contoso.example")
    .replace(guid, authority.config.tenants[0]?.id ?? "");
const pathOf = (url: string) => new URL(here(url)).pathname;

describe.each(Object.entries(goldens))(
  "the document of %s",
  (_, { authority: _authority, document, device, ...golden }) => {
    // parity: Discovery | The places of the metadata and of every endpoint in them | entra same, adfs same, b2c same, external same
    it("is where clients look for it, and names the endpoints that Microsoft's does", async () => {
      const { status, json } = await get(authority, pathOf(document));
      expect(status).toBe(200);
      const expected = Object.fromEntries(Object.entries(golden).map(([name, url]) => [name, here(url)]));
      expect(json).toMatchObject(expected);
      // A client accepts an issuer with the scheme and host of the authority.
      expect(String(json["issuer"]).startsWith(`${authority.url}/`)).toBe(true);
    });

    it("names endpoints that exist", async () => {
      const { authorization_endpoint, token_endpoint, end_session_endpoint, jwks_uri } = golden;
      const urls = [
        authorization_endpoint,
        token_endpoint,
        end_session_endpoint,
        jwks_uri,
        ...(device ? [device] : []),
      ];
      const statuses = await Promise.all(urls.map(async (url) => (await get(authority, pathOf(url))).status));
      expect(statuses).not.toContain(404);
    });
  },
);

it("msal-node finds the device code endpoint by the name of the token endpoint", () => {
  for (const { token_endpoint, device } of Object.values(goldens)) {
    if (device === undefined) continue;
    expect(token_endpoint.replace("/token", "/devicecode").replace(/\/$/, "")).toBe(device);
  }
});

describe("instance discovery", () => {
  const ask = (version: string, url: string) =>
    get(
      authority,
      `/common/discovery/instance?api-version=${version}&authorization_endpoint=${encodeURIComponent(url)}`,
    );

  // parity: Discovery | Instance discovery vouches for its own host, with aliases | entra same
  it("answers for an authority as Microsoft's does, by version", async () => {
    const { host } = new URL(authority.url);
    const url = here(goldens["a tenant"]?.authorization_endpoint ?? "");
    const document = here(goldens["a tenant"]?.document ?? "");
    const aliased = await ask("1.1", url);
    expect(aliased).toMatchObject({ status: 200, json: { tenant_discovery_endpoint: document } });
    const [entry] = aliased.json["metadata"] as readonly Record<string, unknown>[];
    expect(Object.keys(entry ?? {}).sort()).toEqual(["aliases", "preferred_cache", "preferred_network"]);
    expect(entry?.["aliases"]).toContain(host);
    const validated = await ask("1.0", url);
    expect(validated.json).toMatchObject({ tenant_discovery_endpoint: document });
    expect(validated.json).not.toHaveProperty("metadata");
  });

  it("refuses a host that it does not know with the body from which clients learn that", async () => {
    const { status, json } = await ask("1.1", "https://unknown.example/common/oauth2/v2.0/authorize");
    expect([status, json["error"]]).toEqual([400, "invalid_instance"]);
    expect(Object.keys(json)).toEqual(expect.arrayContaining(["error", "error_description", "error_codes"]));
  });
});
