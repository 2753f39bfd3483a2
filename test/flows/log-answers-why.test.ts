// A log answers "why": what was decided, a line each, with the reason, under the correlation id of the call.
// proves: core/src/errors/error-name.ts, core/src/request/miss.ts
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

const SENDING = "Info - Sending a token request";

describe("a log says", () => {
  it("that a token was asked for and why, what came, and that the next one comes from the cache", async () => {
    const app = server();
    await own(app);
    await own(app);
    await own(app, { skipCache: true });
    clock.advance(3400);
    await own(app);
    const received = "Info - Received an access token for 3600 seconds, no refresh token, an ID token.";
    expect(lines).toEqual([
      "Verbose - the cache has no token that fits",
      `${SENDING} (client_credentials): the cache has no token that fits.`,
      received,
      "Verbose - The token comes from the cache.",
      `${SENDING} (client_credentials): the caller asks for a new token.`,
      received,
      "Verbose - the token in the cache has expired or is about to",
      `${SENDING} (client_credentials): the token in the cache has expired or is about to.`,
      received,
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
        "Info - Renewing the token in the background: it is due.",
        `${SENDING} (client_credentials): the token in the cache is due for renewal.`,
        "Warning - client_credentials failed: invalid_client (7000222), HTTP 400",
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
    expect(lines).toEqual([`Warning - client_credentials failed: ${name}`]);
  });

  it("that a discovery failed", async () => {
    respond = () => ({ status: 404, body: {} });
    const auth = { clientId: "the-client", clientSecret: "s", oidcAuthority: "https://idp.example" };
    const app = new ConfidentialClientApplication({ ...configuration(), auth });
    await own(app);
    expect(lines).toContain("Warning - client_credentials failed: endpoints_resolution_error");
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
    expect(lines).toContain("Warning - silent failed: no_tokens_found");
  });
});
