// Whatever a server answers, a call ends with a result or with an error of the library: no parser throws anything else, hangs,
// or takes more than its input is worth.
// proves: core/src/http/answer-body.ts, core/src/response/token-response.ts, core/src/response/server-error.ts
import { afterAll, beforeAll, describe, it } from "@jest/globals";
import type fc from "fast-check";
import {
  ConfidentialClientApplication,
  ManagedIdentityApplication,
  PublicClientApplication,
  type INetworkModule,
} from "@tessera/node";
import { keys, jwk, sign } from "../support/fake-provider.js";
import { neverUntyped, spoiled, textLike } from "../support/fuzz.js";

const issuer = "https://issuer.example";
const clientId = "the-client";
const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/keys`,
  userinfo_endpoint: `${issuer}/userinfo`,
  introspection_endpoint: `${issuer}/introspect`,
  device_authorization_endpoint: `${issuer}/device`,
  pushed_authorization_request_endpoint: `${issuer}/par`,
  scopes_supported: ["openid", "offline_access"],
  token_endpoint_auth_methods_supported: ["client_secret_post"],
  mtls_endpoint_aliases: {},
};
const published = { keys: [jwk(keys.one, { kid: "one", alg: "RS256" })] };
const now = Math.floor(Date.now() / 1000);
const claims = { iss: issuer, sub: "s", aud: clientId, iat: now, exp: now + 3600, nonce: "n" };
const tokens = {
  access_token: "a",
  refresh_token: "r",
  id_token: sign(claims, { alg: "RS256", kid: "one" }),
  token_type: "Bearer",
  expires_in: 3600,
  ext_expires_in: 7200,
  refresh_in: 1800,
  scope: "openid api",
  client_info: "eyJ1aWQiOiJ1IiwidXRpZCI6InQifQ",
  authorization_details: [{ type: "t" }],
  issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
};
const failure = {
  error: "invalid_grant",
  error_description: "AADSTS50076: text",
  suberror: "basic_action",
  error_codes: [50076],
  error_uri: "https://login.example/error?code=50076",
  claims: "{}",
  timestamp: "t",
  trace_id: "t",
  message: "m",
};
const device = {
  device_code: "d",
  user_code: "u",
  verification_uri: "https://a.example",
  expires_in: 1,
  interval: 1,
};

interface Answers {
  readonly [path: string]: { readonly status?: number; readonly body: unknown };
}
const good: Answers = {
  "/.well-known/openid-configuration": { body: metadata },
  "/keys": { body: published },
  "/token": { body: tokens },
  "/userinfo": { body: { sub: "s" } },
  "/introspect": { body: { active: true } },
  "/device": { body: device },
  "/par": { status: 201, body: { request_uri: "urn:x", expires_in: 60 } },
};

function network(over: Answers, headers: Record<string, string> = {}): INetworkModule {
  const send = async (url: string) => {
    const { status = 200, body } = { ...good, ...over }[new URL(url).pathname] ?? { status: 404, body: {} };
    return { status, headers, body } as never;
  };
  return { sendGetRequestAsync: send, sendPostRequestAsync: send };
}

const clock = { now: () => Date.now(), sleep: async () => undefined };
const confidential = (
  over: Answers,
  headers?: Record<string, string>,
  auth: object = { oidcAuthority: issuer },
) =>
  new ConfidentialClientApplication({
    auth: { clientId, clientSecret: "a-secret-of-the-client", ...auth },
    system: { networkClient: network(over, headers), clock },
  });
const byCode = (app: ConfidentialClientApplication) =>
  app.acquireTokenByCode({ code: "c", scopes: ["api"], redirectUri: "https://app.example", nonce: "n" });
const appToken = (app: ConfidentialClientApplication) =>
  app.acquireTokenByClientCredential({ scopes: ["api"] });
const entra = { authority: "https://login.microsoftonline.com/20000000-0000-4000-8000-00000000c0de" };

describe("a fuzzed answer ends in no untyped error:", () => {
  it.each<[string, fc.Arbitrary<string>, (body: string) => Promise<unknown>]>([
    [
      "a discovery document",
      spoiled(metadata),
      (body) => appToken(confidential({ "/.well-known/openid-configuration": { body } })),
    ],
    ["a key set", spoiled(published), (body) => byCode(confidential({ "/keys": { body } }))],
    [
      "a key",
      spoiled(published.keys[0] as Record<string, unknown>),
      (body) => byCode(confidential({ "/keys": { body: `{"keys":[${body}]}` } })),
    ],
    ["a token response", spoiled(tokens), (body) => byCode(confidential({ "/token": { body } }))],
    [
      "a token response of Entra",
      spoiled(tokens),
      (body) =>
        byCode(
          confidential({ "/20000000-0000-4000-8000-00000000c0de/oauth2/v2.0/token": { body } }, {}, entra),
        ),
    ],
    [
      "an error response",
      spoiled(failure),
      (body) => appToken(confidential({ "/token": { status: 400, body } })),
    ],
    [
      "the answer of a token exchange",
      spoiled(tokens),
      (body) =>
        confidential({ "/token": { body } }).acquireTokenByTokenExchange({
          subjectToken: "s",
          subjectTokenType: "access_token",
        }),
    ],
    [
      "user info",
      spoiled({ sub: "s", name: "n", address: {} }),
      (body) => confidential({ "/userinfo": { body } }).userInfo({ accessToken: "a" }),
    ],
    [
      "an introspection",
      spoiled({ active: true, scope: "a", exp: 1, aud: ["a"] }),
      (body) => confidential({ "/introspect": { body } }).introspect({ token: "t" }),
    ],
    [
      "a device authorization",
      spoiled(device),
      (body) =>
        new PublicClientApplication({
          auth: { clientId, oidcAuthority: issuer },
          system: { networkClient: network({ "/device": { body } }), clock },
        }).acquireTokenByDeviceCode({ scopes: ["api"], deviceCodeCallback: () => undefined }),
    ],
    [
      "the claims of an ID token",
      spoiled({ ...claims, name: "n", emails: ["e"], oid: "o", tid: "t", preferred_username: "p" }),
      (body) => {
        const idToken =
          (tokens.id_token.split(".")[0] ?? "") + `.${Buffer.from(body).toString("base64url")}.c2ln`;
        return byCode(confidential({ "/token": { body: { ...tokens, id_token: idToken } } }));
      },
    ],
    [
      "an ID token",
      textLike(tokens.id_token),
      (idToken) => byCode(confidential({ "/token": { body: { ...tokens, id_token: idToken } } })),
    ],
    [
      "client_info",
      spoiled({ uid: "u", utid: "t" }),
      (info) =>
        byCode(
          confidential({
            "/token": { body: { ...tokens, client_info: Buffer.from(info).toString("base64url") } },
          }),
        ),
    ],
    [
      "instance discovery",
      spoiled({ tenant_discovery_endpoint: "https://x.example", metadata: [], api_version: "1.1" }),
      (body) =>
        appToken(
          confidential(
            { "/common/discovery/instance": { body } },
            {},
            {
              authority: "https://login.unknown.example/contoso.example",
            },
          ),
        ),
    ],
    [
      "Retry-After",
      textLike("120", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1e9"),
      (text) => appToken(confidential({ "/token": { status: 503, body: {} } }, { "retry-after": text })),
    ],
  ])("%s", (_, samples, run) => neverUntyped(samples, run));
});

describe("a fuzzed answer of a managed identity ends in no untyped error:", () => {
  const before = { ...process.env };
  beforeAll(() => {
    process.env["IDENTITY_ENDPOINT"] = "http://127.0.0.1:1/token";
    process.env["IDENTITY_HEADER"] = "the-header-of-the-host";
  });
  afterAll(() => {
    process.env = before;
  });

  it.each([200, 400, 500])("with HTTP %d", (status) =>
    neverUntyped(
      spoiled({
        access_token: "a",
        expires_on: String(now + 3600),
        resource: "https://vault.azure.net",
        token_type: "Bearer",
        client_id: "c",
        error: { code: "c", message: "m" },
      }),
      (body) =>
        new ManagedIdentityApplication({
          system: {
            networkClient: network({ "/token": { status, body } }),
            clock,
            disableInternalRetries: true,
          },
        }).acquireToken({ resource: "https://vault.azure.net", forceRefresh: true }),
    ),
  );
});
