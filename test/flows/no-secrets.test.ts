// Secrets, tokens, codes and verifiers never get into a log line or an error, however much is logged: DESIGN §7.
// proves: core/src/http/hide-secrets.ts, core/src/logger.ts
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  LogLevel,
  type AuthenticationResult,
  type ClientApplication,
  type INetworkModule,
  type LoggerOptions,
  type NodeAuthOptions,
} from "@tessera/node";
import { makeCertificate } from "../support/certificates.js";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import {
  clientSecret,
  clientId,
  redeem,
  secrets,
  startFakeProvider,
  type FakeProvider,
} from "../support/fake-provider.js";
import { recordedNetwork } from "../support/recorded-network.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

let lines: string[];
let errors: unknown[];
let loggerOptions: LoggerOptions;
beforeEach(() => {
  lines = [];
  errors = [];
  loggerOptions = {
    logLevel: LogLevel.Trace,
    piiLoggingEnabled: true,
    loggerCallback: (_, line) => lines.push(line),
  };
});

/** A call that has to fail; its error is kept. */
async function failing(call: Promise<unknown>): Promise<void> {
  errors.push(
    await call.then(
      () => Promise.reject(new Error("the call did not fail")),
      (error: unknown) => error,
    ),
  );
}

/** No secret, as it is or in any form it is sent in, stands in what was logged and thrown. */
function expectNone(known: readonly string[]): void {
  expect(known.length).toBeGreaterThan(5);
  const all = [
    ...lines,
    ...errors.map((error) => inspect(error, { depth: Infinity, showHidden: true })),
  ].join("\n");
  const forms = known.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    ...secret.split(".").slice(2),
  ]);
  expect(forms.filter((form) => form.length > 2 && all.includes(form))).toEqual([]);
}

/** Every token in the cache of an application. */
function tokensOf(app: ClientApplication): readonly string[] {
  const sections = Object.values<Record<string, { secret?: string }>>(
    JSON.parse(app.getTokenCache().serialize()),
  );
  return sections.flatMap((section) => Object.values(section).flatMap(({ secret }) => secret ?? []));
}

describe("at Entra", () => {
  const scopes = ["https://graph.microsoft.com/User.Read"];
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterAll(() => entra.close());

  /** Every secret that went over the wire. */
  const sent = (): readonly string[] => {
    const names = [
      "client_secret",
      "code",
      "code_verifier",
      "refresh_token",
      "client_assertion",
      "passwd",
      "password",
    ];
    return entra.authority.requests.flatMap(({ form }) =>
      names.flatMap((name) => [form[name] ?? []].flat()).filter((value) => value !== ""),
    );
  };

  it("a sign-in, hits, refreshes and all their failures leave no secret behind", async () => {
    const system = { loggerOptions, retries: 0 };
    const app = entra.confidential({ system });
    const result: AuthenticationResult = await signInWithCode(entra, app, scopes);
    const account = accountOf(result);
    const collected = [...tokensOf(app)];
    await app.acquireTokenSilent({ scopes, account });
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
    await app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
    collected.push(...tokensOf(app));

    const [used] = entra.authority.requests.flatMap(({ form }) => form["code"] ?? []);
    const redirectUri = "http://localhost:3000/redirect";
    await failing(
      app.acquireTokenByCode({ scopes, redirectUri, code: String(used), codeVerifier: "the-wrong-verifier" }),
    );
    const secret = "a-wrong-secret-0123456789";
    const wrong = entra.confidential({ auth: { clientSecret: secret }, system });
    await failing(wrong.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] }));
    const refresh = () => failing(app.acquireTokenSilent({ scopes, account, forceRefresh: true }));
    entra.authority.fault({ match: "token", reset: true });
    await refresh();
    entra.authority.fault({ match: "token", status: 200, body: JSON.stringify({ token: collected }) });
    await refresh();
    // Past the pause in which an equal call gets the last error again: the server is to answer this one.
    entra.clock.advance(60);
    entra.authority.fault({ match: "token", status: 429, headers: { "retry-after": "5" }, body: "<html>" });
    await refresh();
    await refresh();
    entra.clock.advance(3600);
    entra.authority.revokeSignInSessions("alice@contoso.example");
    await refresh();

    expect(lines.length).toBeGreaterThan(10);
    expect(lines.join()).toContain("/token");
    expect(errors).toHaveLength(7);
    expectNone([...new Set([...collected, ...sent(), secret])]);
  });
});

describe("at an OpenID Provider", () => {
  let provider: FakeProvider;
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(() => provider.close());
  beforeEach(() => provider.reset());

  /** Past the pause in which an equal call gets the last error again: the server is to answer each call. */
  const redeemLater = (app: ClientApplication) => {
    provider.clock.advance(60);
    return redeem(app);
  };

  it.each(["client_secret_basic", "client_secret_post"])(
    "with %s, refused tokens and good ones leave no secret behind",
    async (method) => {
      const auth = { clientMetadata: { token_endpoint_auth_method: method } };
      const app = provider.confidential({ auth, system: { loggerOptions } });
      const scopes = ["api:read"];
      for (const claims of [
        { aud: "another" },
        { iss: "x" },
        { exp: 1 },
        { nonce: "another" },
        { sub: undefined },
      ]) {
        provider.answers.token = () => ({ body: provider.tokens({}, { claims }) });
        await failing(redeemLater(app));
      }
      provider.answers.token = () => ({ body: provider.tokens({}, { header: { kid: "gone" } }) });
      await failing(redeemLater(app));
      provider.answers.token = () => ({ body: provider.tokens({ token_type: "mac" }) });
      await failing(redeemLater(app));
      provider.answers.token = () => ({ body: JSON.stringify(provider.tokens()).slice(0, -1) });
      await failing(redeemLater(app));
      provider.answers.token = () => ({ status: 401, body: { error: "invalid_client" } });
      await failing(redeemLater(app));
      provider.answers.token = () => ({ reset: true });
      await failing(redeemLater(app));
      provider.reset();
      const account = accountOf(await redeemLater(app));
      provider.answers.token = () => ({ status: 400, body: { error: "invalid_grant" } });
      await failing(app.acquireTokenSilent({ scopes, account, forceRefresh: true }));
      await failing(app.acquireTokenByRefreshToken({ scopes, refreshToken: "a-refresh-token-to-import" }));

      expect(lines.length).toBeGreaterThan(10);
      expect(errors).toHaveLength(12);
      const basic = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
      expectNone([...secrets, basic, "a-refresh-token-to-import", ...tokensOf(app)]);
    },
  );
});

describe("with a network client whose errors carry the request", () => {
  const secret = "the-secret-0123456789";
  const code = "the-code-0123456789";
  const scopes = ["User.Read"];

  /** As axios and got do: what was sent stands in the error, and in the one underneath. */
  class RequestError extends Error {
    override readonly name = "RequestError";
    readonly code = "ECONNRESET";
    constructor(
      message: string,
      readonly config: object,
    ) {
      super(message, { cause: Object.assign(new Error("socket hang up"), { request: config }) });
    }
  }

  function application(fail: (request: object) => unknown): ConfidentialClientApplication {
    const send = async (url: string, options?: object): Promise<never> => {
      throw fail({ url, data: options });
    };
    const networkClient: INetworkModule = { sendGetRequestAsync: send, sendPostRequestAsync: send };
    return new ConfidentialClientApplication({
      auth: {
        clientId,
        clientSecret: secret,
        authority: "https://login.microsoftonline.com/contoso.example",
      },
      system: { networkClient, loggerOptions },
    });
  }

  it.each<[string, (request: object) => unknown]>([
    ["an error", (request) => new RequestError("Request failed", request)],
    ["no error at all", (request) => ({ message: "Request failed", request })],
    ["errors in a circle", (request) => circle(new RequestError("Request failed", request))],
  ])("%s: the cause says what happened, and not what was sent", async (_, fail) => {
    const app = application(fail);
    await failing(app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] }));
    await failing(app.acquireTokenByCode({ scopes, redirectUri: "https://app.example/", code }));
    await failing(app.acquireTokenByRefreshToken({ scopes, refreshToken: "a-refresh-token-0123456789" }));
    await failing(app.acquireTokenOnBehalfOf({ scopes, oboAssertion: "an-assertion-0123456789" }));

    const message = "Request failed";
    expect(errors).toMatchObject(Array(4).fill({ errorCode: "network_error", cause: { message } }));
    expectNone([
      secret,
      code,
      "a-refresh-token-0123456789",
      "an-assertion-0123456789",
      "config",
      "client_secret",
    ]);
  });

  it("name, code, stack and the cause underneath stay", async () => {
    await failing(
      application((request) => new RequestError("Request failed", request)).acquireTokenByClientCredential({
        scopes: ["https://graph.microsoft.com/.default"],
      }),
    );
    const [error] = errors as [Error];
    expect(error.message).toContain("socket hang up");
    expect(error.cause).toMatchObject({
      name: "RequestError",
      code: "ECONNRESET",
      stack: expect.stringContaining("no-secrets.test"),
      cause: { message: "socket hang up" },
    });
  });

  function circle(error: Error): Error {
    error.cause = error;
    return error;
  }
});

describe("an application that is printed", () => {
  const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbi1hc3NlcnRpb24ifQ.c2lnbmF0dXJl";
  const { privateKeyPem: privateKey, certificatePem } = makeCertificate({ subject: "the-client" });
  const certificate = { privateKey, publicCertificate: certificatePem };
  it.each<[string, Partial<NodeAuthOptions>, readonly string[]]>([
    ["secret", { clientSecret: "the-secret-0123456789" }, ["the-secret-0123456789"]],
    ["assertion", { clientAssertion: jwt }, [jwt]],
    ["certificate", { clientCertificate: certificate }, [privateKey.split("\n")[1] ?? ""]],
  ])("does not show its %s, nor its tokens", async (_, credential, known) => {
    const answer = { token_type: "Bearer", access_token: "an-access-token", expires_in: 3600 };
    const networkClient = recordedNetwork(() => ({ body: answer }));
    const authority = "https://login.microsoftonline.com/contoso.example";
    const app = new ConfidentialClientApplication({
      auth: { clientId, authority, ...credential },
      system: { networkClient, loggerOptions },
    });
    await app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
    const whole = { depth: Infinity, showHidden: true, maxStringLength: Infinity };
    const shown = [inspect(app), inspect(app, whole), JSON.stringify(app), JSON.stringify({ ...app })].join();
    expect(shown).toContain(clientId);
    for (const secret of [...known, "an-access-token"]) expect(shown).not.toContain(secret);
  });
});
