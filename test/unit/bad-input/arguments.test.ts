// Every public method, function and class answers an argument of a wrong type with an error that names it, or it works.
// proves: core/src/request/field-types.ts, core/src/flows/authorization-response.ts
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import {
  AuthError,
  ConfidentialClientApplication,
  CryptoProvider,
  createAuthenticatedFetch,
  DistributedCachePlugin,
  PublicClientApplication,
  createTokenProvider,
  tokenCredential,
} from "@tessera/node";
import { clientId, clientSecret } from "./refusal.js";

const authority = "https://login.microsoftonline.com/contoso.example";
const redirectUri = "http://localhost:3000/callback";
const refuseToSend = async (): Promise<never> => {
  throw new Error("sent");
};
const networkClient = { sendGetRequestAsync: refuseToSend, sendPostRequestAsync: refuseToSend };
const system = { networkClient } as never;
const app = () => new PublicClientApplication({ auth: { clientId, authority }, system });
const server = () =>
  new ConfidentialClientApplication({ auth: { clientId, authority, clientSecret }, system });

const wrong: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  null: null,
  "a text": "text",
  "a number": 7,
  "a boolean": true,
  "an empty list": [],
  "a list": [7],
  "an empty object": {},
  "an object that cannot become a string": { toString: 1, valueOf: 1 },
  "a function": () => 1,
  "a date": new Date(0),
  "a URL": new URL("http://localhost/?a=b"),
  "a query": new URLSearchParams("a=b"),
};

type Call = (value: never) => unknown;

/** What became of a call. */
async function outcome(call: Call, value: unknown): Promise<unknown> {
  try {
    return (await call(value as never)) ?? "done";
  } catch (error) {
    return error;
  }
}

/** Protected, or marked as internal. */
const NOT_PUBLIC = [
  "constructor",
  "checked",
  "checkedFields",
  "failed",
  "logged",
  "read",
  "readNow",
  "write",
  "refreshing",
  "countLookup",
];

const methodsOf = (make: () => object): [string, Call][] => {
  const names = new Set<string>();
  for (let type = Object.getPrototypeOf(make()) as object; type !== Object.prototype;) {
    for (const name of Object.getOwnPropertyNames(type)) names.add(name);
    type = Object.getPrototypeOf(type) as object;
  }
  for (const inner of NOT_PUBLIC) names.delete(inner);
  return [...names].map((name) => {
    const call: Call = (value) => {
      const object = make();
      const member: unknown = Reflect.get(object, name);
      return typeof member === "function" ? Reflect.apply(member, object, [value]) : member;
    };
    return [`${make().constructor.name}.${name}`, call];
  });
};

const beginning = () => app().initiateAuthCodeFlow({ scopes: [], redirectUri });
const code = { scopes: [], redirectUri, code: "c", state: "s" };

/** What takes an argument. */
const calls: readonly [string, Call][] = [
  ...methodsOf(app),
  ...methodsOf(server),
  ...methodsOf(() => app().getTokenCache()),
  ...methodsOf(() => new CryptoProvider()),
  ["new PublicClientApplication", (value) => new PublicClientApplication(value)],
  ["new ConfidentialClientApplication", (value) => new ConfidentialClientApplication(value)],
  ["new Logger", (value) => new tessera.Logger(value)],
  ["new DistributedCachePlugin", (value) => new DistributedCachePlugin(value, value)],
  ["claimsFromChallenge", tessera.claimsFromChallenge],
  ["parseAuthenticationChallenges", tessera.parseAuthenticationChallenges],
  ["federatedTokenFile", tessera.federatedTokenFile],
  ["githubActionsToken", tessera.githubActionsToken],
  ["azurePipelinesToken", tessera.azurePipelinesToken],
  ["its service connection", (value) => tessera.azurePipelinesToken({ serviceConnectionId: value })],
  ["awsTokenFile", tessera.awsTokenFile],
  ["spiffeTokenFile", tessera.spiffeTokenFile],
  ["managedIdentityAssertion", (value) => tessera.managedIdentityAssertion(value)],
  ["new ManagedIdentityApplication", (value) => new tessera.ManagedIdentityApplication(value)],
  ["its acquireToken", (value) => new tessera.ManagedIdentityApplication().acquireToken(value)],
  ["its resource", (value) => new tessera.ManagedIdentityApplication().acquireToken({ resource: value })],
  ["createAuthenticatedFetch", (value) => createAuthenticatedFetch(value, { scopes: ["User.Read"] })],
  ["its options", (value) => createAuthenticatedFetch(server(), value)],
  ["tokenCredential", (value) => tokenCredential(value)],
  ["createTokenProvider", (value) => createTokenProvider(value, { scopes: ["a"] })],
  ["its scopes", (value) => tokenCredential(server()).getToken(value)],
  [
    "the answer of acquireTokenByAuthCodeFlow",
    async (value) => app().acquireTokenByAuthCodeFlow(await beginning(), value),
  ],
  ["the answer of acquireTokenByCode", (value) => app().acquireTokenByCode(code, value)],
];

/** How often a call would have gone out: with nothing wrong, or by a bug. */
const isSent = (result: unknown): boolean =>
  result instanceof AuthError && result.errorCode === "network_error";

describe("no argument of a wrong type ends in an error that is not the library's", () => {
  it.each(calls)("%s", async (_, call) => {
    for (const [kind, value] of Object.entries(wrong)) {
      const result = await outcome(call, value);
      if (result instanceof Error && !(result instanceof AuthError))
        throw new Error(`${kind}: ${String(result)}`, { cause: result });
    }
  });
});

const isRefused = async (call: Call, value: unknown, says: RegExp): Promise<void> => {
  const error = await outcome(call, value);
  expect(error).toBeInstanceOf(AuthError);
  expect((error as AuthError).errorMessage).toMatch(says);
  expect((error as AuthError).errorMessage).toMatch(/: pass .*\.$/);
};

describe("is refused by name:", () => {
  const account = { homeAccountId: "a.b", environment: "login.microsoftonline.com", username: "alice" };
  it.each<[string, Call, RegExp]>([
    [
      "signOut()",
      () => app().signOut(undefined as never),
      /^account is missing: pass signOut\(\{ account \}\)/,
    ],
    ["signOut({})", () => app().signOut({} as never), /^account is missing/],
    ["signOut(account)", () => app().signOut(account as never), /^account is missing/],
    ["signOut(account) of a server", () => server().signOut(account as never), /^account is missing/],
    [
      "signOut({ account: {} })",
      () => app().signOut({ account: {} } as never),
      /^account has no homeAccountId/,
    ],
    ["signOut({ account: null })", () => app().signOut({ account: null } as never), /^account is null/],
    ["removeAccount({ account })", () => app().removeAccount({ account } as never), /has no homeAccountId/],
    ["removeAccount(text)", () => app().removeAccount("a.b" as never), /^account is a string/],
    ["getAccounts(text)", () => app().getAccounts("alice" as never), /^filter is a string/],
    ["setLogger(function)", () => app().setLogger(console.log as never), /^logger is a function/],
    ["SetAppTokenProvider(text)", () => server().SetAppTokenProvider("t" as never), /^provider is a string/],
    [
      "endOnBehalfOfSession()",
      () => server().endOnBehalfOfSession(undefined as never),
      /^sessionKey is missing/,
    ],
    [
      "acquireToken({ deviceCodeCallback })",
      () => app().acquireToken({ scopes: [], deviceCodeCallback: () => undefined } as never),
      /^deviceCodeCallback belongs to acquireTokenByDeviceCode: pass onDeviceCode/,
    ],
    [
      "acquireTokenByDeviceCode({ onDeviceCode })",
      () => app().acquireTokenByDeviceCode({ scopes: [], onDeviceCode: () => undefined } as never),
      /^deviceCodeCallback is not a function: pass one that shows the message to the user/,
    ],
    [
      "acquireTokenByDeviceCode({ scope })",
      () => app().acquireTokenByDeviceCode({ scope: "x", deviceCodeCallback: () => undefined } as never),
      /^scope is not a field of a request: pass scopes/,
    ],
    [
      "an address as the answer",
      async () => app().acquireTokenByAuthCodeFlow(await beginning(), "/callback?code=c" as never),
      /^response is a string: pass all parameters that came to the redirect URI/,
    ],
    [
      "no answer",
      async () => app().acquireTokenByAuthCodeFlow(await beginning(), undefined as never),
      /^response is missing: pass all parameters/,
    ],
  ])("%s", (_, call, says) => isRefused(call, undefined, says));

  it("an option that is a text where an object is expected, at every level", () => {
    const auth = { clientId };
    for (const [path, configuration] of Object.entries({
      cache: { auth, cache: "memory" },
      system: { auth, system: 7 },
      "system.loggerOptions": { auth, system: { loggerOptions: () => undefined } },
      telemetry: { auth, telemetry: [] },
      broker: { auth, broker: true },
      "auth.azureCloudOptions": { auth: { clientId, azureCloudOptions: "AzurePublic" } },
      "auth.clientMetadata": { auth: { clientId, clientMetadata: "private_key_jwt" } },
    })) {
      expect(() => new PublicClientApplication(configuration as never)).toThrow(
        new RegExp(`invalid_option: ${path.replace(".", "\\.")} is .*: pass an object\\.`),
      );
    }
  });

  it("a redirect URI of this machine, for what is wrong with it", async () => {
    const interactive = (uri: string): Call => {
      return () => app().acquireTokenInteractive({ scopes: [], redirectUri: uri, openBrowser: refuseToSend });
    };
    for (const [uri, says] of [
      ["https://localhost:3000", /is https, which the server on this machine cannot speak/],
      ["http://localhost:3000/?a=b", /has a query or a fragment/],
      ["http://contoso.example", /is not on this machine/],
    ] as const) {
      const error = await outcome(interactive(uri), undefined);
      expect(error).toMatchObject({ errorCode: "redirect_uri_not_supported" });
      expect((error as AuthError).errorMessage).toMatch(says);
    }
  });
});

/** A field, the calls that carry it, and the values that it cannot have. */
const interactive = (over: object) => app().acquireTokenInteractive({ openBrowser: refuseToSend, ...over });
const url = (over: object) => app().getAuthCodeUrl({ scopes: [], redirectUri, ...over });
const begin = (over: object) => app().initiateAuthCodeFlow({ scopes: [], redirectUri, ...over });
const own = (over: object) => server().acquireTokenByClientCredential({ scopes: ["a/.default"], ...over });
const oneCall = (over: object) => app().acquireToken({ scopes: [], openBrowser: refuseToSend, ...over });
const byCode = (over: object) => app().acquireTokenByCode({ ...code, ...over });
const end = (over: object) => app().buildEndSessionUrl(over);
const notText = [{}, [], () => 1, new URL("http://localhost/")];
const notObject = ["text", 7, [], () => 1, new URLSearchParams("a=b")];
const notFunction = ["chrome", 7, {}, []];

describe("a request with a field of a wrong type is refused by its name, and nothing is sent:", () => {
  it.each<[string, readonly ((over: object) => unknown)[], readonly unknown[]]>([
    ["account", [url, begin, interactive, end], notObject],
    ["azureCloudOptions", [own, interactive], notObject],
    ["ccsCredential", [byCode], [...notObject, {}, { type: "UPN" }]],
    ["clientInfo", [byCode], notText],
    ["codeVerifier", [byCode], notText],
    ["domainHint", [url, begin, interactive], notText],
    ["extraParameters", [own, interactive, oneCall], [...notObject, { a: {} }]],
    ["extraQueryParameters", [own, url, begin, interactive, oneCall, end], [...notObject, { a: [] }]],
    ["extraScopesToConsent", [url, begin, interactive], ["text", 7, {}, [{}]]],
    ["fmiPath", [own], notText],
    ["idTokenHint", [end], notText],
    ["loginHint", [url, begin, interactive, oneCall], notText],
    ["logoutHint", [end], notText],
    ["nonce", [url, begin, byCode], notText],
    ["onDeviceCode", [oneCall], notFunction],
    ["openBrowser", [interactive, oneCall], notFunction],
    ["prompt", [url, begin, interactive], notText],
    ["redirectUri", [interactive], notText],
    ["signal", [own, url, interactive, oneCall], ["text", 7, {}, []]],
    ["state", [url, byCode, end], [...notText, 7]],
    ["storeInCache", [own, interactive], notObject],
  ])("%s", async (field, carriers, values) => {
    for (const call of carriers) {
      for (const value of values) {
        const error = await outcome(call, { [field]: value });
        expect(error).toBeInstanceOf(AuthError);
        expect(isSent(error)).toBe(false);
        expect((error as AuthError).errorMessage).toMatch(new RegExp(`^${field} (is|holds)`));
      }
    }
  });

  it("and null is as good as absent", async () => {
    for (const call of [url, begin]) {
      expect(await outcome(call as Call, { loginHint: null, account: null, state: null })).not.toBeInstanceOf(
        Error,
      );
    }
  });
});

describe("the answer of a sign-in is taken in every form", () => {
  const forms: readonly [string, (query: URLSearchParams) => object][] = [
    ["an object", (query) => Object.fromEntries(query)],
    ["URLSearchParams", (query) => query],
    ["a URL", (query) => new URL(`${redirectUri}?${query.toString()}`)],
  ];
  it.each(forms)("%s: as far as the token request", async (_, form) => {
    const flow = await beginning();
    const answer = form(new URLSearchParams({ code: "c", state: flow.state })) as never;
    expect(isSent(await outcome(() => app().acquireTokenByAuthCodeFlow(flow, answer), undefined))).toBe(true);
    const byHand = form(new URLSearchParams({ code: "c", state: "s" })) as never;
    expect(isSent(await outcome(() => app().acquireTokenByCode(code, byHand), undefined))).toBe(true);
  });

  it.each(forms)("%s: with another state it is refused", async (_, form) => {
    const answer = form(new URLSearchParams({ code: "c", state: "forged" })) as never;
    const calls = [
      async () => app().acquireTokenByAuthCodeFlow(await beginning(), answer),
      () => app().acquireTokenByCode(code, answer),
    ];
    for (const call of calls)
      expect(await outcome(call, undefined)).toMatchObject({ errorCode: "state_mismatch" });
  });

  it("but a parameter that comes twice counts for nothing (RFC 6749 §3.1)", async () => {
    const flow = await beginning();
    const answer = new URLSearchParams([
      ["code", "c"],
      ["state", flow.state],
      ["state", flow.state],
    ]);
    const refused = outcome(() => app().acquireTokenByAuthCodeFlow(flow, answer), undefined);
    expect(await refused).toMatchObject({ errorCode: "state_mismatch" });
  });
});
