// proves: core/src/authority/vouched-host.ts, core/src/authority/instance-discovery.ts, core/src/authority/host-clouds.ts
// A host gets a request only when something vouches for it: the table of clouds, the configuration, or Entra itself.
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { libraries, peer } from "../support/both-libraries.js";
import type { Respond } from "../support/recorded-network.js";
import { errorOfInstanceDiscovery, instanceDiscovery, worldNetwork } from "../support/world-network.js";

const clientId = "the-client";
const clientSecret = "the-secret";
const scopes = ["https://graph.microsoft.com/.default"];
const redirectUri = "http://localhost";
const cloud = "https://login.microsoftonline.com/contoso.example";
const evil = "evil.example";

type Auth = Partial<tessera.NodeAuthOptions>;
type Request = Partial<tessera.ClientCredentialRequest>;

interface Way {
  readonly auth?: Auth;
  readonly request?: Request;
  readonly mode?: tessera.ProtocolMode;
}

/** What an app token costs on a network where every stranger is a good provider, and how it ends. */
async function appToken(
  { ConfidentialClientApplication }: typeof tessera,
  { auth, request, mode }: Way,
  special?: Respond,
) {
  const networkClient = worldNetwork(special);
  const ended = await Promise.resolve()
    .then(() =>
      new ConfidentialClientApplication({
        auth: { clientId, clientSecret, authority: cloud, ...auth },
        system: { networkClient, ...(mode ? { protocolMode: mode } : {}) },
      }).acquireTokenByClientCredential({ scopes, ...request }),
    )
    .catch((error: tessera.AuthError) => error);
  return { ended, lines: networkClient.lines() };
}

const hostsOf = (lines: readonly string[]) => lines.map((line) => new URL(line.split(" ")[1] ?? "").host);

/** A URL template of an app, filled with what a stranger chose as "tenant". */
const template = (tenant: string) => `https://${tenant}.b2clogin.com/x`;
const adfs = `https://${evil}/adfs/`;

describe.each(libraries)("nothing is sent to a host that nothing vouches for: %s", (_, library) => {
  it.each<[string, Way]>([
    ["auth.authority, as AD FS", { auth: { authority: adfs } }],
    ["auth.authority, as Entra", { auth: { authority: `https://${evil}/t` } }],
    ["request.authority, as AD FS", { request: { authority: adfs } }],
    ["request.authority, as AD FS in capitals", { request: { authority: `https://${evil}/ADFS/x` } }],
    ["request.authority, as Entra", { request: { authority: `https://${evil}/t` } }],
    ["a URL template", { request: { authority: template(`${evil}/adfs/`) } }],
    ["auth.authority from a URL template", { auth: { authority: template(`${evil}/adfs/`) } }],
    ["a host that ends like Microsoft's", { request: { authority: "https://evilciamlogin.com/adfs" } }],
    ["a port of External ID", { request: { authority: "https://contoso.ciamlogin.com:8443/adfs" } }],
    ["a host before which Microsoft's stands", { request: { authority: `https://ciamlogin.com.${evil}/t` } }],
    ["another port of a listed host", { auth: { authority: adfs, knownAuthorities: [`${evil}:8443`] } }],
    ["this machine, for an app of the network", { request: { authority: "https://localhost:1/adfs" } }],
    ["this machine by number", { request: { authority: "https://127.0.0.1:1/t" } }],
    [
      "another OpenID Provider",
      {
        auth: { authority: "https://idp.example" },
        mode: "OIDC",
        request: { authority: `https://${evil}/t` },
      },
    ],
    [
      "this machine, as OpenID Provider",
      {
        auth: { authority: "https://idp.example" },
        mode: "OIDC",
        request: { authority: "https://localhost:1/t" },
      },
    ],
    [
      "azureCloudOptions with a user name",
      {
        request: {
          azureCloudOptions: {
            azureCloudInstance: `https://login.microsoftonline.us@${evil}` as never,
            tenant: "t",
          },
        },
      },
    ],
    [
      "azureCloudOptions with a host",
      { request: { azureCloudOptions: { azureCloudInstance: `https://${evil}` as never, tenant: "adfs" } } },
    ],
    [
      "the configuration's azureCloudOptions",
      { auth: { azureCloudOptions: { azureCloudInstance: `https://${evil}` as never, tenant: "adfs" } } },
    ],
  ])("%s", async (__, way) => {
    const { ended, lines } = await appToken(library, way);
    expect(ended).toMatchObject({
      errorCode: expect.stringMatching(/^(endpoints_resolution_error|url_parse_error)$/),
    });
    expect(hostsOf(lines).filter((host) => host !== "login.microsoftonline.com")).toEqual([]);
    expect(lines.filter((line) => line.startsWith("POST"))).toEqual([]);
  });

  it("the error has the peer's code, and names the host and the remedy", async () => {
    const { ended } = await appToken(library, { request: { authority: adfs } });
    expect(ended).toMatchObject({ errorCode: "endpoints_resolution_error" });
    if (library !== tessera) return;
    expect(ended).toMatchObject({
      message: expect.stringMatching(/"evil\.example".*knownAuthorities/),
      cause: { errorCode: "untrusted_authority" },
    });
  });
});

describe("an instance discovery that does not answer vouches for nothing", () => {
  it.each<[string, ReturnType<Respond>]>([
    ["another error", { status: 400, body: errorOfInstanceDiscovery("invalid_request") }],
    ["an error with status 200", { status: 200, body: errorOfInstanceDiscovery("invalid_tenant") }],
    ["a redirect", { status: 302, body: { metadata: [] } }],
    ["an object that says nothing", { status: 200, body: {} }],
  ])("%s", async (_, answer) => {
    const way = { request: { authority: `https://${evil}/t` } };
    const { ended, lines } = await appToken(tessera, way, ({ line }) =>
      line === instanceDiscovery ? answer : undefined,
    );
    expect(ended).toMatchObject({ cause: { errorCode: "untrusted_authority" } });
    expect(lines).toEqual([instanceDiscovery]);
  });

  it.each([429, 503])("HTTP %i, which does not mean that the host is unknown", async (status) => {
    const way = { request: { authority: `https://${evil}/t` } };
    const { ended, lines } = await appToken(tessera, way, ({ line }) =>
      line === instanceDiscovery
        ? { status, body: errorOfInstanceDiscovery("temporarily_unavailable") }
        : undefined,
    );
    expect(ended).toMatchObject({ isRetryable: true, cause: { errorCode: "openid_config_error" } });
    expect(new Set(lines)).toEqual(new Set([instanceDiscovery]));
  });

  it("an `error` of null is none: Entra has answered", async () => {
    const way = { request: { authority: `https://${evil}/t` } };
    const body = { error: null, metadata: [] };
    const { ended } = await appToken(tessera, way, ({ line }) =>
      line === instanceDiscovery ? { body } : undefined,
    );
    expect(ended).toMatchObject({ accessToken: "the-token" });
  });

  it("where the peer sends the secret after any error but one", async () => {
    const way = { request: { authority: `https://${evil}/t` } };
    const body = errorOfInstanceDiscovery("invalid_request");
    const special: Respond = ({ line }) => (line === instanceDiscovery ? { status: 400, body } : undefined);
    const { lines } = await appToken(peer, way, special);
    expect(lines).toContain(`POST https://${evil}/t/v2.0/token`);
  });
});

describe.each(libraries)("who vouches for a host gets it its token: %s", (_, library) => {
  it.each<[string, Way]>([
    [
      "knownAuthorities, AD FS",
      { auth: { authority: "https://fs.contoso.com/adfs", knownAuthorities: ["fs.contoso.com"] } },
    ],
    [
      "knownAuthorities, AD FS of the request",
      {
        auth: { knownAuthorities: ["fs.contoso.com"] },
        request: { authority: "https://fs.contoso.com/adfs" },
      },
    ],
    [
      "knownAuthorities, another OpenID Provider",
      {
        auth: { authority: "https://idp.example", knownAuthorities: ["idp.example", "b.example"] },
        mode: "OIDC",
        request: { authority: "https://b.example" },
      },
    ],
    [
      "cloudDiscoveryMetadata",
      {
        auth: {
          authority: "https://fs.contoso.com/adfs",
          cloudDiscoveryMetadata: JSON.stringify({
            tenant_discovery_endpoint: "x",
            metadata: [
              {
                preferred_network: "fs.contoso.com",
                preferred_cache: "fs.contoso.com",
                aliases: ["fs.contoso.com"],
              },
            ],
          }),
        },
      },
    ],
    ["the table of clouds", { request: { authority: "https://login.microsoftonline.us/t" } }],
    ["Microsoft's domain for External ID", { request: { authority: "https://contoso.ciamlogin.com" } }],
  ])("%s", async (__, way) => {
    const { ended, lines } = await appToken(library, way);
    expect(ended).toMatchObject({ accessToken: "the-token" });
    expect(lines).not.toContain(instanceDiscovery);
  });
});

it("the credential of an OpenID Provider's client goes to another issuer only if its host is listed", async () => {
  const auth = { authority: undefined, oidcAuthority: "https://idp.example/a" } as unknown as Auth;
  const request = { authority: "https://idp.example/b" };
  expect((await appToken(tessera, { auth, request: {} })).ended).toMatchObject({ accessToken: "the-token" });
  const refused = await appToken(tessera, { auth, request });
  expect(refused.ended).toMatchObject({ errorCode: "untrusted_authority" });
  const listed = { ...auth, knownAuthorities: ["idp.example"] };
  expect((await appToken(tessera, { auth: listed, request })).ended).toMatchObject({
    accessToken: "the-token",
  });
});

it("an application on this machine may talk to every provider on it", async () => {
  const auth = { authority: "http://localhost:1/t" };
  for (const authority of ["http://localhost:1/adfs", "https://127.0.0.1:2/t", "http://[::1]:3/t"])
    expect((await appToken(tessera, { auth, request: { authority } })).ended).toMatchObject({
      accessToken: "the-token",
    });
});

describe("every flow asks whether a host is vouched for, before it sends a secret, a code, a password or a token", () => {
  const authority = adfs;
  const user = { scopes: ["User.Read"], authority, redirectUri };
  const account = {
    homeAccountId: "u.t",
    environment: "login.windows.net",
    tenantId: "t",
    username: "ada",
    localAccountId: "u",
  };
  const refreshable = {
    Account: {
      a: {
        home_account_id: "u.t",
        environment: evil,
        realm: "t",
        local_account_id: "u",
        username: "ada",
        authority_type: "MSSTS",
      },
    },
    RefreshToken: {
      r: {
        home_account_id: "u.t",
        environment: evil,
        credential_type: "RefreshToken",
        client_id: clientId,
        secret: "a-refresh-token",
      },
    },
  };
  type Both = tessera.ConfidentialClientApplication & tessera.PublicClientApplication;
  it.each<[string, "confidential" | "public", (app: Both) => Promise<unknown>]>([
    ["client credentials", "confidential", (app) => app.acquireTokenByClientCredential(user)],
    [
      "on behalf of",
      "confidential",
      (app) => app.acquireTokenOnBehalfOf({ ...user, oboAssertion: "an-assertion" }),
    ],
    [
      "federated credential",
      "confidential",
      (app) =>
        app.acquireTokenByUserFederatedIdentityCredential({
          ...user,
          userFederatedIdentityCredential: "an-assertion",
          username: "ada",
          assertion: "an-assertion",
        } as never),
    ],
    ["code", "confidential", (app) => app.acquireTokenByCode({ ...user, code: "a-code" })],
    ["code of a public client", "public", (app) => app.acquireTokenByCode({ ...user, code: "a-code" })],
    [
      "refresh token",
      "confidential",
      (app) => app.acquireTokenByRefreshToken({ ...user, refreshToken: "a-token" }),
    ],
    ["silent", "public", (app) => app.acquireTokenSilent({ ...user, account, forceRefresh: true })],
    [
      "silent, for an account of the host",
      "public",
      (app) =>
        app.acquireTokenSilent({ ...user, authority: cloud, account: { ...account, environment: evil } }),
    ],
    [
      "password",
      "public",
      (app) => app.acquireTokenByUsernamePassword({ ...user, username: "ada", password: "pw" }),
    ],
    [
      "device code",
      "public",
      (app) => app.acquireTokenByDeviceCode({ ...user, deviceCodeCallback: () => undefined }),
    ],
    ["authorization URL", "public", (app) => app.getAuthCodeUrl(user)],
    ["end of a session", "public", (app) => app.buildEndSessionUrl({ authority })],
    ["begin of a flow", "public", (app) => app.initiateAuthCodeFlow(user)],
    [
      "end of a flow from a session that a stranger wrote",
      "public",
      async (app) => {
        const flow = await app.initiateAuthCodeFlow({ scopes: ["User.Read"], redirectUri });
        return app.acquireTokenByAuthCodeFlow({ ...flow, authority }, { state: flow.state, code: "a-code" });
      },
    ],
  ])("%s", async (_, kind, act) => {
    const networkClient = worldNetwork();
    const auth = { clientId, authority: cloud };
    const app =
      kind === "public"
        ? new tessera.PublicClientApplication({ auth, system: { networkClient } })
        : new tessera.ConfidentialClientApplication({
            auth: { ...auth, clientSecret },
            system: { networkClient },
          });
    app.getTokenCache().deserialize(JSON.stringify(refreshable));
    await expect(act(app as Both)).rejects.toBeInstanceOf(tessera.AuthError);
    expect(hostsOf(networkClient.lines())).not.toContain(evil);
    expect(networkClient.lines().filter((line) => line.startsWith("POST"))).toEqual([]);
  });
});

describe("an OpenID Provider's host that only the configuration's authority names", () => {
  const way: Way = { auth: { authority: "https://idp.example/a" }, mode: "OIDC" };
  it("is vouched for by that", async () => {
    expect((await appToken(tessera, way)).lines).not.toContain(instanceDiscovery);
  });

  it("is asked about at Entra by the peer", async () => {
    expect((await appToken(peer, way)).lines).toEqual([instanceDiscovery]);
  });
});
