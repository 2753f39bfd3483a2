// An option that is not understood is told by its name, with what was probably meant; it stops no program.
// proves: node/src/configuration-members.ts
import { afterAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import * as peer from "@azure/msal-node";
import {
  ConfidentialClientApplication,
  ManagedIdentityApplication,
  PublicClientApplication,
  type Configuration,
} from "@tessera/node";
import { clientId, clientSecret, secretWord, type Part } from "./refusal.js";

const emitWarning = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
beforeEach(() => {
  emitWarning.mockClear();
});
afterAll(() => {
  emitWarning.mockRestore();
});

/** What a constructor warns of. */
function warningsOf(make: () => unknown): string[] {
  make();
  return emitWarning.mock.calls.map(([message, options]) => {
    expect(options).toEqual({ type: "ConfigurationWarning", code: "unknown_option" });
    return String(message);
  });
}

const pub = (auth: Part, rest: Part = {}) => {
  const configuration: unknown = { auth: { clientId, ...auth }, ...rest };
  return () => new PublicClientApplication(configuration as Configuration);
};
const confidential = (auth: Part, rest: Part = {}) => {
  const configuration: unknown = { auth: { clientId, clientSecret, ...auth }, ...rest };
  return () => new ConfidentialClientApplication(configuration as Configuration);
};

describe("a member that is not an option is named, with the option that was meant:", () => {
  it.each<[string, () => unknown, string]>([
    [
      "userAssignedClientId",
      () => new ManagedIdentityApplication({ userAssignedClientId: clientId } as never),
      "the nearest option is managedIdentityIdParams.userAssignedClientId",
    ],
    ["auth.tenantId", pub({ tenantId: "contoso.example" }), "name the tenant in auth.authority, such as"],
    ["auth.tenant", pub({ tenant: "contoso.example" }), "name the tenant in auth.authority, such as"],
    ["auth.issuer", pub({ issuer: "https://idp.example" }), "name the issuer in auth.oidcAuthority"],
    ["auth.clientsecret", pub({ clientsecret: secretWord }), "the nearest option is auth.clientSecret"],
    ["auth.secret", confidential({ secret: secretWord }), "the nearest option is auth.clientSecret"],
    ["auth.autority", pub({ autority: "https://idp.example" }), "the nearest option is auth.authority"],
    ["auth.certificate", confidential({ certificate: {} }), "the nearest option is auth.clientCertificate"],
    ["auth.knownAuthorites", pub({ knownAuthorites: [] }), "the nearest option is auth.knownAuthorities"],
    ["auth.cachePlugin", pub({ cachePlugin: {} }), "the nearest option is cache.cachePlugin"],
    ["auth.redirectUri", pub({ redirectUri: "http://localhost" }), "pass it with the request"],
    [
      "auth.clientMetadata.token_endpoint_auth_metod",
      pub({ clientMetadata: { token_endpoint_auth_metod: "none" } }),
      "the nearest option is auth.clientMetadata.token_endpoint_auth_method",
    ],
    [
      "auth.azureCloudOptions.tenantId",
      pub({ azureCloudOptions: { azureCloudInstance: "https://login.microsoftonline.us", tenantId: "t" } }),
      "the nearest option is auth.azureCloudOptions.tenant",
    ],
    ["cachePlugin", pub({}, { cachePlugin: {} }), "the nearest option is cache.cachePlugin"],
    ["logger", pub({}, { logger: {} }), "the nearest option is system.loggerOptions"],
    ["ca", pub({}, { ca: [] }), "the nearest option is system.ca"],
    ["clientId", pub({}, { clientId: "c" }), "the nearest option is auth.clientId"],
    ["Auth", pub({}, { Auth: {} }), "the nearest option is auth"],
    ["cache.plugin", pub({}, { cache: { plugin: {} } }), "the nearest option is cache.cachePlugin"],
    ["system.proxyUrl", pub({}, { system: { proxyUrl: "http://p" } }), "the nearest option is system.proxy"],
    [
      "system.loggerOption",
      pub({}, { system: { loggerOption: {} } }),
      "the nearest option is system.loggerOptions",
    ],
    [
      "system.loggerOptions.level",
      pub({}, { system: { loggerOptions: { level: 3 } } }),
      "the nearest option is system.loggerOptions.logLevel",
    ],
    [
      "telemetry.appName",
      pub({}, { telemetry: { appName: "a" } }),
      "the nearest option is telemetry.application.appName",
    ],
    ["auth.xyzzy", pub({ xyzzy: 1 }), "remove it"],
    ["auth.hasOwnProperty", pub({ hasOwnProperty: 1 }), "remove it"],
    ["toString", pub({}, { toString: "x" }), "remove it"],
  ])("%s", (path, make, remedy) => {
    const [warning, ...more] = warningsOf(make);
    expect(more).toEqual([]);
    expect(warning).toContain(`${path} is not an option of Tessera and has no effect: ${remedy}`);
    expect(warning).not.toContain(secretWord);
  });
});

describe("silence", () => {
  it("for every option there is", () => {
    const authority = "https://login.microsoftonline.com/contoso.example";
    const auth = {
      authority,
      knownAuthorities: [],
      clientCapabilities: [],
      isMcp: false,
      clientMetadata: {},
    };
    const system = { loggerOptions: { logLevel: 1, correlationId: "" }, proxy: false, ca: [] };
    const rest = { system, cache: { maxPartitions: 9 }, telemetry: { application: { appName: "a" } } };
    expect(warningsOf(confidential(auth, rest))).toEqual([]);
  });

  it("for what the peer fills a configuration with, and for what its earlier releases took", () => {
    const application = new peer.PublicClientApplication({ auth: { clientId } });
    // It has a default for every member of its configuration.
    const { config } = application as unknown as { readonly config: Configuration };
    const { clientSecret: _, clientAssertion: __, clientCertificate: ___, ...auth } = config.auth;
    const { networkClient: ____, ...system } = config.system ?? {};
    expect(warningsOf(() => new PublicClientApplication({ ...config, auth, system }))).toEqual([]);
    const earlier = { skipAuthorityMetadataCache: true, encodeExtraQueryParams: true };
    expect(warningsOf(pub(earlier, { cache: { claimsBasedCachingEnabled: true } }))).toEqual([]);
  });

  it("for a member that is not given a value", () => {
    expect(warningsOf(pub({ tenantID: undefined, issuerUrl: null }))).toEqual([]);
  });

  it("the second time in a process", () => {
    pub({ unheardOf: 1 })();
    expect(warningsOf(confidential({ unheardOf: 2 }))).toHaveLength(1);
  });
});
