// An option that cannot be right is refused in the constructor.
// proves: core/src/client/create-client.ts, node/src/check-configuration.ts, node/src/check-network.ts
import { describe, expect, it } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import { clientId, expectConfigurationError, refusal, type Mistake, type Part } from "./refusal.js";

const option = "invalid_option";
const plugin = { beforeCacheAccess: async () => undefined, afterCacheAccess: async () => undefined };
const store = {
  load: () => undefined,
  update: () => undefined,
  inTurn: () => undefined,
  list: () => undefined,
};
const network = { sendGetRequestAsync: () => undefined };
const method = (name: string) => ({ clientMetadata: { token_endpoint_auth_method: name } });
const algorithm = (name: string) => ({ clientMetadata: { id_token_signed_response_alg: name } });

const inAuth: readonly Mistake[] = [
  [
    "a text as knownAuthorities",
    { knownAuthorities: "a.example" },
    option,
    /^auth\.knownAuthorities is not an array/,
  ],
  ["a number among knownAuthorities", { knownAuthorities: [1] }, option, /^auth\.knownAuthorities/],
  [
    "a text as clientCapabilities",
    { clientCapabilities: "CP1" },
    option,
    /^auth\.clientCapabilities is not an array/,
  ],
  [
    "cloud metadata that is not JSON",
    { cloudDiscoveryMetadata: "metadata" },
    "invalid_cloud_discovery_metadata",
    /^auth\.cloudDiscoveryMetadata is not a string holding a JSON object: pass/,
  ],
  [
    "cloud metadata that is no text",
    { cloudDiscoveryMetadata: {} },
    "invalid_cloud_discovery_metadata",
    /string holding a JSON object/,
  ],
  [
    "authority metadata that is a list",
    { authorityMetadata: "[]" },
    "invalid_authority_metadata",
    /string holding a JSON object/,
  ],
  [
    "a way to authenticate nobody knows",
    method("magic"),
    option,
    /token_endpoint_auth_method is "magic": .*use /,
  ],
  [
    "ID tokens without signature",
    algorithm("none"),
    option,
    /id_token_signed_response_alg is "none": use RS256/,
  ],
  ["an algorithm in other letters", algorithm("rs256"), option, /is "rs256"/],
  ["an algorithm nobody knows", algorithm("HS1"), option, /is "HS1"/],
];

const elsewhere: readonly Mistake[] = [
  [
    "a protocol mode of browsers",
    { system: { protocolMode: "EAR" } },
    option,
    /^system\.protocolMode is "EAR": use/,
  ],
  [
    "a protocol mode nobody knows",
    { system: { protocolMode: "oidc" } },
    option,
    /^system\.protocolMode is "oidc"/,
  ],
  [
    "a plugin that cannot save",
    { cache: { cachePlugin: { ...plugin, afterCacheAccess: 1 } } },
    option,
    /^cache\.cachePlugin lacks afterCacheAccess: pass/,
  ],
  [
    "a store that cannot list",
    { cache: { store: { ...store, list: undefined } } },
    option,
    /^cache\.store lacks list: pass/,
  ],
  [
    "a plugin and a store",
    { cache: { cachePlugin: plugin, store } },
    option,
    /^cache\.store is set as well as cache\.cachePlugin: set only one/,
  ],
  [
    "room for no partition",
    { cache: { maxPartitions: 0 } },
    option,
    /^cache\.maxPartitions is 0: pass a positive/,
  ],
  ["room for half a partition", { cache: { maxPartitions: 1.5 } }, option, /^cache\.maxPartitions is 1\.5/],
  [
    "room for a word of partitions",
    { cache: { maxPartitions: "many" } },
    option,
    /^cache\.maxPartitions is many/,
  ],
  [
    "an unknown onUnreadable",
    { cache: { onUnreadable: "delete" } },
    option,
    /^cache\.onUnreadable is "delete": use "refuse" or "ignore"/,
  ],
  [
    "a network client that cannot post",
    { system: { networkClient: network } },
    option,
    /^system\.networkClient lacks sendPostRequestAsync: pass/,
  ],
  [
    "retries that are no count",
    { system: { retries: -1 } },
    option,
    /^system\.retries is -1: pass a whole number from 0 to 10/,
  ],
  [
    "retries beside the option that forbids them",
    { system: { retries: 2, disableInternalRetries: true } },
    option,
    /^system\.retries is given beside system\.disableInternalRetries/,
  ],
  [
    "no time for a call",
    { system: { callTimeoutMs: 0 } },
    option,
    /^system\.callTimeoutMs is 0: pass a positive number/,
  ],
  [
    "no connection to a host",
    { system: { maxConnections: 0 } },
    option,
    /^system\.maxConnections is 0: pass a whole number above 0/,
  ],
  [
    "a proxy without scheme",
    { system: { proxy: "ada:hunter2@proxy.example:8080" } },
    option,
    /^system\.proxy is not an http or https URL: pass/,
  ],
  [
    "a SOCKS proxy",
    { system: { proxy: "socks5://ada:hunter2@proxy.example" } },
    option,
    /^system\.proxy is not an http/,
  ],
  ["an empty proxy", { system: { proxy: "" } }, option, /^system\.proxy/],
  ["true as proxy", { system: { proxy: true } }, option, /^system\.proxy/],
  [
    "the path of a certificate",
    { system: { ca: "/etc/ssl/ca.pem" } },
    option,
    /^system\.ca .*pass the content of the \.pem file/,
  ],
  ["a number as certificate", { system: { ca: [1] } }, option, /^system\.ca is not an array of strings/],
  ["a clock that cannot tell the time", { system: { clock: {} } }, option, /^system\.clock lacks now: pass/],
  [
    "a logger callback that is a text",
    { system: { loggerOptions: { loggerCallback: "x" } } },
    option,
    /^system\.loggerOptions\.loggerCallback is not a function: pass/,
  ],
];

describe.each(["public", "confidential"] as const)("a %s client is refused", (kind) => {
  it.each(inAuth)("with %s", (_, auth, errorCode, says) => {
    expectConfigurationError(refusal(kind, auth), errorCode, says);
  });

  it.each(elsewhere)("with %s", (_, rest, errorCode, says) => {
    expectConfigurationError(refusal(kind, {}, rest), errorCode, says);
  });
});

describe("what looks like a mistake and is none", () => {
  it.each<[string, Part, Part?]>([
    ["plain http on localhost", { authority: "http://localhost:8080/tenant" }],
    ["plain http on 127.0.0.1", { oidcAuthority: "http://127.0.0.1:8080/realms/Main" }],
    ["plain http on [::1]", { oidcAuthority: "http://[::1]:8080" }],
    ["a known authority given as URL", { knownAuthorities: ["https://login.contoso.com/"] }],
    ["no proxy", {}, { system: { proxy: false } }],
    ["the cloud none", { azureCloudOptions: { azureCloudInstance: "none" } }],
    ["nulls in optional places", { knownAuthorities: null }, { cache: { cachePlugin: null }, telemetry: {} }],
  ])("%s", (_, auth, rest = {}) => {
    const configuration = { auth: { clientId, ...auth }, ...rest } as never;
    expect(new PublicClientApplication(configuration)).toBeInstanceOf(PublicClientApplication);
  });
});
