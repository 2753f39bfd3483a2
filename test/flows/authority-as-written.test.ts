// An authority with the path of an endpoint, a query, or the path of the discovery document is the authority; hosts of
// knownAuthorities are taken as people write them, or refused by name.
// proves: core/src/authority/authority-url.ts, core/src/authority/resolver.ts, core/src/authority/vouched-host.ts
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { peer } from "../support/both-libraries.js";
import { documentAt, worldNetwork } from "../support/world-network.js";

const scopes = ["https://graph.microsoft.com/.default"];
const documentPath = "/.well-known/openid-configuration";

type Auth = Partial<tessera.NodeAuthOptions>;

/** The requests of a call for an app token, and the warnings of the log. */
async function run(library: typeof tessera, auth: Auth, request: { authority?: string } = {}) {
  const networkClient = worldNetwork(({ line }) => {
    const base = line.slice(4, -documentPath.length);
    // Microsoft's documents name the issuer in front of the version, or with it.
    return line.endsWith(documentPath) ? { body: documentAt(base, { issuer: base }) } : undefined;
  });
  const warnings: string[] = [];
  const ask = async () => {
    const app = new library.ConfidentialClientApplication({
      auth: { clientId: "the-client", clientSecret: "the-secret", ...auth },
      system: {
        networkClient,
        loggerOptions: {
          logLevel: tessera.LogLevel.Warning,
          loggerCallback: (_, message) => warnings.push(message),
        },
      },
    });
    return app.acquireTokenByClientCredential({ scopes, ...request });
  };
  const ended = await ask().catch((error: unknown) => error);
  return { lines: networkClient.lines(), warnings, ended };
}

/** What people copy from a portal behind the tenant. */
const endpoints = [
  "/oauth2/v2.0",
  "/oauth2/v2.0/",
  "/oauth2/v2.0/token",
  "/oauth2/v2.0/authorize",
  "/oauth2/v2.0/devicecode",
  "/oauth2/v2.0/logout",
  "/oauth2",
  "/oauth2/token",
  "/oauth2/authorize",
  "/OAuth2/V2.0/Token",
  "/.well-known/openid-configuration",
  "/v2.0/.well-known/openid-configuration",
  "/discovery/v2.0/keys",
  "/adminconsent",
  "/v2.0/adminconsent",
  "/federationmetadata/2007-06/federationmetadata.xml",
  "/saml2",
  "/wsfed",
];

const queries = ["?", "?x=y", "/?x=y", "?/", "#", "/#x", "/oauth2/v2.0/authorize?client_id=c&scope=openid"];

describe("at Entra's own hosts, more than the tenant is forgiven, as the peer forgives it", () => {
  it.each([...endpoints, ...queries])("https://login.microsoftonline.com/contoso.com%s", async (more) => {
    const auth = { authority: `https://login.microsoftonline.com/contoso.com${more}` };
    const { lines, warnings } = await run(tessera, auth);
    expect(lines).toEqual(["POST https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"]);
    expect((await run(peer, auth)).lines).toEqual(lines);
    const isAuthority = more === "?" || more === "#";
    expect(warnings).toEqual(
      isAuthority
        ? []
        : [expect.stringContaining('"https://login.microsoftonline.com/contoso.com/" is used')],
    );
  });

  it.each([
    "https://login.microsoftonline.us",
    "https://login.windows.net",
    "https://login.chinacloudapi.cn",
  ])("%s", async (host) => {
    const { lines } = await run(tessera, { authority: `${host}/contoso.com/oauth2/v2.0/token?x` });
    expect(lines).toEqual([
      expect.stringMatching(/^POST https:\/\/[^/]+\/contoso\.com\/oauth2\/v2\.0\/token$/),
    ]);
  });

  it("also in the authority of a request, with one warning however often it is named", async () => {
    const authority = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token";
    const networkClient = worldNetwork();
    const warnings: string[] = [];
    const app = new tessera.ConfidentialClientApplication({
      auth: { clientId: "the-client", clientSecret: "the-secret" },
      system: {
        networkClient,
        loggerOptions: {
          logLevel: tessera.LogLevel.Warning,
          loggerCallback: (_, message) => warnings.push(message),
        },
      },
    });
    await app.acquireTokenByClientCredential({ scopes, authority });
    const again = await app.acquireTokenByClientCredential({ scopes, authority });
    const plain = await app.acquireTokenByClientCredential({ scopes, authority: authority.slice(0, 45) });
    expect([again.fromCache, plain.fromCache, warnings.length]).toEqual([true, true, 1]);
  });

  it("the warning does not repeat a query, which may hold secrets", async () => {
    const authority = "https://login.microsoftonline.com/contoso.com?client_secret=hunter2#hunter2";
    const { warnings } = await run(tessera, { authority });
    expect(warnings).toHaveLength(1);
    expect(warnings.join()).not.toContain("hunter2");
  });
});

it.each([
  ["https://münchen.example", "https://xn--mnchen-3ya.example"],
  ["https://0x7f.1", "https://127.0.0.1"],
])(
  "a host that the URL standard writes otherwise is that host: %s; the peer refuses it",
  async (given, host) => {
    const auth = { authority: `${given}/adfs`, knownAuthorities: [new URL(given).host] };
    const { lines } = await run(tessera, auth);
    expect(lines[0]).toBe(`GET ${host}/adfs${documentPath}`);
    const { lines: sent, ended } = await run(peer, auth);
    expect(sent).toEqual([]);
    expect(ended).toMatchObject({ errorCode: "url_parse_error" });
  },
);

it.each([
  "https://user@login.microsoftonline.com/contoso.com",
  "https://login.microsoftonline.com\\@evil.example/contoso.com",
  "https://login.microsoftonline.com\t/contoso.com",
])("an authority whose host can be read in two ways is refused, as by the peer: %j", async (authority) => {
  for (const library of [tessera, peer]) {
    const { lines, ended } = await run(library, { authority });
    expect(lines).toEqual([]);
    expect(ended).toMatchObject({ errorCode: "url_parse_error" });
  }
});

describe("at other hosts of Microsoft's kinds, the path of an endpoint is left out", () => {
  const hosts: readonly [string, string, Auth][] = [
    ["https://contoso.ciamlogin.com/contoso.onmicrosoft.com", "/v2.0", {}],
    ["https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in", "/v2.0", {}],
    ["https://login.contoso.com/tfp/contoso.onmicrosoft.com/b2c_1_in", "/v2.0", {}],
    ["https://fs.contoso.com/adfs", "", {}],
  ];
  it.each(hosts)("%s", async (authority, version) => {
    const knownAuthorities = [new URL(authority).host];
    for (const more of [...endpoints, ""]) {
      const { lines, warnings } = await run(tessera, { authority: `${authority}${more}`, knownAuthorities });
      expect([more, ...lines]).toEqual([
        more,
        `GET ${authority}${version}${documentPath}`,
        `POST ${authority}${version}/token`,
      ]);
      expect(warnings).toHaveLength(more === "" ? 0 : 1);
    }
  });

  it("the version of the protocol alone is no slip", async () => {
    const authority = "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0";
    expect((await run(tessera, { authority })).warnings).toEqual([]);
  });
});

describe("what cannot be left out without another meaning is refused", () => {
  it.each([
    [
      "a B2C policy in the query",
      "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/authorize?p=b2c_1_in",
    ],
    ["a B2C policy in the query of its host", "https://contoso.b2clogin.com/contoso.com?p=b2c_1_in"],
    ["a query elsewhere", "https://fs.contoso.com/adfs?x=y"],
    ["a user name", "https://ada@login.microsoftonline.com/contoso.com?x=y"],
    [
      "a path that goes up behind an endpoint",
      "https://login.microsoftonline.com/contoso.com/oauth2/../evil",
    ],
    ["an encoded path behind an endpoint", "https://login.microsoftonline.com/contoso.com/oauth2/%2fevil"],
  ])("%s", (_, authority) => {
    const auth = { clientId: "the-client", clientSecret: "the-secret", authority };
    expect(() => new tessera.ConfidentialClientApplication({ auth })).toThrow(
      expect.objectContaining({ errorCode: "url_parse_error" }),
    );
  });
});

it.each([
  "https://idp.example/realms/Staff",
  "https://idp.example",
  "https://idp.example/application/o/shop",
  "https://idp.example/tenant/v2.0",
])("an OpenID Provider's discovery URL works as its issuer: %s", async (issuer) => {
  const { lines, ended } = await run(tessera, { oidcAuthority: `${issuer}${documentPath}` });
  expect(ended).toMatchObject({ accessToken: "the-token" });
  expect(lines).toEqual([`GET ${issuer}${documentPath}`, `POST ${issuer}/token`]);
  const { origin, pathname } = new URL(issuer);
  const path = pathname === "/" ? "" : pathname;
  for (const url of [
    issuer,
    `${issuer}${documentPath}/`,
    `${issuer}/.well-known/oauth-authorization-server`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ])
    expect((await run(tessera, { oidcAuthority: url })).lines).toEqual(lines);
});

describe("knownAuthorities lists hosts as people write them", () => {
  const authority = "https://fs.contoso.com/adfs";
  const trusted = [
    "GET https://fs.contoso.com/adfs/.well-known/openid-configuration",
    "POST https://fs.contoso.com/adfs/token",
  ];

  /** An entry, and whether the peer understands it, too. */
  it.each<[string, boolean]>([
    ["fs.contoso.com", true],
    ["FS.Contoso.com", true],
    ["https://fs.contoso.com", true],
    ["https://fs.contoso.com/", true],
    ["HTTPS://FS.CONTOSO.COM/", true],
    ["https://fs.contoso.com/adfs", true],
    ["https://fs.contoso.com/adfs/oauth2/token?x=y", true],
    ["http://fs.contoso.com", true],
    ["fs.contoso.com/", true],
    ["fs.contoso.com/adfs", true],
    [" fs.contoso.com ", false],
    ["\tfs.contoso.com\n", false],
    [" https://fs.contoso.com/ ", true],
    ["//fs.contoso.com", false],
    ["fs.contoso.com:443", false],
    ["https://fs.contoso.com:443/", false],
  ])("%j", async (entry, isPeers) => {
    expect((await run(tessera, { authority, knownAuthorities: [entry] })).lines).toEqual(trusted);
    const { lines } = await run(peer, { authority, knownAuthorities: [entry] });
    if (isPeers) expect(lines).toEqual(trusted);
    else expect(lines).not.toEqual(trusted);
  });

  it.each<[string, string, string]>([
    ["a port", "https://fs.contoso.com:8443/adfs", "FS.contoso.com:8443/"],
    ["letters beyond ASCII", "https://bücher.example/adfs", "Bücher.example"],
    ["an address of version 6", "https://[2001:DB8::1]/adfs", "[2001:db8:0::1]"],
  ])("with %s", async (_, own, entry) => {
    expect((await run(tessera, { authority: own, knownAuthorities: [entry] })).ended).toMatchObject({
      accessToken: "the-token",
    });
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["spaces", "  "],
    ["a wildcard", "*.contoso.com"],
    ["two hosts", "fs.contoso.com, login.contoso.com"],
    ["two hosts with a space", "fs.contoso.com login.contoso.com"],
    ["a user name in front of another host", "fs.contoso.com@evil.example"],
    ["another scheme", "ftp://fs.contoso.com"],
    ["a scheme alone", "https://"],
    ["a port that is none", "fs.contoso.com:adfs"],
    ["a path alone", "/adfs"],
  ])("and refuses %s: %j", (_, entry) => {
    const auth = { clientId: "the-client", clientSecret: "the-secret", authority, knownAuthorities: [entry] };
    expect(() => new tessera.ConfidentialClientApplication({ auth })).toThrow(
      expect.objectContaining({
        errorCode: "invalid_option",
        errorMessage: expect.stringMatching(/^knownAuthorities has an entry .* pass each host/),
      }),
    );
  });

  it("and vouches for no host beside those it names", async () => {
    for (const entry of [
      "contoso.com",
      "https://contoso.com/fs.contoso.com",
      "xfs.contoso.com",
      "fs.contoso.com:8443",
    ])
      expect((await run(tessera, { authority, knownAuthorities: [entry] })).ended).toMatchObject({
        errorCode: "endpoints_resolution_error",
      });
  });
});
