// proves: core/src/printable.ts, core/src/http/header-value.ts, core/src/errors/errors.ts, core/src/logger.ts,
// core/src/flows/refresh-token.ts, core/src/request/token-request.ts, node/src/broker/broker-answers.ts
// Text from outside reaches logs, terminals, errors and headers without control characters.
import { describe, expect, it } from "@jest/globals";
import {
  AuthError,
  ConfidentialClientApplication,
  LogLevel,
  PublicClientApplication,
  ServerError,
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
  tessera,
  tokens,
  type Answer,
} from "../support/cache-stage.js";
import { fakeBroker } from "../support/fake-broker.js";
import { recordedNetwork } from "../support/recorded-network.js";
import { authority, device, failure, oidcApp, showDeviceCode } from "../support/shown-device-code.js";

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
const appAsk = { scopes: ["https://graph.microsoft.com/.default"] };

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
    const code = { code: "code", scopes, redirectUri, codeVerifier: "verifier" };
    const uses = {
      authorization_endpoint: (app) => app.getAuthCodeUrl({ scopes, redirectUri }),
      token_endpoint: (app) => app.acquireTokenByCode(code),
      end_session_endpoint: (app) => app.buildEndSessionUrl({}),
      jwks_uri: (app) => app.acquireTokenByCode(code),
    } satisfies Readonly<Record<string, (app: PublicClientApplication) => Promise<unknown>>>;
    for (const [member, use] of Object.entries(uses)) {
      const error = await failure(use(oidcApp({ [member]: url })));
      expect(error).toMatchObject({ errorCode: "url_parse_error" });
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
