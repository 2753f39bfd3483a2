// What a program can import, call and compare: the same names, kinds and values as the peer's.
// proves: node/src/msal/prompt-value.ts
import { describe, expect, it, test } from "@jest/globals";
import * as peer from "@azure/msal-node";
import * as tessera from "@tessera/node";

type Exports = Readonly<Record<string, unknown>>;
type Class = new (...args: never[]) => object;
const theirs: Exports = peer;
const ours: Exports = tessera;
const shared = Object.keys(ours).filter((name) => name in theirs);

test.each(shared)("%s is of the same kind", (name) => {
  expect(typeof ours[name]).toBe(typeof theirs[name]);
});

test("what Tessera exports beside the peer's names is an addition that is meant", () => {
  expect(Object.keys(ours).filter((name) => !(name in theirs))).toEqual([
    "ClientApplication",
    // The peer throws errors of a class with this name, which it does not export.
    "ManagedIdentityError",
    "ManagedIdentityErrorCodes",
    "auth0",
    "auth0TokenVault",
    "awsTokenFile",
    "azurePipelinesToken",
    "checkClientMetadataDocument",
    "claimsFromChallenge",
    "clientMetadataDocument",
    "cognito",
    "commandLineToken",
    "createAccessTokenVerifier",
    "createAuthenticatedFetch",
    "createDefaultCredential",
    "createMemoryTokenStore",
    "createResourceFetch",
    "createResourceTokens",
    "createTokenProvider",
    "deleteClientRegistration",
    "discoverProtectedResource",
    "federatedTokenFile",
    "github",
    "githubActionsToken",
    "google",
    "keycloak",
    "managedIdentityAssertion",
    "okta",
    "parseAuthenticationChallenges",
    "readClientRegistration",
    "registerClient",
    "registeredClient",
    "spiffeTokenFile",
    "tokenCredential",
    "updateClientRegistration",
    "zitadel",
  ]);
});

test("what the peer exports and Tessera does not is known", () => {
  expect(Object.keys(theirs).filter((name) => !(name in ours))).toEqual([
    // Signs the peer's client assertions; a certificate or an assertion goes into the configuration instead.
    "ClientAssertion",
    // The peer's own parts.
    "internals",
  ]);
});

describe("every value of the peer is there, and the same, in", () => {
  test.each([
    "AuthErrorCodes",
    "AzureCloudInstance",
    "ClientAuthErrorCodes",
    "ClientConfigurationErrorCodes",
    "InteractionRequiredAuthErrorCodes",
    "LogLevel",
    "ManagedIdentitySourceNames",
    "PromptValue",
    "ProtocolMode",
    "ResponseMode",
  ])("%s", (name) => {
    expect(ours[name]).toEqual(expect.objectContaining(theirs[name] as Record<string, unknown>));
  });
});

test("only error codes have more values than the peer's", () => {
  const more = shared.filter((name) => {
    const [values, known] = [ours[name], theirs[name]];
    return isValues(values) && isValues(known) && Object.keys(values).length > Object.keys(known).length;
  });
  expect(more).toEqual(["ClientAuthErrorCodes", "ClientConfigurationErrorCodes"]);
});

/** Differences of a class: methods that only one has, and methods that take another number of parameters. */
interface ClassDifferences {
  readonly added?: readonly string[];
  readonly absent?: readonly string[];
  /** Parameters without a default: the peer's, Tessera's. */
  readonly parameters?: Readonly<Record<string, readonly [number, number]>>;
}

// Private and protected there: TypeScript does not let programs call them.
const inside = [
  "acquireCachedTokenSilent",
  "acquireTokenSilentAsync",
  "buildOauthClientConfiguration",
  "createAuthority",
  "getClientAssertion",
  "handleChangeEvent",
  "initializeBaseRequest",
  "initializeServerTelemetryManager",
  "mergeRemovals",
  "mergeRemovalsDict",
  "mergeState",
  "mergeUpdates",
  "overlayDefaults",
  "validateState",
  "waitForRedirectUri",
];
const bindingKeys = [
  "encodeKid",
  "base64UrlEncode",
  "removeTokenBindingKey",
  "clearKeystore",
  "signTokenBindingJwt",
];
const logLevels = [
  "error",
  "errorPii",
  "warning",
  "warningPii",
  "info",
  "infoPii",
  "verbose",
  "verbosePii",
  "trace",
  "tracePii",
];
const user = [
  "acquireToken",
  "acquireTokenByAuthCodeFlow",
  "acquireTokenAcrossApps",
  "acquireTokenByTokenExchange",
  "buildEndSessionUrl",
  "diagnostics",
  "createDpopProof",
  "getAccounts",
  "initiateAuthCodeFlow",
  "close",
  "revoke",
  "userInfo",
  "validateFrontChannelLogout",
  "validateLogoutToken",
];
// Fields there, accessors here.
const fields = ["config", "logger"];
const accounts = ["getAccountByHomeId", "getAccountByLocalId", "removeAccount"];

const classes: Readonly<Record<string, ClassDifferences>> = {
  PublicClientApplication: {
    added: [
      ...["acquireTokenByIntegratedWindowsAuth", "checked", "checkedFields", "logged"],
      ...[...fields, ...user, ...accounts],
    ],
  },
  ConfidentialClientApplication: {
    added: [
      ...[
        "checked",
        "checkedFields",
        "logged",
        ...fields,
        "acquireTokenByBackchannelAuthentication",
        "acquireTokenForAgent",
        "receiveBackchannelNotification",
        "endOnBehalfOfSession",
        "introspect",
        "removeTokensForClient",
      ],
      ...[...user, ...accounts, "getAllAccounts", "signOut"],
    ],
  },
  ManagedIdentityApplication: { absent: ["acquireTokenFromManagedIdentity"] },
  TokenCache: {
    // `persistence` is a field there.
    added: [
      ...["clear", "countLookup", "getAccounts", "persistence", "read", "readNow", "storeIsAway"],
      ...["removeAppTokens", "stats", "write"],
    ],
    absent: ["getCacheSnapshot"],
  },
  TokenCacheContext: {},
  CryptoProvider: { absent: bindingKeys },
  Logger: {
    absent: ["logMessage"],
    // The correlation id may be left out.
    parameters: Object.fromEntries(logLevels.map((level) => [level, [2, 1] as const])),
  },
  DistributedCachePlugin: {},
};

describe("the methods are the same, as far as they are there, in", () => {
  it.each(Object.entries(classes))("%s", (name, { added = [], absent = [], parameters = {} }) => {
    const known = methods(theirs[name] as Class);
    const own = methods(ours[name] as Class);
    expect([...own.keys()].filter((method) => !known.has(method)).sort()).toEqual([...added].sort());
    const lacking = [...known.keys()].filter((method) => !own.has(method) && !inside.includes(method));
    expect(lacking.sort()).toEqual([...absent].sort());
    const others = [...own].filter(([method, count]) => known.has(method) && known.get(method) !== count);
    expect(Object.fromEntries(others.map(([method, count]) => [method, [known.get(method), count]]))).toEqual(
      parameters,
    );
  });
});

test("the error classes inherit from each other as the peer's do", () => {
  const parents = [
    "AuthError",
    "ClientAuthError",
    "ClientConfigurationError",
    "InteractionRequiredAuthError",
    "ServerError",
  ].map((name) => [
    name,
    ...[theirs, ours].map((exports) => (Object.getPrototypeOf(exports[name]) as Class).name),
  ]);
  expect(parents.filter(([, known, own]) => known !== own)).toEqual([]);
});

/** Methods and accessors by name, with the number of parameters that have no default. */
function methods(type: Class): Map<string, number> {
  const found = new Map<string, number>();
  for (
    let level: unknown = type.prototype;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (name !== "constructor" && !found.has(name))
        found.set(name, typeof value === "function" ? value.length : 0);
    }
  }
  return found;
}

function isValues(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
