// proves: core/src/credential/certificate.ts, core/src/credential/client-credential.ts,
// core/src/http/hide-secrets.ts, core/src/http/transport.ts, core/src/exchange/redeem.ts,
// core/src/client/renewals.ts, node/src/credential/pfx.ts, node/src/credential/token-file.ts, node/src/credential/token-service.ts,
// persistence/src/create-persistent-cache.ts, local-authority/src/config/checks.ts
//
// No value of an option that holds a credential stands in the text of an error, in anything beneath it, or in a log line,
// whatever form the value has, and whatever the network and the server do with it.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { startLocalAuthority } from "@tessera/local-authority";
import {
  ConfidentialClientApplication,
  azurePipelinesToken,
  federatedTokenFile,
  githubActionsToken,
  LogLevel,
  PublicClientApplication,
  type Configuration,
  type INetworkModule,
} from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";
import { makeCertificate } from "../support/certificates.js";
import { leaksIn, MARK, OWN_ERROR, WRONG_FORMS } from "../support/marked-values.js";
import { makePfx } from "../support/pfx.js";

// In a Basic header, in front of the secret: as long as not to shift its base64.
const clientId = "the-client1";
const authority = "https://login.microsoftonline.com/contoso.example";
const oidcAuthority = "https://issuer.example";
const scopes = ["https://graph.microsoft.com/.default"];
const redirectUri = "https://app.example/signed-in";

let lines: string[];
beforeEach(() => {
  lines = [];
});
const loggerOptions = {
  logLevel: LogLevel.Trace,
  piiLoggingEnabled: true,
  loggerCallback: (_: LogLevel, line: string) => void lines.push(line),
};

/** What the network makes of a token request: each quotes it. */
const NETWORKS: Readonly<Record<string, (url: string, options: unknown, body: string) => unknown>> = {
  "breaks, and quotes the request": (url, options, body) => {
    throw Object.assign(new Error(`POST ${url} failed: ${body} ${JSON.stringify(options)}`), {
      config: options,
      cause: new Error(`wrote ${decodeURIComponent(body.replace(/\+/g, " "))}`),
    });
  },
  "fails with a string": (_, __, body) => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- as some clients do
    throw `could not send ${body}`;
  },
  "answers with an error that repeats the form": (_, __, body) => ({
    status: 400,
    body: {
      error: "invalid_grant",
      error_description: `${body} and ${[...new URLSearchParams(body).values()].join(" ")}`,
    },
  }),
  "answers with a page that repeats the form": (_, __, body) => ({
    status: 502,
    body: `<html>${body}</html>`,
  }),
  "answers with half a response": (_, __, body) => ({
    status: 200,
    body: JSON.stringify({ access: body }).slice(0, -1),
  }),
};

function networkClient(respond: (typeof NETWORKS)[string]): INetworkModule {
  const discovery = {
    issuer: oidcAuthority,
    authorization_endpoint: `${oidcAuthority}/authorize`,
    token_endpoint: `${oidcAuthority}/token`,
    jwks_uri: `${oidcAuthority}/keys`,
  };
  const answer = (body: unknown, status = 200) => ({ status, headers: {}, body }) as never;
  return {
    sendGetRequestAsync: async (url) => {
      if (url.includes("/UserRealm/")) return answer({ account_type: "Managed" });
      return url.startsWith(oidcAuthority) ? answer(discovery) : answer({}, 404);
    },
    sendPostRequestAsync: async (url, options) => {
      const { status, body } = respond(url, options, options?.body ?? "") as {
        status: number;
        body: unknown;
      };
      return answer(body, status);
    },
  };
}

type Attempt = (value: unknown, network: INetworkModule) => Promise<unknown>;

/** Runs a call with every wrong form on every network. */
async function leaksOf(
  attempt: Attempt,
  networks = NETWORKS,
  forms = WRONG_FORMS,
): Promise<readonly string[]> {
  const leaks: string[] = [];
  let failures = 0;
  for (const [form, value] of Object.entries(forms)) {
    for (const [what, respond] of Object.entries(networks)) {
      lines.length = 0;
      const error: unknown = await (async () => attempt(value, networkClient(respond)))().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) failures += 1;
      // An app's own function has failed: what it throws comes back to the app as it is, and goes nowhere else.
      const isOwn = error === OWN_ERROR || error === MARK;
      const shown = [...(isOwn ? [] : [error]), ...lines];
      for (const each of shown.flatMap(leaksIn)) leaks.push(`${form}, the network ${what}: ${each}`);
    }
  }
  expect(failures).toBeGreaterThan(0);
  return leaks;
}

const good = makeCertificate({ subject: "the-client" });
const certificate = { privateKey: good.privateKeyPem, publicCertificate: good.certificatePem };
const folder = mkdtempSync(join(tmpdir(), "credentials-in-errors-"));

const confidential = (auth: object, network: INetworkModule): ConfidentialClientApplication =>
  new ConfidentialClientApplication({
    auth: { clientId, authority, ...auth },
    system: { networkClient: network, loggerOptions },
  });
const appToken = (auth: object, network: INetworkModule) =>
  confidential(auth, network).acquireTokenByClientCredential({ scopes });

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
      system: { networkClient: network, loggerOptions },
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
          system: { networkClient: network, loggerOptions },
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
          system: { networkClient: network, loggerOptions },
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
      system: { loggerOptions, ...system },
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

describe("the token of a workload", () => {
  /** An absolute path is shown: it is what is asked for, and no token begins like one. */
  const { "a path": _, ...NOT_PATHS } = WRONG_FORMS;
  const names = [
    "AZURE_FEDERATED_TOKEN_FILE",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "SYSTEM_OIDCREQUESTURI",
    "SYSTEM_ACCESSTOKEN",
  ];
  afterEach(() => {
    for (const name of names) delete process.env[name];
  });

  it("federatedTokenFile", async () => {
    const attempt: Attempt = (value, network) =>
      appToken({ clientAssertion: federatedTokenFile(value as string) }, network);
    expect(await leaksOf(attempt, NETWORKS, NOT_PATHS)).toEqual([]);
  });

  it("AZURE_FEDERATED_TOKEN_FILE", async () => {
    const attempt: Attempt = (value, network) => {
      process.env["AZURE_FEDERATED_TOKEN_FILE"] = String(value).replaceAll("\0", "");
      return appToken({ clientAssertion: federatedTokenFile() }, network);
    };
    expect(await leaksOf(attempt, NETWORKS, NOT_PATHS)).toEqual([]);
  });

  it.each(["https://127.0.0.1:1/token?a=1", "http://actions.example/", "not a URL"])(
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN, for %s",
    async (url) => {
      const attempt: Attempt = (value, network) => {
        process.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = url;
        process.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = String(value);
        return appToken({ clientAssertion: githubActionsToken() }, network);
      };
      expect(await leaksOf(attempt, { "is not asked": () => undefined })).toEqual([]);
    },
  );

  it.each(["https://127.0.0.1:1/token?a=1", "http://pipelines.example/", "not a URL"])(
    "SYSTEM_ACCESSTOKEN, for %s",
    async (url) => {
      const attempt: Attempt = (value, network) => {
        process.env["SYSTEM_OIDCREQUESTURI"] = url;
        process.env["SYSTEM_ACCESSTOKEN"] = String(value);
        return appToken({ clientAssertion: azurePipelinesToken({ serviceConnectionId: "c" }) }, network);
      };
      expect(await leaksOf(attempt, { "is not asked": () => undefined })).toEqual([]);
    },
  );

  it("is not sent in clear", () => {
    process.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://actions.example/";
    process.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = MARK;
    expect(() => githubActionsToken()).toThrow("authority_uri_insecure");
  });
});

describe("@tessera/persistence:", () => {
  const once = { "is not asked": () => undefined };
  const options = {
    appName: "credentials-in-errors",
    directory: join(folder, "cache"),
    onProblem: () => undefined,
  };

  it.each<[string, (value: unknown) => object]>([
    ["protection", (value) => ({ protection: value })],
    ["protection.passphrase, given an object", (value) => ({ protection: { passphrase: [value] } })],
    ["protection.passphrase, misspelt", (value) => ({ protection: { passPhrase: value } })],
    ["migrateFrom", (value) => ({ protection: "none", migrateFrom: value })],
    ["migrateFrom.cachePath", (value) => ({ protection: "none", migrateFrom: { cachePath: [value] } })],
  ])("%s", async (_, over) => {
    expect(await leaksOf((value) => createPersistentCache({ ...options, ...over(value) }), once)).toEqual([]);
  });

  it("a passphrase that does not open the cache", async () => {
    const directory = join(folder, "locked");
    const opened = await createPersistentCache({
      ...options,
      directory,
      protection: { passphrase: "the first" },
    });
    const tokenCache = { serialize: () => "{}", deserialize: () => undefined };
    const context = { tokenCache, cacheHasChanged: true } as never;
    await opened.beforeCacheAccess(context);
    await opened.afterCacheAccess(context);
    const error: unknown = await createPersistentCache({
      ...options,
      directory,
      protection: { passphrase: MARK },
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errorCode: "wrong_passphrase" });
    expect(leaksIn(error)).toEqual([]);
  });
});

describe("@tessera/local-authority:", () => {
  const tenant = { id: "11111111-1111-1111-1111-111111111111", domain: "contoso.example" };
  const app = { clientId: "a1", name: "web" };

  it.each<[string, (value: unknown) => object]>([
    ["clientSecret", (value) => ({ tenants: [{ ...tenant, apps: [{ ...app, clientSecret: [value] }] }] })],
    [
      "clientSecret, misspelt",
      (value) => ({ tenants: [{ ...tenant, apps: [{ ...app, clientPassphrase: value }] }] }),
    ],
    [
      "password",
      (value) => ({
        tenants: [{ ...tenant, users: [{ username: "alice@contoso.example", password: [value] }] }],
      }),
    ],
    [
      "password, misspelt",
      (value) => ({
        tenants: [{ ...tenant, users: [{ username: "alice@contoso.example", pasword: value }] }],
      }),
    ],
    ["users that are no array", (value) => ({ tenants: [{ ...tenant, users: { password: value } }] })],
    ["certificates", (value) => ({ tenants: [{ ...tenant, apps: [{ ...app, certificates: [value] }] }] })],
  ])("%s", async (_, options) => {
    const attempt: Attempt = async (value) => {
      const started = await startLocalAuthority(options(value));
      await started.close();
    };
    expect(await leaksOf(attempt, { "is not asked": () => undefined })).toEqual([]);
  });
});
