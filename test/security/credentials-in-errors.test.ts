// proves: core/src/credential/certificate.ts, core/src/credential/client-credential.ts,
// core/src/http/hide-secrets.ts, core/src/http/transport.ts, core/src/exchange/redeem.ts,
// core/src/client/renewals.ts, node/src/credential/pfx.ts
//
// No value of an option that holds a credential stands in the text of an error, in anything beneath it, or in a log line,
// whatever form the value has, and whatever the network and the server do with it.
import { afterEach, describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type Configuration,
  type INetworkModule,
} from "@tessera/node";
import { makeCertificate } from "../support/certificates.js";
import {
  appToken,
  authority,
  clientId,
  confidential,
  leaksOf,
  lines,
  loggerOptions,
  networkClient,
  oidcAuthority,
  redirectUri,
  scopes,
  type Attempt,
} from "../support/credential-leaks.js";
import { leaksIn, MARK, OWN_ERROR } from "../support/marked-values.js";
import { makePfx } from "../support/pfx.js";

const good = makeCertificate({ subject: "the-client" });
const certificate = { privateKey: good.privateKeyPem, publicCertificate: good.certificatePem };

describe("auth:", () => {
  const oidc = (method: string, value: unknown) => ({
    authority: undefined,
    oidcAuthority,
    clientSecret: value,
    clientMetadata: { token_endpoint_auth_method: method },
  });
  const certificateWith = (over: object) => ({ clientCertificate: { ...certificate, ...over } });
  const pfx = makePfx(good, "the passphrase");
  const encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";

  it.each<[string, (value: unknown) => object]>([
    ["clientSecret", (value) => ({ clientSecret: value })],
    ["clientSecret (Basic)", (value) => oidc("client_secret_basic", value)],
    ["clientSecret (signing)", (value) => oidc("client_secret_jwt", value)],
    [
      "clientSecret (beside another credential)",
      (value) => ({ clientSecret: value, clientAssertion: value }),
    ],
    ["clientAssertion", (value) => ({ clientAssertion: value })],
    ["clientAssertion (what the function returns)", (value) => ({ clientAssertion: async () => value })],
    ["clientCertificate", (value) => ({ clientCertificate: value })],
    ["clientCertificate (what the function returns)", (value) => ({ clientCertificate: async () => value })],
    ["clientCertificate.privateKey", (value) => certificateWith({ privateKey: value })],
    [
      "clientCertificate.privateKey (from a function)",
      (value) => ({ clientCertificate: () => ({ ...certificate, privateKey: value }) }),
    ],
    [
      "clientCertificate.passphrase",
      (value) => certificateWith({ privateKey: encrypted, passphrase: value }),
    ],
    [
      "clientCertificate.sign (what the function returns)",
      (value) => certificateWith({ privateKey: undefined, sign: async () => value }),
    ],
    ["clientCertificate.sign", (value) => certificateWith({ privateKey: undefined, sign: value })],
    ["clientCertificate.publicCertificate", (value) => certificateWith({ publicCertificate: value })],
    ["clientCertificate.thumbprint", (value) => certificateWith({ thumbprint: value })],
    [
      "clientCertificate.thumbprint (alone)",
      (value) => certificateWith({ publicCertificate: undefined, thumbprint: value }),
    ],
    ["clientCertificate.thumbprintSha256", (value) => certificateWith({ thumbprintSha256: value })],
    ["clientCertificate.x5c", (value) => certificateWith({ x5c: value })],
    ["clientCertificate.pfx", (value) => ({ clientCertificate: { pfx: value } })],
    [
      "clientCertificate.pfx (from a function)",
      (value) => ({ clientCertificate: () => ({ pfx: value, passphrase: value }) }),
    ],
    [
      "clientCertificate.passphrase (of a PFX)",
      (value) => ({ clientCertificate: { pfx, passphrase: value } }),
    ],
    [
      "clientCertificate.pfx (with its passphrase)",
      (value) => ({ clientCertificate: { pfx: value, passphrase: MARK } }),
    ],
  ])("%s", async (_, auth) => {
    expect(await leaksOf((value, network) => appToken(auth(value), network))).toEqual([]);
  });
});

describe("a request:", () => {
  const app = (network: INetworkModule) => confidential({ clientSecret: "a good secret" }, network);
  const code = { scopes, redirectUri, code: "a good code" };
  const withPassword = (network: INetworkModule, auth: object) =>
    new PublicClientApplication({
      auth: { clientId, authority, ...auth },
      system: { networkClient: network, loggerOptions, retries: 0 },
    });

  it.each<[string, (value: never, network: INetworkModule) => Promise<unknown>]>([
    ["code", (value, network) => app(network).acquireTokenByCode({ ...code, code: value })],
    ["codeVerifier", (value, network) => app(network).acquireTokenByCode({ ...code, codeVerifier: value })],
    [
      "refreshToken",
      (value, network) => app(network).acquireTokenByRefreshToken({ scopes, refreshToken: value }),
    ],
    [
      "oboAssertion",
      (value, network) => app(network).acquireTokenOnBehalfOf({ scopes, oboAssertion: value }),
    ],
    [
      "clientAssertion",
      (value, network) => app(network).acquireTokenByClientCredential({ scopes, clientAssertion: value }),
    ],
    [
      "assertion of an agent",
      (value, network) =>
        app(network).acquireTokenByUserFederatedIdentityCredential({
          scopes,
          username: "alice",
          assertion: value,
        }),
    ],
    [
      "attributeTokens",
      (value, network) => app(network).acquireTokenByClientCredential({ scopes, attributeTokens: value }),
    ],
    [
      "password (Entra)",
      (value, network) =>
        withPassword(network, {}).acquireTokenByUsernamePassword({
          scopes,
          username: "alice@contoso.example",
          password: value,
        }),
    ],
    [
      "password (an OpenID Provider)",
      (value, network) =>
        withPassword(network, { authority: undefined, oidcAuthority }).acquireTokenByUsernamePassword({
          scopes,
          username: "alice",
          password: value,
        }),
    ],
    [
      "what an app token provider returns",
      (value, network) => {
        const provided = app(network);
        provided.SetAppTokenProvider(async () => ({ accessToken: value, expiresInSeconds: value }));
        return provided.acquireTokenByClientCredential({ scopes });
      },
    ],
    ["the text of a cache", async (value, network) => app(network).getTokenCache().deserialize(value)],
    [
      "a stored cache",
      (value, network) => {
        const stored = new ConfidentialClientApplication({
          auth: { clientId, authority, clientSecret: "a good secret" },
          cache: {
            onUnreadable: "ignore",
            cachePlugin: {
              beforeCacheAccess: async ({ tokenCache }) => tokenCache.deserialize(value),
              afterCacheAccess: async () => undefined,
            },
          },
          system: { networkClient: network, loggerOptions, retries: 0 },
        });
        return stored.acquireTokenByClientCredential({ scopes });
      },
    ],
    [
      "the flow of a sign-in",
      async (value, network) => {
        const begun = app(network);
        const flow = await begun.initiateAuthCodeFlow({ scopes, redirectUri });
        const response = { code: value, state: flow.state };
        return begun.acquireTokenByAuthCodeFlow({ ...flow, codeVerifier: value, nonce: value }, response);
      },
    ],
  ])("%s", async (_, attempt) => {
    expect(await leaksOf((value, network) => attempt(value as never, network))).toEqual([]);
  });
});

describe("a secret part of a URL", () => {
  const good = { clientSecret: "a good secret" };
  it.each<[string, Attempt]>([
    ["authority", (value, network) => appToken({ ...good, authority: value }, network)],
    [
      "oidcAuthority",
      (value, network) => appToken({ ...good, authority: undefined, oidcAuthority: value }, network),
    ],
    [
      "authority of a request",
      (value, network) =>
        confidential(good, network).acquireTokenByClientCredential({ scopes, authority: value as string }),
    ],
    [
      "redirectUri",
      (value, network) =>
        confidential(good, network).acquireTokenByCode({
          scopes,
          code: "a good code",
          redirectUri: value as string,
        }),
    ],
    [
      "redirectUri of the loopback server",
      (value, network) =>
        new PublicClientApplication({
          auth: { clientId, authority },
          system: { networkClient: network, loggerOptions, retries: 0 },
        }).acquireTokenInteractive({
          scopes,
          redirectUri: value as string,
          openBrowser: () => Promise.reject(OWN_ERROR),
        }),
    ],
  ])("is not shown: %s", async (_, attempt) => {
    const urls = [
      `http://user:${MARK}@nowhere.invalid/`,
      `https://user:${MARK}@nowhere.invalid:99999/`,
      `https://${MARK}:@nowhere.invalid/`,
      `https://nowhere.invalid/?code=${MARK}`,
      `https://nowhere.invalid/#code=${MARK}`,
      `http://localhost/?code=${MARK}#code=${MARK}`,
      `//user:${MARK}@nowhere.invalid/`,
    ];
    const known = { "is not asked": () => ({ status: 400, body: { error: "invalid_grant" } }) };
    expect(await leaksOf(attempt, known, Object.fromEntries(urls.map((url) => [url, url])))).toEqual([]);
  });
});

describe("a renewal in the background", () => {
  it.each<[string, unknown]>([
    ["that throws an error of the app's own", OWN_ERROR],
    ["that throws the value", MARK],
  ])("%s is logged without it", async (_, thrown) => {
    lines.length = 0;
    let failing = false;
    let now = Date.now();
    const app = new ConfidentialClientApplication({
      auth: {
        clientId,
        authority,
        clientAssertion: async () => {
          if (failing) throw thrown;
          return "a.good.assertion";
        },
      },
      system: {
        clock: { now: () => now },
        loggerOptions,
        networkClient: networkClient(() => ({
          status: 200,
          body: { token_type: "Bearer", access_token: "a-token", expires_in: 7200, refresh_in: 60 },
        })),
      },
    });
    await app.acquireTokenByClientCredential({ scopes });
    failing = true;
    now += 120_000;
    await app.acquireTokenByClientCredential({ scopes });
    await new Promise(setImmediate);
    expect(lines.filter((line) => line.includes("stays in use"))).toHaveLength(1);
    expect(lines.flatMap(leaksIn)).toEqual([]);
  });
});

describe("a proxy with a password", () => {
  const names = ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy"];
  const before = names.map((name) => [name, process.env[name]] as const);
  afterEach(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const once = { "is not asked": () => undefined };
  // Where there is no proxy, nobody answers at this address, either.
  const unreachable = { clientId, clientSecret: "a good secret", oidcAuthority: "https://127.0.0.1:1/" };
  const send = (system: Configuration["system"]) =>
    new ConfidentialClientApplication({
      auth: unreachable,
      system: { loggerOptions, retries: 0, ...system },
    }).acquireTokenByClientCredential({ scopes: ["api:read"] });

  it("system.proxy", async () => {
    expect(await leaksOf((value) => send({ proxy: value as string }), once)).toEqual([]);
  });

  it.each(["HTTPS_PROXY", "https_proxy", "HTTP_PROXY"])("%s", async (name) => {
    for (const other of names) delete process.env[other];
    const attempt: Attempt = (value) => {
      process.env[name] = String(value);
      return send({});
    };
    expect(await leaksOf(attempt, once)).toEqual([]);
  });
});
