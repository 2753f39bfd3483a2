// Programs in JavaScript leave a field out with `null`, as MSAL lets them: everywhere it means the same as no field.
import { describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type AuthCodeFlow,
  type Configuration,
} from "@tessera/node";
import { makeCertificate } from "../support/certificates.js";
import { recordedNetwork } from "../support/recorded-network.js";

const tenant = "11111111-2222-3333-4444-555555555555";
const authority = `https://login.microsoftonline.com/${tenant}`;
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Between two polls for a device code no second passes. */
const WITHOUT_WAITING = { now: () => Date.now(), sleep: async () => undefined };

/** An application of a kind whose tokens are granted, and what it has sent. */
function stage(kind: "public" | "confidential", over: Readonly<Record<string, object | null>> = {}) {
  let nonce: string | undefined;
  const network = recordedNetwork(({ form, line }) => {
    if (line.startsWith("GET")) return { body: { account_type: "Managed" } };
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: `${authority}/v2.0`, sub: "s", aud: "the-client", iat: now, exp: now + 600, nonce };
    const idToken = `${base64({ alg: "RS256" })}.${base64({ ...claims, tid: tenant })}.c2ln`;
    const answer = { token_type: "Bearer", access_token: "at", expires_in: 3600, refresh_token: "rt" };
    if (form.get("grant_type") === "client_credentials") return { body: answer };
    const device = { user_code: "u", device_code: "d", verification_uri: "https://d.example", expires_in: 9 };
    if (line.endsWith("devicecode")) return { body: { ...device, interval: 0.001 } };
    return { body: { ...answer, id_token: idToken, client_info: base64({ uid: "u", utid: tenant }) } };
  });
  const { auth, system, ...rest } = over;
  const secret = kind === "confidential" && !auth ? { clientSecret: "the-secret" } : {};
  const configuration = {
    auth: { clientId: "the-client", authority, ...secret, ...auth },
    system: { networkClient: network, clock: WITHOUT_WAITING, ...system },
    ...rest,
  } as unknown as Configuration;
  return {
    network,
    configuration,
    ofNonce: (value: string) => {
      nonce = value;
    },
  };
}

/** What went over the wire, without what is random. */
function wire(network: ReturnType<typeof stage>["network"]): readonly unknown[] {
  return network.requests.map(({ line, form, query, headers }) => {
    const fields = Object.fromEntries(form);
    delete fields["x-client-current-telemetry"];
    delete fields["x-client-last-telemetry"];
    return { line, fields, query: [...query.keys()], headers: Object.keys(headers) };
  });
}

const common = [
  "authority",
  "correlationId",
  "claims",
  "claimsFromClient",
  "extraQueryParameters",
  "extraParameters",
  "storeInCache",
  "resource",
  "signal",
  "timeoutMs",
];
const user = [...common, "azureCloudOptions"];
const scopes = ["User.Read"];
const redirectUri = "http://localhost/r";

type Kind = "public" | "confidential";
interface Call {
  readonly on: readonly Kind[];
  readonly request: Readonly<Record<string, unknown>>;
  /** Fields that may be left out. */
  readonly optional: readonly string[];
  /** Another method than that of the row's name. */
  readonly run?: (
    app: ConfidentialClientApplication & PublicClientApplication,
    request: never,
  ) => Promise<unknown>;
}

const calls: Readonly<Record<string, Call>> = {
  getAuthCodeUrl: {
    on: ["public", "confidential"],
    request: { scopes, redirectUri },
    optional: [
      ...["responseMode", "extraScopesToConsent", "codeChallenge", "codeChallengeMethod", "state", "nonce"],
      ...["prompt", "loginHint", "domainHint", "sid", "account", "scopes", ...user],
    ],
    run: async (app, request) => withoutRandom(await app.getAuthCodeUrl(request)),
  },
  acquireTokenByCode: {
    on: ["public", "confidential"],
    request: { scopes, redirectUri, code: "C" },
    optional: [
      "codeVerifier",
      "nonce",
      "state",
      "clientInfo",
      "enableSpaAuthorizationCode",
      "scopes",
      ...user,
    ],
  },
  initiateAuthCodeFlow: {
    on: ["public", "confidential"],
    request: { scopes, redirectUri },
    optional: [
      ...["responseMode", "extraScopesToConsent", "prompt", "loginHint", "domainHint", "sid", "account"],
      ...["maxAge", "responseType", "scopes", ...user],
    ],
    run: async (app, request) => {
      const { authUrl, state, nonce, codeVerifier, startedAt, ...rest }: AuthCodeFlow =
        await app.initiateAuthCodeFlow(request);
      expect([state, nonce, codeVerifier, startedAt]).not.toContain(null);
      return { ...rest, authUrl: withoutRandom(authUrl) };
    },
  },
  acquireTokenByRefreshToken: {
    on: ["public", "confidential"],
    request: { scopes, refreshToken: "imported" },
    optional: ["redirectUri", "forceCache", "scopes", ...user],
  },
  acquireTokenByUsernamePassword: {
    on: ["public", "confidential"],
    request: { scopes, username: "u@contoso.example", password: "p" },
    optional: ["scopes", ...user],
  },
  acquireTokenSilent: {
    on: ["public", "confidential"],
    request: { scopes },
    optional: ["forceRefresh", "refreshTokenExpirationOffsetSeconds", "redirectUri", ...user],
    run: async (app, request: object) => {
      const { account } = await app.acquireTokenByCode({ scopes, redirectUri, code: "C" });
      if (!account) throw new Error("no account");
      const { fromCache } = await app.acquireTokenSilent({ scopes, ...request, account });
      const renewed = await app.acquireTokenSilent({ scopes, forceRefresh: true, ...request, account });
      return [fromCache, renewed.accessToken];
    },
  },
  acquireTokenByDeviceCode: {
    on: ["public"],
    request: { scopes, deviceCodeCallback: () => undefined },
    optional: ["cancel", "timeout", "scopes", ...user],
  },
  acquireTokenByClientCredential: {
    on: ["confidential"],
    request: { scopes: ["https://graph.microsoft.com/.default"] },
    optional: ["skipCache", "fmiPath", "clientAssertion", "tenantId", "azureRegion", ...user],
  },
  acquireTokenOnBehalfOf: {
    on: ["confidential"],
    request: { scopes, oboAssertion: "assertion" },
    optional: ["sessionKey", "skipCache", ...user],
  },
  acquireTokenByUserFederatedIdentityCredential: {
    on: ["confidential"],
    request: { scopes, assertion: "assertion", username: "u@contoso.example" },
    optional: ["userObjectId", "clientAssertion", ...user],
  },
  acquireToken: {
    on: ["confidential"],
    request: { scopes: ["https://graph.microsoft.com/.default"] },
    optional: ["account", "oboAssertion", ...common],
  },
  buildEndSessionUrl: {
    on: ["public", "confidential"],
    request: {},
    optional: [
      ...["authority", "correlationId", "extraQueryParameters", "signal", "timeoutMs", "account"],
      ...["idTokenHint", "postLogoutRedirectUri", "state", "logoutHint"],
    ],
  },
};

const random = /^(client-request-id|state|nonce|code_challenge)$/;
function withoutRandom(url: string): string {
  const parsed = new URL(url);
  for (const name of [...parsed.searchParams.keys()])
    if (random.test(name)) parsed.searchParams.set(name, "random");
  return parsed.href;
}

const rows = Object.entries(calls).flatMap(([name, { on, optional }]) =>
  on.flatMap((kind) => optional.map((field) => [kind, name, field] as const)),
);

/** What a call sends and returns, or the code of its error. */
async function outcome(kind: Kind, name: string, over: object): Promise<unknown> {
  const { network, configuration } = stage(kind);
  const app =
    kind === "public"
      ? new PublicClientApplication(configuration)
      : new ConfidentialClientApplication(configuration);
  const { request, run } = calls[name] as Call;
  const both = app as unknown as ConfidentialClientApplication & PublicClientApplication;
  const method = both[name as keyof typeof both] as unknown as (request: unknown) => Promise<unknown>;
  const returned = await (run
    ? run(both, { ...request, ...over } as never)
    : method.call(both, { ...request, ...over }));
  const { accessToken } = returned as { accessToken?: string };
  return { sent: wire(network), returned: accessToken ?? returned };
}

describe("null in a request is as good as absent", () => {
  it.each(rows)("of a %s client, %s: %s", async (kind, name, field) => {
    const absent = await outcome(kind, name, { [field]: undefined });
    expect(await outcome(kind, name, { [field]: null })).toEqual(absent);
  });

  it.each(["extraQueryParameters", "extraParameters"])("also as a value in %s", async (field) => {
    const name = "acquireTokenByCode";
    const some = await outcome("confidential", name, { [field]: { a: null, b: "1" } });
    expect(some).toEqual(await outcome("confidential", name, { [field]: { b: "1" } }));
  });

  it("also in a flow that a database has kept", async () => {
    const { network, configuration, ofNonce } = stage("confidential");
    const app = new ConfidentialClientApplication(configuration);
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri });
    ofNonce(flow.nonce);
    const kept = { ...flow, resource: null, claims: null, maxAge: null } as never;
    const options = { correlationId: null, signal: null, timeoutMs: null } as never;
    const result = await app.acquireTokenByAuthCodeFlow(
      kept,
      { code: "C", state: flow.state, iss: undefined },
      options,
    );
    expect(result.accessToken).toBe("at");
    expect([...(network.requests[0]?.form.keys() ?? [])]).not.toContain("resource");
  });
});

describe("null in a configuration is as good as absent", () => {
  const { privateKeyPem: privateKey, certificatePem } = makeCertificate({ subject: "the-client" });
  const secret = { clientSecret: "the-secret" };
  const inAuth = [
    ...["authority", "oidcAuthority", "clientAssertion", "clientCertificate", "knownAuthorities"],
    ...["cloudDiscoveryMetadata", "authorityMetadata", "clientCapabilities", "azureCloudOptions", "isMcp"],
    "clientMetadata",
  ];
  const metadata = { id_token_signed_response_alg: null, token_endpoint_auth_method: null };
  const certificate = { privateKey, publicCertificate: certificatePem };
  const absent = { thumbprint: null, thumbprintSha256: null, x5c: null, passphrase: null, pfx: null };
  const system = [...["loggerOptions", "proxy", "ca", "disableInternalRetries", "protocolMode", "clock"]].map(
    (field) => ({ system: { [field]: null } }),
  );
  const logger = { loggerCallback: null, logLevel: null, piiLoggingEnabled: null };
  const cache = { cachePlugin: null, store: null, maxPartitions: null, onUnreadable: null };

  it.each<Readonly<Record<string, object | null>>>([
    ...inAuth.map((field) => ({ auth: { ...secret, [field]: null } })),
    { auth: { ...secret, clientMetadata: metadata } },
    { auth: { ...secret, azureCloudOptions: { azureCloudInstance: null, tenant: null } } },
    ...system,
    { system: { loggerOptions: logger } },
    { cache: null },
    { cache },
    { telemetry: null },
    { telemetry: { application: null } },
    { telemetry: { application: { appName: null, appVersion: null } } },
    { broker: null },
    { broker: { nativeBrokerPlugin: null } },
  ])("%j", async (over) => {
    const { network, configuration } = stage("confidential", over);
    const app = new ConfidentialClientApplication(configuration);
    const request = { scopes: ["https://graph.microsoft.com/.default"], authority };
    expect((await app.acquireTokenByClientCredential(request)).accessToken).toBe("at");
    expect(network.lines()).toEqual([`POST ${authority}/oauth2/v2.0/token`]);
    expect(JSON.stringify(wire(network))).not.toMatch(/\bnull\b/);

    const { auth, ...rest } = configuration;
    const { clientSecret: _, clientCertificate: __, ...identity } = auth;
    expect(new PublicClientApplication({ auth: identity, ...rest })).toBeInstanceOf(PublicClientApplication);
  });

  it("of a certificate", async () => {
    const clientCertificate = { ...certificate, ...absent };
    for (const given of [clientCertificate, () => clientCertificate]) {
      const auth = { clientSecret: null, clientAssertion: null, clientCertificate: given };
      const { configuration } = stage("confidential", { auth });
      const app = new ConfidentialClientApplication(configuration);
      const request = { scopes: ["https://graph.microsoft.com/.default"] };
      expect((await app.acquireTokenByClientCredential(request)).accessToken).toBe("at");
    }
  });

  it("system", () => {
    const configuration = { auth: { clientId: "the-client" }, system: null } as never;
    expect(new PublicClientApplication(configuration)).toBeInstanceOf(PublicClientApplication);
  });
});

describe("nobody is forgotten", () => {
  it.each([null, undefined])("when the account to remove is %s", async (account) => {
    const { configuration } = stage("public");
    const app = new PublicClientApplication(configuration);
    await app.acquireTokenByCode({ scopes, redirectUri, code: "C" });
    await expect(app.signOut({ account } as never)).rejects.toMatchObject({ errorCode: "invalid_option" });
    await app.removeAccount(account as never);
    await app.getTokenCache().removeAccount(account as never);
    expect(await app.getAllAccounts()).toHaveLength(1);
  });

  it("without a request", async () => {
    const app = new PublicClientApplication(stage("public").configuration);
    await expect(app.signOut(null as never)).rejects.toMatchObject({ errorCode: "invalid_option" });
  });
});
