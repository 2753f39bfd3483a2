// Who an authority is, and what it costs to find out: authorities.md §2 to §7.
// proves: core/src/authority/authority.ts, core/src/authority/resolver.ts, core/src/authority/authority-options.ts,
// core/src/authority/instance-discovery.ts, core/src/dialect/external-id.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type NodeAuthOptions } from "@tessera/node";
import { recordedNetwork, type RecordedNetwork, type Respond } from "../support/recorded-network.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const INSTANCE = "GET https://login.microsoftonline.com/common/discovery/instance";
const CONFIGURATION = "/.well-known/openid-configuration";
const scopes = ["https://graph.microsoft.com/.default"];
const DAY = 86_400;

let clock: TestClock;
let network: RecordedNetwork;
/** Answers of one test, before those of {@link world}. */
let respond: (...request: Parameters<Respond>) => ReturnType<Respond> | "as usual";
beforeEach(() => {
  clock = createTestClock();
  respond = () => "as usual";
  network = recordedNetwork((request) => {
    const answer = respond(request);
    return answer === "as usual" ? world(request) : answer;
  });
});

/** A world in which every authority has a discovery document, and every token endpoint a token. */
const world: Respond = ({ line }) => {
  if (line === INSTANCE) return { body: { tenant_discovery_endpoint: "https://x", metadata: [] } };
  if (line.endsWith(CONFIGURATION)) return { body: documentOf(line.slice(4, -CONFIGURATION.length)) };
  return { body: { access_token: "the-token", token_type: "Bearer", expires_in: 3600 } };
};

function documentOf(base: string): Record<string, unknown> {
  const authorization = `${base}/authorize`;
  return {
    issuer: base,
    authorization_endpoint: authorization,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/k`,
  };
}

function application(auth: Partial<NodeAuthOptions>): ConfidentialClientApplication {
  return new ConfidentialClientApplication({
    auth: { clientId: "the-client", clientSecret: "the-secret", ...auth },
    system: { networkClient: network, clock },
  });
}

const ask = (app: ConfidentialClientApplication, authority?: string) =>
  app.acquireTokenByClientCredential({ scopes, ...(authority ? { authority } : {}) });

describe("a first token in a known cloud costs exactly one request", () => {
  const [global, china] = ["login.microsoftonline.com", "login.partner.microsoftonline.cn"];
  it.each([
    ["login.microsoftonline.com", global],
    ["LOGIN.MicrosoftOnline.com", global],
    ["login.windows.net", global],
    ["login.microsoft.com", global],
    ["sts.windows.net", global],
    ["login.partner.microsoftonline.cn", china],
    ["login.chinacloudapi.cn", china],
    ["login.microsoftonline.us", "login.microsoftonline.us"],
    ["login.usgovcloudapi.net", "login.microsoftonline.us"],
    ["login.sovcloud-identity.fr", "login.sovcloud-identity.fr"],
    ["login.sovcloud-identity.de", "login.sovcloud-identity.de"],
    ["login.sovcloud-identity.sg", "login.sovcloud-identity.sg"],
  ])("%s, to %s", async (host, preferred) => {
    const app = application({ authority: `https://${host}/Contoso.example` });
    await ask(app);
    expect(network.lines()).toEqual([`POST https://${preferred}/contoso.example/oauth2/v2.0/token`]);
    await ask(app, `https://${host}/other.example/`);
    expect(network.lines()[1]).toBe(`POST https://${preferred}/other.example/oauth2/v2.0/token`);
    expect(network.requests).toHaveLength(2);
  });

  it("also when the authority ends with the version of the protocol", async () => {
    const app = application({ authority: "https://login.microsoftonline.com/contoso.example/v2.0" });
    await ask(app);
    expect(await ask(app, "https://login.microsoftonline.com/contoso.example")).toMatchObject({
      fromCache: true,
    });
    expect(network.lines()).toEqual([`POST https://${global}/contoso.example/oauth2/v2.0/token`]);
  });

  it("and the tokens of all its names are one cache", async () => {
    const app = application({ authority: "https://login.microsoftonline.com/contoso.example" });
    await ask(app);
    expect(app.getTokenCache().serialize()).toContain('"environment":"login.windows.net"');
    for (const host of ["login.windows.net", "sts.windows.net", "login.microsoft.com"]) {
      expect(await ask(app, `https://${host}/contoso.example`)).toMatchObject({ fromCache: true });
    }
    expect((await ask(app, "https://login.microsoftonline.us/contoso.example")).fromCache).toBe(false);
  });

  it("also when it is named by azureCloudOptions", async () => {
    const azureCloudOptions = {
      azureCloudInstance: "https://login.microsoftonline.us",
      tenant: "t.example",
    } as const;
    await ask(application({ azureCloudOptions }));
    expect(network.lines()).toEqual(["POST https://login.microsoftonline.us/t.example/oauth2/v2.0/token"]);
  });
});

describe("an authority that is vouched for without asking costs one discovery request, and none at Entra", () => {
  const guid = "5f6f5ee1-6e21-4a5d-8ba8-3a5c3b5b4b5a";
  it.each<[string, string, string, Partial<NodeAuthOptions>?]>([
    [
      "a legacy US host",
      "https://login-us.microsoftonline.com/t",
      "https://login-us.microsoftonline.com/t/v2.0",
    ],
    ["Germany", "https://login.microsoftonline.de/t", "https://login.microsoftonline.de/t/v2.0"],
    [
      "External ID",
      "https://contoso.ciamlogin.com/",
      "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0",
    ],
    [
      "External ID with tenant",
      `https://contoso.ciamlogin.com/${guid}`,
      `https://contoso.ciamlogin.com/${guid}/v2.0`,
    ],
    [
      "AD FS",
      "https://fs.contoso.com/ADFS/",
      "https://fs.contoso.com/adfs",
      { knownAuthorities: ["fs.contoso.com"] },
    ],
    [
      "AD FS with port",
      "https://fs.contoso.com:8443/adfs",
      "https://fs.contoso.com:8443/adfs",
      { knownAuthorities: ["fs.contoso.com:8443"] },
    ],
    [
      "B2C",
      "https://contoso.b2clogin.com/tfp/Contoso.onmicrosoft.com/B2C_1_SignIn",
      "https://contoso.b2clogin.com/tfp/contoso.onmicrosoft.com/b2c_1_signin/v2.0",
      { knownAuthorities: ["contoso.b2clogin.com"] },
    ],
    [
      "a custom domain",
      `https://login.contoso.com/${guid}/v2.0`,
      `https://login.contoso.com/${guid}/v2.0`,
      { knownAuthorities: ["https://LOGIN.contoso.com"] },
    ],
    ["localhost", "http://localhost:8080/tenant", "http://localhost:8080/tenant/v2.0"],
  ])("%s", async (_, authority, base, over = {}) => {
    const app = application({ authority, ...over });
    await ask(app);
    expect(network.lines()).toEqual([`GET ${base}${CONFIGURATION}`, `POST ${base}/token`]);
    expect(await ask(app)).toMatchObject({ fromCache: true });
  });

  it("another OpenID Provider, whose path keeps its letters", async () => {
    const oidcAuthority = "https://IdP.example/realms/Main";
    await ask(application({ oidcAuthority }));
    const base = "https://idp.example/realms/Main";
    expect(network.lines()).toEqual([`GET ${base}${CONFIGURATION}`, `POST ${base}/token`]);
  });

  it("and a document that names its endpoints with a placeholder for the tenant", async () => {
    respond = ({ line }) => {
      if (!line.endsWith(CONFIGURATION)) return "as usual";
      const document = documentOf("https://fs.contoso.com/adfs");
      return { body: { ...document, token_endpoint: "https://fs.contoso.com/{tenantid}/token" } };
    };
    await ask(
      application({ authority: "https://fs.contoso.com/adfs", knownAuthorities: ["fs.contoso.com"] }),
    );
    expect(network.lines().at(-1)).toBe("POST https://fs.contoso.com/adfs/token");
  });
});

describe("a host that nobody knows", () => {
  const authority = "https://login.new-cloud.example/Contoso.example";
  const base = "https://login.new-cloud.example/contoso.example/v2.0";
  const token = `POST ${base}/token`;

  it("is asked about at Entra, and then for its discovery document", async () => {
    await ask(application({ authority }));
    expect(network.lines()).toEqual([INSTANCE, `GET ${base}${CONFIGURATION}`, token]);
    expect(Object.fromEntries(network.requests[0]?.query ?? [])).toEqual({
      "api-version": "1.1",
      authorization_endpoint: "https://login.new-cloud.example/contoso.example/oauth2/v2.0/authorize",
    });
  });

  it("is known under its other names from then on", async () => {
    const aliases = ["login.new-cloud.example", "sts.new-cloud.example"];
    const entry = { preferred_network: aliases[0], preferred_cache: aliases[1], aliases };
    respond = ({ line }) => (line === INSTANCE ? { body: { metadata: [entry] } } : "as usual");
    const app = application({ authority });
    await ask(app);
    expect(app.getTokenCache().serialize()).toContain('"environment":"sts.new-cloud.example"');
    expect(await ask(app, authority.replace("login", "sts"))).toMatchObject({ fromCache: true });
    expect(network.requests).toHaveLength(3);
  });

  it.each<[string, string, ReturnType<Respond>]>([
    [
      "Entra does not know it",
      "does not know",
      { status: 400, body: { error: "invalid_instance", error_description: "AADSTS50049" } },
    ],
    ["Entra's answer is HTML", "could not say", { body: "<html>" }],
    ["Entra's answer is HTML with an error", "could not say", { status: 403, body: "<html>" }],
    ["Entra's answer is a list", "could not say", { body: [] }],
  ])("is refused when %s, and told that it %s: no secret goes there", async (_, said, answer) => {
    respond = ({ line }) => (line === INSTANCE ? answer : "as usual");
    await expect(ask(application({ authority }))).rejects.toMatchObject({
      name: "ClientAuthError",
      errorCode: "endpoints_resolution_error",
      message: expect.stringMatching(`${said}.*"login\\.new-cloud\\.example".*knownAuthorities`),
      cause: { name: "ClientConfigurationError", errorCode: "untrusted_authority" },
    });
    expect(network.lines()).toEqual([INSTANCE]);
  });

  it.each<[string, { status: number; body: unknown } | undefined, string, number]>([
    ["cannot be reached", undefined, "network_error", 3],
    [
      "is down, which does not mean that it does not know the host,",
      { status: 503, body: "" },
      "openid_config_error",
      3,
    ],
    ["is down behind another server", { status: 520, body: "" }, "openid_config_error", 1],
  ])("is refused when Entra %s after all attempts", async (_, answer, errorCode, attempts) => {
    respond = ({ line }) => (line === INSTANCE ? answer : "as usual");
    await expect(ask(application({ authority }))).rejects.toMatchObject({
      errorCode: "endpoints_resolution_error",
      isRetryable: true,
      attempts,
      cause: { name: "ClientAuthError", errorCode },
    });
    expect(network.lines()).toEqual(Array(attempts).fill(INSTANCE));
  });

  it("is not asked about when the configuration knows it", async () => {
    const entry = { preferred_network: "login.new-cloud.example", preferred_cache: "x.example", aliases: [] };
    const cloudDiscoveryMetadata = JSON.stringify({ metadata: [entry] });
    const authorityMetadata = JSON.stringify(documentOf(base));
    const expected: readonly (readonly [Partial<NodeAuthOptions>, readonly string[]])[] = [
      [{ knownAuthorities: ["login.new-cloud.example"] }, [`GET ${base}${CONFIGURATION}`, token]],
      [{ cloudDiscoveryMetadata }, [`GET ${base}${CONFIGURATION}`, token]],
      [{ cloudDiscoveryMetadata, authorityMetadata }, [token]],
    ];
    for (const [over, lines] of expected) {
      network.clear();
      await ask(application({ authority, ...over }));
      expect(network.lines()).toEqual(lines);
    }
  });

  it("is found out again after a day", async () => {
    const app = application({ authority });
    const documents = () => network.lines().filter((line) => line.endsWith(CONFIGURATION));
    await ask(app);
    clock.advance(DAY - 1);
    expect((await ask(app)).fromCache).toBe(false);
    expect(documents()).toHaveLength(1);
    clock.advance(3600);
    expect((await ask(app)).fromCache).toBe(false);
    expect(documents()).toHaveLength(2);
  });

  it("is found out once for a hundred calls, also for different scopes", async () => {
    const app = application({ authority });
    const calls = Array.from({ length: 100 }, (_, number) => `api://${number % 4}/.default`);
    await Promise.all(calls.map((scope) => app.acquireTokenByClientCredential({ scopes: [scope] })));
    expect(network.lines()).toEqual([INSTANCE, `GET ${base}${CONFIGURATION}`, token, token, token, token]);
  });

  it("is asked again after a failure, once the pause is over", async () => {
    const app = application({ authority });
    const failures: (typeof respond)[] = [
      ({ line }) => (line === INSTANCE ? { body: "<html>" } : "as usual"),
      ({ line }) => (line.endsWith(CONFIGURATION) ? { status: 500, body: {} } : "as usual"),
      ({ line }) => (line.endsWith(CONFIGURATION) ? undefined : "as usual"),
    ];
    for (const failure of failures) {
      respond = failure;
      await expect(ask(app)).rejects.toMatchObject({ errorCode: "endpoints_resolution_error" });
      // Until then, the failure is known without a request.
      clock.advance(1);
    }
    respond = () => "as usual";
    expect(await ask(app)).toMatchObject({ accessToken: "the-token" });
  });
});
