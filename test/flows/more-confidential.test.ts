// What else a confidential client does in its own name: other tenants, claims, providers, removal, and refusals.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  createMemoryTokenStore,
  LogLevel,
  type CacheOptions,
  type ClientCredentialRequest,
  type ConfidentialClientApplication,
  type IAppTokenProvider,
} from "@tessera/node";
import { decodeJwt } from "jose";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const scopes = ["https://graph.microsoft.com/.default"];
const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
const fabrikam = "fabfabfa-0000-4000-8000-000000000000";
const daemonAuth = {
  clientId: "c0c0c0c0-0000-4000-8000-0000000000a4",
  clientSecret: "contoso-daemon-secret",
};

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    refreshIn: 1800,
    resources: [],
    tenants: [
      { domain: "contoso.example", apps: [{ clientId: "disabled", clientSecret: "s", disabled: true }] },
    ],
  });
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());
afterEach(() => {
  jest.restoreAllMocks();
});

const daemon = (over: Parameters<Entra["confidential"]>[0] = {}) =>
  entra.confidential({ ...over, auth: { ...daemonAuth, ...over.auth } });
const ask = (app: ConfidentialClientApplication, over: ClientCredentialRequest = {}) =>
  app.acquireTokenByClientCredential({ scopes, ...over });
const forms = () =>
  entra.authority.requests.filter(({ endpoint }) => endpoint === "token").map(({ form }) => form);
/** Waits until something that goes on in the background has happened. */
const eventually = async (condition: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 100_000 && !condition(); turn += 1)
    await new Promise((resolve) => setImmediate(resolve));
  expect(condition()).toBe(true);
};

describe("the tenant of a request", () => {
  it.each<[string, () => ClientCredentialRequest]>([
    ["tenantId, a GUID", () => ({ tenantId: fabrikam })],
    ["tenantId, a domain", () => ({ tenantId: "fabrikam.example" })],
    ["authority", () => ({ authority: entra.authority.authorityUrl(fabrikam) })],
    ["tenantId over authority", () => ({ authority: entra.authority.authorityUrl(), tenantId: fabrikam })],
  ])("is that of its %s, and has tokens of its own", async (_, over) => {
    const app = daemon();
    const home = await ask(app);
    const abroad = await ask(app, over());
    expect(decodeJwt(home.accessToken)["tid"]).toBe(entra.tenantId);
    expect(decodeJwt(abroad.accessToken)["tid"]).toBe(fabrikam);
    expect(await ask(app)).toMatchObject({ fromCache: true, accessToken: home.accessToken });
    expect(await ask(app, over())).toMatchObject({ fromCache: true, accessToken: abroad.accessToken });
    expect(forms()).toHaveLength(2);
  });

  it.each(["common", "organizations", "consumers"])(
    "must be one: %s is refused unless tenantId says",
    async (segment) => {
      const app = daemon({ auth: { authority: entra.authority.authorityUrl(segment) } });
      await expect(ask(app)).rejects.toMatchObject({ errorCode: "missing_tenant_id_error" });
      await expect(ask(daemon(), { tenantId: segment })).rejects.toMatchObject({
        errorCode: "missing_tenant_id_error",
      });
      expect(forms()).toEqual([]);
      expect(decodeJwt((await ask(app, { tenantId: fabrikam })).accessToken)["tid"]).toBe(fabrikam);
    },
  );
});

describe("claims", () => {
  it("are merged with the client's capabilities, and skip the cache", async () => {
    const app = daemon({ auth: { clientCapabilities: ["CP1"] } });
    await ask(app);
    expect(await ask(app, { claims })).toMatchObject({ fromCache: false });
    expect(await ask(app)).toMatchObject({ fromCache: true });
    expect(forms().map((form) => JSON.parse(form["claims"] ?? "null"))).toEqual([
      { access_token: { xms_cc: { values: ["CP1"] } } },
      { access_token: { nbf: { essential: true, value: "1" }, xms_cc: { values: ["CP1"] } } },
    ]);
  });

  it.each(["not json", "[]", "null", '"text"', "{"])(
    "that are no JSON object are refused: %s",
    async (bad) => {
      for (const field of ["claims", "claimsFromClient"] as const) {
        await expect(ask(daemon(), { [field]: bad })).rejects.toMatchObject({
          name: "ClientConfigurationError",
          errorCode: "invalid_claims",
          message: expect.stringContaining(field),
        });
      }
      expect(entra.authority.requests).toEqual([]);
    },
  );
});

describe("SetAppTokenProvider", () => {
  const provide = (over: object = {}) =>
    jest.fn<IAppTokenProvider>(async () => ({ accessToken: "provided", expiresInSeconds: 3600, ...over }));
  const withProvider = (provider: IAppTokenProvider) => {
    const app = daemon();
    app.SetAppTokenProvider(provider);
    return app;
  };

  it("is asked when the cache has no token, once for all who ask, and told what is wanted", async () => {
    const provider = provide();
    const app = withProvider(provider);
    const results = await Promise.all(Array.from({ length: 50 }, () => ask(app, { correlationId: "c-1" })));
    expect(results[0]).toMatchObject({
      accessToken: "provided",
      fromCache: false,
      tokenType: "Bearer",
      account: null,
    });
    expect(provider.mock.calls).toEqual([[{ correlationId: "c-1", tenantId: entra.tenantId, scopes }]]);
    expect(await ask(app)).toMatchObject({ fromCache: true, accessToken: "provided" });
    await ask(app, { claims });
    await ask(app, { skipCache: true });
    await ask(app, { tenantId: fabrikam });
    expect(provider.mock.calls.slice(1).map(([told]) => told)).toMatchObject([
      { claims },
      { tenantId: entra.tenantId },
      { tenantId: fabrikam },
    ]);
    expect(forms()).toEqual([]);
  });

  it("renews in the background when refreshIn has passed, and the caller does not wait", async () => {
    const provider = provide({ refreshInSeconds: 60 });
    const app = withProvider(provider);
    await ask(app);
    entra.clock.advance(61);
    provider.mockResolvedValueOnce({ accessToken: "renewed", expiresInSeconds: 3600 });
    expect(await ask(app)).toMatchObject({ accessToken: "provided", fromCache: true });
    await eventually(() => provider.mock.calls.length === 2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await ask(app)).toMatchObject({ accessToken: "renewed", fromCache: true });
  });

  it.each<[string, IAppTokenProvider, object]>([
    ["fails", () => Promise.reject(new Error("the vault is shut")), { message: "the vault is shut" }],
    ["returns no token", provide({ accessToken: "" }), { errorCode: "invalid_token_response" }],
    [
      "returns no lifetime",
      provide({ expiresInSeconds: undefined }),
      { errorCode: "invalid_token_response" },
    ],
  ])("that %s fails the call, and nothing is kept", async (_, provider, error) => {
    const app = withProvider(provider);
    await expect(ask(app)).rejects.toMatchObject(error);
    await expectNothingKept(app);
  });
});

describe("a token that is due for renewal", () => {
  it("is handed out even when the identity provider cannot be reached", async () => {
    const warnings: string[] = [];
    const loggerOptions = {
      logLevel: LogLevel.Warning,
      loggerCallback: (_: LogLevel, text: string) => void warnings.push(text),
    };
    const app = daemon({ system: { loggerOptions } });
    const first = await ask(app);
    entra.clock.advance(1801);
    entra.authority.fault({ match: "token", reset: true });
    expect(await ask(app)).toMatchObject({ fromCache: true, accessToken: first.accessToken });
    await eventually(() => warnings.some((text) => text.includes("renewing it failed")));
    // Not with every call, but some time later the renewal is tried again.
    expect(await ask(app)).toMatchObject({ fromCache: true });
    expect(forms()).toHaveLength(2);
    entra.clock.advance(30);
    expect(await ask(app)).toMatchObject({ fromCache: true });
    await eventually(() => forms().length === 3);
  });
});

describe("removeTokensForClient", () => {
  const plugin = (): CacheOptions => {
    let stored = "";
    return {
      cachePlugin: {
        beforeCacheAccess: async (context) => context.tokenCache.deserialize(stored),
        afterCacheAccess: async (context) => {
          if (context.cacheHasChanged) stored = context.tokenCache.serialize();
        },
      },
    };
  };
  it.each<[string, () => CacheOptions]>([
    ["memory", () => ({})],
    ["a plugin", plugin],
    ["a store", () => ({ store: createMemoryTokenStore(entra.clock) })],
  ])("forgets the app's own tokens in every tenant, and no user's: %s", async (name, options) => {
    const cache = options();
    const app = daemon({ cache });
    const web = entra.confidential({ cache });
    const account = accountOf(await signInWithCode(entra, web, ["User.Read"]));
    await Promise.all([ask(web), ask(app), ask(app, { tenantId: fabrikam })]);
    entra.authority.clearRequests();
    await app.removeTokensForClient();
    // In another process as well.
    const again = name === "memory" ? app : daemon({ cache });
    expect((await ask(again)).fromCache).toBe(false);
    expect((await ask(again, { tenantId: fabrikam })).fromCache).toBe(false);
    expect(await web.acquireTokenSilent({ account, scopes: ["User.Read"] })).toMatchObject({
      fromCache: true,
    });
    expect(await ask(web)).toMatchObject({ fromCache: true });
  });

  it("is no harm when there are none", async () => {
    const app = daemon();
    await app.removeTokensForClient();
    await expectNothingKept(app);
  });
});

describe("acquireToken, the one call,", () => {
  it("gets what the request names: the app's, a user's, or a token on behalf of a user", async () => {
    const app = entra.confidential();
    const account = accountOf(await signInWithCode(entra, app, ["User.Read"]));
    const { clientId } = entra.configuration("confidential").auth;
    const caller = await signInWithCode(entra, entra.publicClient(), [`api://${clientId}/access`]);
    entra.authority.clearRequests();
    const facts = ({ accessToken }: { readonly accessToken: string }) => {
      const { idtyp, oid } = decodeJwt(accessToken);
      return { idtyp, isAlice: oid === account.localAccountId };
    };
    expect(facts(await app.acquireToken({ scopes }))).toEqual({ idtyp: "app", isAlice: false });
    const user = await app.acquireToken({ scopes: ["User.Read"], account });
    expect({ ...facts(user), fromCache: user.fromCache }).toEqual({
      idtyp: "user",
      isAlice: true,
      fromCache: true,
    });
    const downstream = {
      scopes: ["https://graph.microsoft.com/Mail.Read"],
      oboAssertion: caller.accessToken,
    };
    expect(facts(await app.acquireToken(downstream))).toEqual({ idtyp: "user", isAlice: true });
    expect(forms().map((form) => form["requested_token_use"] ?? form["grant_type"])).toEqual([
      "client_credentials",
      "on_behalf_of",
    ]);
    // Each comes from the cache the second time.
    for (const request of [{ scopes }, { scopes: ["User.Read"], account }, downstream]) {
      expect(await app.acquireToken(request)).toMatchObject({ fromCache: true });
    }
    await expect(app.acquireToken({ ...downstream, account })).rejects.toMatchObject({
      errorCode: "invalid_option",
    });
    await app.removeAccount(account);
    const gone = app.acquireToken({ scopes: ["User.Read"], account });
    await expect(gone).rejects.toMatchObject({ errorCode: "no_tokens_found" });
  });

  it.each([undefined, null, "text"])("is refused without a request: %p", async (request) => {
    const call = entra.confidential().acquireToken(request as never);
    await expect(call).rejects.toMatchObject({ errorCode: "token_request_empty" });
  });
});

describe("a request object", () => {
  it("is never changed: a frozen one will do", async () => {
    const app = entra.confidential({ auth: { clientCapabilities: Object.freeze(["CP1"]) as string[] } });
    const common = Object.freeze({
      claims,
      extraQueryParameters: Object.freeze({ slice: "test" }),
      extraParameters: Object.freeze({ more: "1" }),
      storeInCache: Object.freeze({ accessToken: true }),
    });
    const { clientId } = entra.configuration("confidential").auth;
    const signedIn = await signInWithCode(entra, app, Object.freeze(["User.Read"]));
    const caller = await signInWithCode(entra, entra.publicClient(), [`api://${clientId}/access`]);
    const account = Object.freeze(accountOf(signedIn));
    const user = Object.freeze(["User.Read"]);
    const calls = [
      app.acquireTokenByClientCredential(
        Object.freeze({ ...common, scopes: Object.freeze([...scopes]), tenantId: entra.tenantId }),
      ),
      app.acquireTokenOnBehalfOf(
        Object.freeze({ ...common, scopes: user, oboAssertion: caller.accessToken }),
      ),
      app.acquireTokenSilent(Object.freeze({ ...common, scopes: user, account })),
      app.acquireToken(Object.freeze({ ...common, scopes: user, account })),
    ];
    for (const result of await Promise.all(calls)) expect(result.accessToken).not.toBe("");
  });
});

describe("the server's errors", () => {
  it.each<[string, object, ClientCredentialRequest, object]>([
    [
      "a wrong secret",
      { clientSecret: "wrong" },
      {},
      { errorCode: "invalid_client", errorNo: "7000215", status: 401 },
    ],
    [
      "a scope that is not .default",
      {},
      { scopes: ["https://graph.microsoft.com/User.Read"] },
      { errorCode: "invalid_scope", errorNo: "1002012", status: 400 },
    ],
    [
      "an unknown app",
      { clientId: "nobody" },
      {},
      { errorCode: "unauthorized_client", errorNo: "700016", status: 400 },
    ],
    [
      "a disabled app",
      { clientId: "disabled", clientSecret: "s" },
      {},
      { errorCode: "unauthorized_client", errorNo: "7000112" },
    ],
    [
      "an unknown resource",
      {},
      { scopes: ["https://nowhere.example/.default"] },
      { errorCode: "invalid_resource", errorNo: "500011" },
    ],
  ])("%s", async (_, auth, request, expected) => {
    const app = daemon({ auth });
    const error: unknown = await ask(app, { ...request, correlationId: "c-42" }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      name: "ServerError",
      correlationId: "c-42",
      message: expect.stringContaining("AADSTS"),
      ...expected,
    });
    expectNoSecretIn(error, [daemonAuth.clientSecret]);
    await expectNothingKept(app);
  });

  it.each([
    ["that was never issued", "9002313"],
    ["of another client", "70000"],
  ])("invalid_grant: a refresh token %s", async (_, errorNo) => {
    const desktop = entra.publicClient();
    await signInWithCode(entra, desktop, ["User.Read"]);
    const { RefreshToken } = JSON.parse(desktop.getTokenCache().serialize()) as {
      readonly RefreshToken: Readonly<Record<string, { readonly secret: string }>>;
    };
    const [foreign] = Object.values(RefreshToken);
    const refreshToken = errorNo === "70000" ? (foreign?.secret ?? "") : "1.nothing";
    const call = entra.confidential().acquireTokenByRefreshToken({ scopes: ["User.Read"], refreshToken });
    await expect(call).rejects.toMatchObject({ name: "ServerError", errorCode: "invalid_grant", errorNo });
  });
});
