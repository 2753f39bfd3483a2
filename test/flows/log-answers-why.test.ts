// A log answers "why": what was decided, a line each, with the reason, under the correlation id of the call.
// proves: core/src/errors/error-name.ts, core/src/request/miss.ts, node/src/failure-log.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  createMemoryTokenStore,
  LogLevel,
  PublicClientApplication,
  type Configuration,
} from "@tessera/node";
import { recordedNetwork, type Respond } from "../support/recorded-network.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const authority = "https://login.microsoftonline.com/c0c0c0c0-0000-4000-8000-000000000000";
const correlationId = "40000000-0000-4000-8000-000000000001";
const scopes = ["api/.default"];
const redirectUri = "http://localhost:3000";

let lines: string[];
let clock: TestClock;
let respond: Respond;
beforeEach(() => {
  lines = [];
  clock = createTestClock();
  respond = () => ({ body: tokens() });
});

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function tokens(over: object = {}): Record<string, unknown> {
  const [iat, exp] = [0, 1e10];
  const claims = {
    iss: `${authority}/v2.0`,
    aud: "the-client",
    sub: "s",
    oid: "o",
    tid: authority.slice(-36),
    iat,
    exp,
  };
  return {
    access_token: "the-token",
    token_type: "Bearer",
    expires_in: 3600,
    scope: "api/.default",
    id_token: `${base64({ alg: "RS256" })}.${base64(claims)}.x`,
    client_info: base64({ uid: "o", utid: authority.slice(-36) }),
    ...over,
  };
}

function configuration(over: Partial<Configuration> = {}, logLevel = LogLevel.Verbose): Configuration {
  const loggerCallback = (level: LogLevel, line: string): void => {
    const [, id = "", , text = ""] = /^\[[^\]]*\] : \[([^\]]*)\] : (\S+) : (.*)$/.exec(line) ?? [];
    if (!/ - (GET|POST) /.test(text)) lines.push(id === correlationId || id === "" ? text : `${id}: ${text}`);
    expect(text.startsWith(LogLevel[level])).toBe(true);
  };
  const networkClient = recordedNetwork((request) => respond(request));
  const system = { networkClient, clock, loggerOptions: { loggerCallback, logLevel } };
  return { auth: { clientId: "the-client", authority }, system, ...over };
}

const server = (over: Partial<Configuration> = {}, logLevel?: LogLevel) => {
  const { auth, ...rest } = configuration(over, logLevel);
  return new ConfidentialClientApplication({ ...rest, auth: { ...auth, clientSecret: "the-secret" } });
};
const own = (app: ConfidentialClientApplication, over: object = {}) =>
  app.acquireTokenByClientCredential({ scopes, correlationId, ...over }).catch(() => undefined);

const SENDING = "Verbose - Sending a token request";

describe("a log says", () => {
  it("that a token was asked for and why, what came, and that the next one comes from the cache", async () => {
    const app = server();
    await own(app);
    await own(app);
    await own(app, { skipCache: true });
    clock.advance(3400);
    await own(app);
    const received = "Verbose - Received an access token for 3600 seconds, no refresh token, an ID token.";
    expect(lines).toEqual([
      "Verbose - the cache has no token that fits",
      `${SENDING} (client_credentials): the cache has no token that fits.`,
      received,
      "Info - A token has been acquired (client_credentials).",
      "Verbose - The token comes from the cache.",
      `${SENDING} (client_credentials): the caller asks for a new token.`,
      received,
      "Info - A token has been acquired (client_credentials).",
      "Verbose - the token in the cache has expired or is about to",
      `${SENDING} (client_credentials): the token in the cache has expired or is about to.`,
      received,
      "Info - A token has been renewed (client_credentials).",
    ]);
  });

  it("that a token is renewed in the background, and what became of it", async () => {
    respond = () => ({ body: tokens({ refresh_in: 600 }) });
    const app = server();
    await own(app);
    clock.advance(700);
    lines = [];
    respond = () => ({ status: 400, body: { error: "invalid_client", error_codes: [7000222] } });
    await own(app);
    await new Promise(setImmediate);
    expect(lines).toEqual(
      expect.arrayContaining([
        "Verbose - Renewing the token in the background: it is due.",
        `${SENDING} (client_credentials): the token in the cache is due for renewal.`,
        "Warning - Renewing the token failed, the cached one stays in use: invalid_client (7000222), HTTP 400",
      ]),
    );
  });

  it.each<[string, Respond, string]>([
    [
      "a refusal, with code, number and status",
      () => ({ status: 401, body: { error: "invalid_client", error_codes: [7000215] } }),
      "invalid_client (7000215), HTTP 401",
    ],
    ["a connection that broke", () => undefined, "network_error"],
    ["an answer that is none", () => ({ body: "<html>" }), "invalid_token_response"],
    [
      "a code that is no code",
      () => ({ status: 400, body: { error: "alice@contoso.example is locked" } }),
      "ServerError, HTTP 400",
    ],
  ])("%s, at the level Warning", async (_, answer, name) => {
    respond = answer;
    await own(server({}, LogLevel.Warning));
    expect(lines).toEqual([`Warning - acquireTokenByClientCredential failed: ${name}`]);
  });

  it("that a discovery failed", async () => {
    respond = () => ({ status: 404, body: {} });
    const auth = { clientId: "the-client", clientSecret: "s", oidcAuthority: "https://idp.example" };
    const app = new ConfidentialClientApplication({ ...configuration(), auth });
    await own(app);
    expect(lines).toContain("Warning - acquireTokenByClientCredential failed: endpoints_resolution_error");
  });

  it("which part of a plugin or of a store fails, and nothing of what its error says", async () => {
    const failure = Object.assign(new Error("redis://user:the-secret@host"), { code: "ECONNREFUSED" });
    const fail = async (): Promise<never> => {
      throw failure;
    };
    const plugin = { beforeCacheAccess: async () => undefined, afterCacheAccess: async () => undefined };
    const store = createMemoryTokenStore();
    const told = (text: string) => `Warning - cache.${text} failed: ECONNREFUSED`;
    for (const [cache, line] of [
      [{ cachePlugin: { ...plugin, beforeCacheAccess: fail } }, told("cachePlugin.beforeCacheAccess")],
      [{ cachePlugin: { ...plugin, afterCacheAccess: fail } }, told("cachePlugin.afterCacheAccess")],
      [{ store: { ...store, load: fail } }, told("store.load")],
      [{ store: { ...store, update: fail } }, told("store.update")],
    ] as const) {
      lines = [];
      await own(server({ cache: cache }));
      expect(lines).toContain(line);
      expect(lines.join()).not.toContain("redis");
    }
  });

  it("why the user of the one call has to sign in, and how", async () => {
    const app = new PublicClientApplication(configuration());
    const openBrowser = async (): Promise<never> => {
      throw new Error("closed");
    };
    await expect(app.acquireToken({ scopes, correlationId, openBrowser })).rejects.toThrow("closed");
    expect(lines).toEqual([
      "Info - The user has to sign in (no account is known): through the browser.",
      "Verbose - The browser is opened; waiting for the response.",
      "Warning - acquireToken failed: Error",
    ]);
  });
});

describe("a call that sends nothing has a line that says why", () => {
  it("for a call that waits for an equal one: which call", async () => {
    const app = server();
    const other = "40000000-0000-4000-8000-000000000002";
    await Promise.all([own(app), own(app, { correlationId: other })]);
    expect(lines).toContain(
      `${other}: Verbose - Waiting for the outcome of an equal call, ${correlationId}.`,
    );
    expect(lines.filter((line) => line.includes("Waiting"))).toHaveLength(1);
  });

  it("for a throttled call: how long the server wants no request", async () => {
    respond = () => ({ status: 429, body: {} });
    const app = server();
    await own(app);
    clock.advance(12);
    lines = [];
    await own(app);
    expect(lines).toEqual([
      "Verbose - the cache has no token that fits",
      "Verbose - Nothing is sent for 48 more seconds: an equal call has failed.",
      "Warning - acquireTokenByClientCredential failed: server_error, HTTP 429",
    ]);
  });

  const account = {
    homeAccountId: "o.t",
    environment: "x",
    tenantId: "t",
    username: "",
    localAccountId: "o",
  };
  const wrong = { correlationId, scopes: "api/.default" as never };
  const confidential: readonly [string, (app: ConfidentialClientApplication) => Promise<unknown>][] = [
    ["acquireToken", (app) => app.acquireToken({ correlationId, scopes, account, oboAssertion: "a" })],
    ["acquireTokenByClientCredential", (app) => app.acquireTokenByClientCredential(wrong)],
    ["acquireTokenOnBehalfOf", (app) => app.acquireTokenOnBehalfOf({ ...wrong, oboAssertion: "a" })],
    [
      "acquireTokenByUserFederatedIdentityCredential",
      (app) => app.acquireTokenByUserFederatedIdentityCredential({ ...wrong, username: "u", assertion: "a" }),
    ],
  ];
  const both: readonly [string, (app: PublicClientApplication) => Promise<unknown>][] = [
    ["getAuthCodeUrl", (app) => app.getAuthCodeUrl({ ...wrong, redirectUri })],
    ["initiateAuthCodeFlow", (app) => app.initiateAuthCodeFlow({ ...wrong, redirectUri })],
    ["acquireTokenByCode", (app) => app.acquireTokenByCode({ ...wrong, redirectUri, code: "c" })],
    [
      "acquireTokenByAuthCodeFlow",
      (app) => app.acquireTokenByAuthCodeFlow({} as never, {}, { correlationId }),
    ],
    [
      "acquireTokenByUsernamePassword",
      (app) => app.acquireTokenByUsernamePassword({ ...wrong, username: "u", password: "p" }),
    ],
    ["acquireTokenByRefreshToken", (app) => app.acquireTokenByRefreshToken({ ...wrong, refreshToken: "r" })],
    ["acquireTokenSilent", (app) => app.acquireTokenSilent({ ...wrong, account })],
    ["buildEndSessionUrl", (app) => app.buildEndSessionUrl({ correlationId, authority: "http://x" })],
    ["acquireToken", (app) => app.acquireToken(wrong)],
    ["acquireTokenInteractive", (app) => app.acquireTokenInteractive(wrong)],
    [
      "acquireTokenByDeviceCode",
      (app) => app.acquireTokenByDeviceCode({ ...wrong, deviceCodeCallback: Boolean }),
    ],
  ];
  const refused = (method: string) => [
    expect.stringMatching(new RegExp(`^(: )?Warning - ${method} failed: \\w+$`)),
  ];
  it.each(confidential)("for a refused request: %s of a confidential client", async (method, call) => {
    await expect(call(server())).rejects.toThrow();
    expect(lines).toEqual(refused(method));
  });
  it.each(both)("for a refused request: %s of a public client", async (method, call) => {
    await expect(call(new PublicClientApplication(configuration()))).rejects.toThrow();
    expect(lines).toEqual(refused(method));
  });

  it("for an authority that is not known", async () => {
    await own(server(), { authority: "https://login.unknown.example/t" });
    expect(lines.at(-1)).toBe("Warning - acquireTokenByClientCredential failed: endpoints_resolution_error");
  });

  it("once for a method that calls another one, and names the outcome for every waiting call", async () => {
    respond = () => ({ status: 400, body: { error: "invalid_client" } });
    const app = server();
    const again = { correlationId: "40000000-0000-4000-8000-000000000002" };
    await Promise.allSettled([app.acquireToken({ scopes, correlationId }), own(app, again)]);
    expect(lines.filter((line) => line.includes("failed")).sort()).toEqual([
      `${again.correlationId}: Warning - acquireTokenByClientCredential failed: invalid_client, HTTP 400`,
      "Warning - acquireTokenByClientCredential failed: invalid_client, HTTP 400",
    ]);
  });
});

describe("a user who has to sign in is told why", () => {
  it.each<[string, object, RegExp]>([
    [
      "there was no refresh token",
      {},
      /^The access token in the cache has expired .* no refresh token .*prompt: "consent"/,
    ],
    [
      "nothing is known of the account",
      { home: "nobody.there" },
      /^There is no token in the cache for this account/,
    ],
  ])("%s", async (_, { home }: { home?: string }, says) => {
    const app = new PublicClientApplication(configuration());
    const { account } = await app.acquireTokenByCode({ scopes, redirectUri, code: "c", correlationId });
    clock.advance(3600);
    const asked = { ...account, ...(home ? { homeAccountId: home } : {}) } as never;
    const call = app.acquireTokenSilent({ scopes, account: asked, correlationId });
    await expect(call).rejects.toMatchObject({
      errorCode: "no_tokens_found",
      errorMessage: expect.stringMatching(says),
    });
    expect(lines).toContain("Warning - acquireTokenSilent failed: no_tokens_found");
  });
});
