// proves: core/src/printable.ts, core/src/http/header-value.ts, core/src/http/secure-url.ts,
// core/src/errors/errors.ts, core/src/logger.ts, core/src/flows/device-code.ts,
// core/src/flows/refresh-token.ts, core/src/clock.ts, core/src/request/token-request.ts,
// node/src/broker/broker-answers.ts, node/src/interactive/open-browser.ts
// Text from outside reaches logs, terminals, errors and headers without control characters; only https URLs reach a
// browser or a user; and no number from outside makes a poll storm.
import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import {
  AuthError,
  ConfidentialClientApplication,
  LogLevel,
  PublicClientApplication,
  ServerError,
  type DeviceCodeResponse,
  type INetworkModule,
} from "@tessera/node";
import * as peer from "@azure/msal-node";
import {
  account,
  clientId,
  clientSecret,
  msal,
  Network,
  redirectUri,
  scopes,
  signIn,
  tenant,
  tessera,
  tokens,
  type Answer,
} from "../support/cache-stage.js";
import { fakeBroker } from "../support/fake-broker.js";
import { recordedNetwork } from "../support/recorded-network.js";
import { openSystemBrowser } from "../../packages/node/src/interactive/open-browser.js";

/** Characters that terminals, log viewers and headers act on, by what they do. */
const controls: Readonly<Record<string, string>> = {
  "begin a line": "\r\n",
  "end a line": "\n",
  "return to the start of the line": "\r",
  "clear the screen": "\u001b[2J",
  "clear the screen, in eight bits": "\u009b2J",
  delete: "\u007f",
  "end a text": "\u0000",
  "go back": "\b",
  "separate lines": "\u2028",
  "separate paragraphs": "\u2029",
  "begin the next line": "\u0085",
  "reverse the direction": "\u202e",
  "isolate a direction": "\u2066",
  "mark a direction": "\u200f",
};
const cases = Object.entries(controls);
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;
const forged = (control: string) => `before${control}[forged] : after`;

/** Every text in an error that a terminal, a log or a report may show. */
function textsOf(error: unknown): readonly string[] {
  if (!(error instanceof AuthError)) throw error;
  const { claims: _, ...fields } = { ...error } as Record<string, unknown>;
  const stack = (error.stack ?? "").replaceAll("\n", "");
  return [error.message, stack, ...Object.values(fields).filter((value) => typeof value === "string")];
}
const failure = (call: Promise<unknown>) =>
  call.then(
    () => new Error("no failure"),
    (error: unknown) => error,
  );
const appAsk = { scopes: ["https://graph.microsoft.com/.default"] };
const authority = `https://login.microsoftonline.com/${tenant}`;

describe.each(cases)("characters that %s", (_, control) => {
  const text = forged(control);

  it.each<[string, Answer]>([
    ["error", { error: text }],
    ["error_description", { error: "invalid_grant", error_description: text }],
    ["suberror", { error: "invalid_grant", suberror: text }],
    ["timestamp", { error: "invalid_grant", timestamp: text }],
    ["trace_id", { error: "interaction_required", trace_id: text, timestamp: text }],
    ["correlation_id", { error: "invalid_grant", correlation_id: text }],
    ["error_codes", { error: "invalid_grant", error_codes: [text] }],
    ["token_type", tokens({ token_type: text })],
    ["expires_in", tokens({ expires_in: text })],
  ])("do not reach errors or logs from %s of an answer", async (_field, answer) => {
    const lines: string[] = [];
    const loggerOptions = {
      loggerCallback: (_level: LogLevel, line: string) => void lines.push(line),
      logLevel: LogLevel.Trace,
      piiLoggingEnabled: true,
    };
    const app = tessera(new Network(() => answer), { system: { loggerOptions } });
    const error = await failure(app.acquireTokenByClientCredential(appAsk));
    app.getLogger().error(text, text);
    for (const shown of [...textsOf(error), ...lines]) expect(shown).not.toMatch(UNPRINTABLE);
    expect(lines.length).toBeGreaterThan(2);
  });

  it("do not reach errors from an authorization response", async () => {
    const app = tessera(new Network());
    const code = { code: "code", scopes, redirectUri };
    const response = { error: text, error_description: text, suberror: text, code: "" };
    for (const shown of textsOf(await failure(app.acquireTokenByCode(code, response))))
      expect(shown).not.toMatch(UNPRINTABLE);
  });

  it("do not reach errors, logs, results or an HTTP client from the caller's correlation id", async () => {
    const lines: string[] = [];
    const loggerOptions = {
      loggerCallback: (_level: LogLevel, line: string) => void lines.push(line),
      logLevel: LogLevel.Trace,
    };
    const told: unknown[] = [];
    const networkClient: INetworkModule = {
      sendGetRequestAsync: async () => {
        throw new Error("not asked");
      },
      sendPostRequestAsync: async <T>(_url: string, options?: { correlationId?: string }) => {
        told.push(options?.correlationId);
        const body = told.length === 1 ? { access_token: "at", expires_in: 60 } : { error: "invalid_client" };
        return { status: told.length === 1 ? 200 : 401, headers: {}, body: body as T };
      },
    };
    const auth = { clientId, clientSecret, authority };
    const app = new ConfidentialClientApplication({ auth, system: { networkClient, loggerOptions } });
    const ask = { ...appAsk, correlationId: text, skipCache: true };
    const { correlationId } = await app.acquireTokenByClientCredential(ask);
    const error = await failure(app.acquireTokenByClientCredential(ask));
    const shown = [correlationId, ...textsOf(error), ...lines, ...told.map(String)];
    for (const one of shown) expect(one).not.toMatch(UNPRINTABLE);
    expect(correlationId).toContain("forged");
    expect(lines.length).toBeGreaterThan(1);
  });

  it("do not reach a header from ccsCredential or a home account id", async () => {
    const network = recordedNetwork(() => ({ body: tokens() }));
    const app = new ConfidentialClientApplication({
      auth: { clientId, clientSecret, authority },
      system: { networkClient: network },
    });
    for (const type of ["UPN", "home_account_id"] as const) {
      const ccsCredential = { credential: `${text}.utid`, type };
      await app.acquireTokenByCode({ code: "code", scopes, redirectUri, ccsCredential });
      await app.acquireTokenByRefreshToken({ refreshToken: "rt", scopes, ccsCredential, forceCache: true });
    }
    const headers = network.requests.flatMap((request) => Object.values(request.headers));
    for (const value of headers) expect(value).toMatch(/^[\x20-\x7e]*$/);
    expect(headers.filter((value) => value.startsWith("UPN: before"))).toHaveLength(2);
  });

  it("do not reach a header from an access token: the answer is refused", async () => {
    const app = tessera(new Network(() => ({ access_token: `at${control}`, expires_in: 60 })));
    const error = await failure(app.acquireTokenByClientCredential(appAsk));
    expect(error).toMatchObject({ errorCode: "invalid_token_response" });
  });

  it("do not reach a terminal from a device code answer", async () => {
    const shown = await showDeviceCode({ user_code: text, message: text });
    for (const one of [shown?.userCode, shown?.message]) expect(one).not.toMatch(UNPRINTABLE);
    expect(shown?.message).toContain("forged");
  });

  it("do not reach a user or a browser in a URL: the answer or document is refused", async () => {
    const url = `https://idp.example/a${control}b`;
    for (const member of ["verification_uri", "verification_uri_complete"])
      await expect(showDeviceCode({ [member]: url })).rejects.toMatchObject({ errorCode: "url_parse_error" });
    for (const member of ["authorization_endpoint", "token_endpoint", "end_session_endpoint", "jwks_uri"]) {
      const error = await failure(oidcApp({ [member]: url }).getAuthCodeUrl({ scopes, redirectUri }));
      expect(error).toMatchObject({ errorCode: "endpoints_resolution_error" });
      for (const one of textsOf(error)) expect(one).not.toMatch(UNPRINTABLE);
    }
  });

  it("do not reach errors from a broker", async () => {
    const said = Object.assign(new Error(text), {
      errorCode: "broken",
      errorMessage: text,
      subError: text,
      traceId: text,
    });
    const acquireTokenSilent = async () => {
      throw said;
    };
    const app = new PublicClientApplication({
      auth: { clientId, authority },
      broker: { nativeBrokerPlugin: fakeBroker(true, { acquireTokenSilent }).plugin },
    });
    const error = await failure(app.acquireTokenSilent({ scopes, account }));
    for (const one of textsOf(error)) expect(one).not.toMatch(UNPRINTABLE);
  });

  it("do not reach errors from an HTTP client", async () => {
    const broken = async () => {
      throw new Error(text);
    };
    const system = { networkClient: { sendGetRequestAsync: broken, sendPostRequestAsync: broken } };
    const app = new ConfidentialClientApplication({ auth: { clientId, clientSecret, authority }, system });
    const error = await failure(app.acquireTokenByClientCredential(appAsk));
    for (const one of textsOf(error)) expect(one).not.toMatch(UNPRINTABLE);
    expect((error as Error & { cause: Error }).cause.message).not.toMatch(UNPRINTABLE);
  });
});

describe("what servers write for people stays readable", () => {
  it("line ends become spaces", async () => {
    const description = "AADSTS70008: The code has expired.\r\nTrace ID: 1\r\nCorrelation ID: 2";
    const error = new ServerError("invalid_grant", "", description);
    expect(error.errorMessage).toBe("AADSTS70008: The code has expired. Trace ID: 1 Correlation ID: 2");
  });
  it("other letters and emoji stay, and control characters are shown by their number", () => {
    expect(new ServerError("e", "", "Grüße, 世界 👋 \u001b[31m").errorMessage).toBe(
      "Grüße, 世界 👋 \\u{1b}[31m",
    );
  });
  it("a claims challenge goes back as it came", async () => {
    const claims = '{"access_token":\n{"nbf":{"essential":true}}}';
    const app = tessera(new Network(() => ({ error: "interaction_required", claims })));
    expect(await failure(signIn(app))).toMatchObject({ claims });
  });
});

describe("the peer prints and sends what came", () => {
  it("in errors, headers and to the user", async () => {
    const answers: Answer[] = [{ error: "invalid_grant", error_description: forged("\r\n") }, tokens()];
    const sent: string[] = [];
    const network = new Network(() => answers.shift() ?? {});
    const post = network.sendPostRequestAsync.bind(network);
    network.sendPostRequestAsync = (url, options?: { body?: string; headers?: Record<string, string> }) => {
      sent.push(options?.headers?.["X-AnchorMailbox"] ?? "");
      return post(url, options);
    };
    const app = msal(network);
    expect(await failure(signIn(app))).toMatchObject({ message: expect.stringMatching(/before\r\n/) });
    const ccsCredential = { credential: forged("\r\n"), type: "UPN" } as const;
    await app.acquireTokenByCode({ code: "code", scopes, redirectUri, ccsCredential });
    expect(sent[1]).toContain("before\r\n");
    const answer = { ...device, verification_uri: "javascript:alert(1)" };
    const asked = new Network((_, url) =>
      url.includes("/devicecode") ? answer : { error: "access_denied" },
    );
    const desktop = new peer.PublicClientApplication({
      auth: { clientId, authority },
      system: { networkClient: asked },
    });
    let shown: { readonly verificationUri: string } | undefined;
    const deviceCodeCallback = (response: { readonly verificationUri: string }) => void (shown = response);
    await failure(desktop.acquireTokenByDeviceCode({ scopes, deviceCodeCallback }));
    expect(shown?.verificationUri).toBe("javascript:alert(1)");
  });
});

const schemes = [
  "javascript:alert(1)",
  "data:text/html,x",
  "file:///etc/passwd",
  "vbscript:x",
  "ms-settings:",
  "http://idp.example/",
  "//idp.example",
  "idp.example/device",
  "http://localhost:1/device",
];

describe.each(schemes)("the URL %s", (url) => {
  it("reaches no user as verification_uri", async () => {
    for (const member of ["verification_uri", "verification_url", "verification_uri_complete"]) {
      const answer =
        member === "verification_url" ? { verification_uri: undefined, [member]: url } : { [member]: url };
      const error = await failure(showDeviceCode(answer));
      expect(["authority_uri_insecure", "url_parse_error"]).toContain((error as AuthError).errorCode);
      expect((error as AuthError).errorMessage).toContain("verification_uri");
    }
  });

  it("reaches no browser as authorization or end-session endpoint, from a document or the configuration", async () => {
    for (const member of ["authorization_endpoint", "end_session_endpoint"]) {
      const app = oidcApp({ [member]: url });
      await expect(app.getAuthCodeUrl({ scopes, redirectUri })).rejects.toBeInstanceOf(AuthError);
      await expect(app.buildEndSessionUrl()).rejects.toBeInstanceOf(AuthError);
      const authorityMetadata = JSON.stringify({ ...metadata, [member]: url });
      const configured = { auth: { clientId, oidcAuthority: host, authorityMetadata } };
      expect(() => new PublicClientApplication(configured)).toThrow(AuthError);
    }
  });
});

it.each(["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "blob:https://x/1"])(
  "%s is not a place to return to",
  async (url) => {
    const app = oidcApp({});
    await expect(app.getAuthCodeUrl({ scopes, redirectUri: url })).rejects.toMatchObject({
      errorCode: "url_parse_error",
    });
    const signOut = app.buildEndSessionUrl({ postLogoutRedirectUri: url });
    await expect(signOut).rejects.toMatchObject({ errorCode: "url_parse_error" });
  },
);

it.each(["javascript:alert(1)", "file:///etc/passwd", "calc.exe", "http://idp.example/"])(
  "the system's launcher is never given %s",
  async (url) => {
    await expect(openSystemBrowser(url)).rejects.toMatchObject({
      errorCode: expect.stringMatching(/authority_uri_insecure|url_parse_error/),
    });
  },
);

describe("polling for a device code", () => {
  it.each([
    ["interval", "1e999", 86_400, 300],
    ["interval", "-1e999", 10, 1],
    ["interval", "-5", 10, 1],
    ["interval", "0", 20, 5],
    ["interval", "0.001", 10, 1],
    ["interval", '"NaN"', 20, 5],
    ["interval", '"1e999"', 86_400, 300],
    ["interval", "{}", 20, 5],
    ["interval", "[1]", 20, 5],
    ["interval", "null", 20, 5],
    ["interval", "true", 20, 5],
    ["interval", "3e9", 86_400, 300],
    ["expires_in", "1e999", 86_400, 5],
    ["expires_in", '"1e999"', 86_400, 5],
    ["expires_in", "3e9", 86_400, 5],
  ])(
    "with %s %s lasts %d s at most, with a request every %d s",
    async (field, value, expiresIn, interval) => {
      const waits: number[] = [];
      let polls = 0;
      const answer = { ...device, interval: 5, expires_in: expiresIn, [field]: "@" };
      const text = JSON.stringify(answer).replace('"@"', value);
      const shown = await showDeviceCode({}, { text, waits, onPoll: () => void (polls += 1) });
      expect(shown).toMatchObject({ expiresIn, interval });
      expect(Math.min(...waits.slice(0, -1))).toBe(Math.min(interval, expiresIn));
      expect(polls).toBeLessThanOrEqual(expiresIn / interval + 1);
      expect(polls).toBeGreaterThan(0);
    },
  );

  it.each(["0", "-1", "-1e999", '"soon"', "{}", "null", "true", "[900]"])(
    "does not begin with expires_in %s",
    async (value) => {
      const text = JSON.stringify({ ...device, expires_in: "@" }).replace('"@"', value);
      const error = await failure(showDeviceCode({}, { text }));
      expect(error).toMatchObject({ errorCode: "device_code_unknown_error" });
    },
  );
});

describe("lifetimes and pauses from outside are bounded:", () => {
  it.each(["expires_in", "ext_expires_in", "refresh_in", "refresh_token_expires_in"])(
    "%s of a token response",
    async (field) => {
      for (const value of ["1e999", "-1e999", "-1", "3.2e12", '"1e999"', "{}", "[1]", "true"]) {
        const text = JSON.stringify({ ...tokens(), [field]: "@" }).replace('"@"', value);
        const error = await failure(signIn(tessera(new Network(() => text))));
        expect(error).toMatchObject({ errorCode: "invalid_token_response" });
      }
    },
  );

  it.each(["9".repeat(400), "1e999", "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "Retry-After: %s is an hour at most",
    async (header) => {
      let time = Date.now();
      let sent = 0;
      const networkClient: INetworkModule = {
        sendGetRequestAsync: async () => Promise.reject(new Error("not asked")),
        sendPostRequestAsync: async <T>() => {
          sent += 1;
          return { status: 429, headers: { "retry-after": header }, body: { error: "busy" } as T };
        },
      };
      const system = { networkClient, clock: { now: () => time } };
      const app = new ConfidentialClientApplication({ auth: { clientId, clientSecret, authority }, system });
      await failure(app.acquireTokenByClientCredential(appAsk));
      time += 3_600_001;
      await failure(app.acquireTokenByClientCredential(appAsk));
      expect(sent).toBe(2);
    },
  );
});

const host = "https://idp.example";
const metadata = {
  issuer: host,
  authorization_endpoint: `${host}/authorize`,
  token_endpoint: `${host}/token`,
  jwks_uri: `${host}/keys`,
  end_session_endpoint: `${host}/logout`,
};
const device = {
  ...{ user_code: "CODE", device_code: "device", verification_uri: `${host}/device`, message: "Go there" },
  ...{ expires_in: 10, interval: 5 },
};

function oidcApp(over: object): PublicClientApplication {
  const networkClient = recordedNetwork(() => ({ body: { ...metadata, ...over } }));
  return new PublicClientApplication({ auth: { clientId, oidcAuthority: host }, system: { networkClient } });
}

interface Watch {
  /** JSON text of the answer, in place of the fields. */
  readonly text?: string;
  /** Seconds the library waited. */
  readonly waits?: number[];
  readonly onPoll?: () => void;
}

/** What a user is shown for a device code answer; the user never signs in. */
async function showDeviceCode(
  over: object,
  { text = JSON.stringify({ ...device, ...over }), waits = [], onPoll = () => undefined }: Watch = {},
): Promise<DeviceCodeResponse | undefined> {
  let time = Date.now();
  const sleep = async (milliseconds: number) => {
    waits.push(milliseconds / 1000);
    // What a timer makes of it.
    time += milliseconds > 0 && milliseconds < 2 ** 31 ? milliseconds : 1;
    if (waits.length > 30_000) throw new Error("a poll storm");
  };
  const networkClient: INetworkModule = {
    sendGetRequestAsync: async () => Promise.reject(new Error("not asked")),
    sendPostRequestAsync: async <T>(url: string) => {
      if (url.includes("/devicecode")) return { status: 200, headers: {}, body: text as T };
      onPoll();
      return { status: 400, headers: {}, body: { error: "authorization_pending" } as T };
    },
  };
  let shown: DeviceCodeResponse | undefined;
  const app = new PublicClientApplication({
    auth: { clientId, authority },
    system: { networkClient, clock: { now: () => time, sleep } },
  });
  const request = { scopes, deviceCodeCallback: (response: DeviceCodeResponse) => void (shown = response) };
  const error = await failure(app.acquireTokenByDeviceCode(request));
  if (!shown) throw error;
  expect(inspect(error)).toMatch(/device_code_expired/);
  return shown;
}
