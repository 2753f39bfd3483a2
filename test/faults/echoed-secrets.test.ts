// A server that repeats what it was sent: the secret is cut from the error, in whichever form and place.
// proves: core/src/http/hide-secrets.ts, core/src/http/without-echo.ts
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { LogLevel, type ConfidentialClientApplication } from "@tessera/node";
import { hideSecretsOf } from "../../packages/core/src/http/hide-secrets.js";
import {
  startFakeProvider,
  type Answer,
  type Endpoint,
  type FakeProvider,
} from "../support/fake-provider.js";

const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });

it.each<[string, Parameters<typeof hideSecretsOf>[0], string]>([
  ["in a form", { headers: {}, body: "client_secret=a%20secret%2Fof-1" }, "a secret/of-1"],
  [
    "in a form, as it was encoded",
    { headers: {}, body: "client_secret=a%20secret%2Fof-1" },
    "a%20secret%2Fof-1",
  ],
  ["with HTTP Basic", { headers: basic("app:the-secret-0123") }, "the-secret-0123"],
  ["with HTTP Basic, where it is form-encoded", { headers: basic("app:a+secret%2Fof-1") }, "a secret/of-1"],
  [
    "with HTTP Basic, as the whole header",
    { headers: basic("app:the-secret-0123") },
    basic("app:the-secret-0123").authorization,
  ],
  ["as a bearer token", { headers: { Authorization: "Bearer the-token-0123" } }, "the-token-0123"],
])("a secret that is sent %s is hidden", (_, request, secret) => {
  const shown = hideSecretsOf(request)(`the client sent ${secret} as its secret`);
  expect(shown).not.toContain(secret);
  expect(shown).toMatch(/^the client sent .*\(hidden\).* as its secret$/);
});

describe("an error that repeats the secret", () => {
  const secret = "Zq8vTx3mWb7Lp2Rk9Hs4";
  let provider: FakeProvider;
  let lines: string[];
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(() => provider.close());
  beforeEach(() => {
    provider.reset();
    lines = [];
  });

  const application = () => {
    const loggerCallback = (_: LogLevel, line: string): void => void lines.push(line);
    const loggerOptions = { logLevel: LogLevel.Trace, piiLoggingEnabled: true, loggerCallback };
    const clientMetadata = { token_endpoint_auth_method: "client_secret_post" } as const;
    return provider.confidential({
      auth: { clientSecret: secret, clientMetadata },
      system: { loggerOptions, retries: 0 },
    });
  };
  const endpoints: readonly (readonly [
    Endpoint,
    (app: ConfidentialClientApplication) => Promise<unknown>,
  ])[] = [
    ["token", (app) => app.acquireTokenByClientCredential({ scopes: ["api:read"] })],
    ["userinfo", (app) => app.userInfo({ accessToken: secret })],
    ["introspection", (app) => app.introspect({ token: "a-token" })],
    ["revocation", (app) => app.revoke({ token: "a-token" })],
    ["par", (app) => app.getAuthCodeUrl({ scopes: ["openid"], redirectUri: "http://localhost/r" })],
    [
      "backchannel",
      (app) => app.acquireTokenByBackchannelAuthentication({ scopes: ["openid"], loginHint: "ada" }),
    ],
  ];
  const named = { error: "invalid_request", error_description: "no" };
  const answers: readonly (readonly [string, Answer])[] = [
    ...[
      { error: secret },
      { error: `no ${secret}`, suberror: secret },
      { ...named, error_uri: `https://login.example/?code=${secret}` },
      { ...named, error_codes: [secret] },
      { ...named, trace_id: secret, correlation_id: secret, timestamp: secret },
      { error: "interaction_required", claims: secret, suberror: secret, trace_id: secret },
      { error: { code: secret, type: secret, message: `m ${secret}` } },
      { message: `m ${secret}` },
      { detail: secret, title: secret },
    ].flatMap((body) => [400, 200].map((status) => [JSON.stringify(body), { status, body }] as const)),
    ["a page", { status: 500, body: `<html>${secret}`, headers: { "content-type": `text/${secret}` } }],
    ["a page as an answer", { body: `<html>${secret}`, headers: { "content-type": `text/${secret}` } }],
    ["the name of the request", { status: 400, body: named, headers: { "x-request-id": secret } }],
    [
      "a challenge",
      {
        status: 401,
        body: "",
        headers: { "www-authenticate": `Bearer error="${secret}", error_description="${secret}"` },
      },
    ],
  ];
  const cells = endpoints.flatMap(([endpoint, ask]) =>
    answers.map(([what, answer]) => ({ endpoint, what, ask, answer })),
  );

  it.each(cells)("from $endpoint ($what) shows nothing of it", async ({ endpoint, ask, answer }) => {
    provider.answers.discovery = () => ({
      body: provider.metadata({
        userinfo_endpoint: `${provider.url}/userinfo`,
        introspection_endpoint: `${provider.url}/introspect`,
        revocation_endpoint: `${provider.url}/revoke`,
        pushed_authorization_request_endpoint: `${provider.url}/par`,
        backchannel_authentication_endpoint: `${provider.url}/backchannel`,
        require_pushed_authorization_requests: true,
      }),
    });
    provider.answers[endpoint] = () => answer;
    const outcome = await ask(application()).then(
      () => "a success, which quotes nothing",
      (error: unknown) => inspect(error, { depth: Infinity, showHidden: true }),
    );
    expect(outcome).not.toContain(secret);
    expect(lines.join("\n")).not.toContain(secret);
  });

  it.each(["client_secret_post", "client_secret_basic"] as const)(
    "(%s) a result does not include a request ID that repeats the secret",
    async (method) => {
      // With characters that a form and HTTP Basic encode.
      const clientSecret = `${secret}/+=`;
      const app = provider.confidential({
        auth: { clientSecret, clientMetadata: { token_endpoint_auth_method: method } },
      });
      for (const header of ["x-request-id", "x-ms-request-id"]) {
        provider.answers.token = () => ({
          headers: { [header]: clientSecret },
          body: provider.tokens({ id_token: undefined }),
        });
        const result = await app.acquireTokenByClientCredential({ scopes: ["api:read"], skipCache: true });
        expect(JSON.stringify(result)).not.toContain(secret);
      }
    },
  );
});
