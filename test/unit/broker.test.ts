// The operating system's account broker: the same calls to both libraries.
// proves: node/src/broker/broker.ts, node/src/broker/broker-calls.ts, node/src/public-client-application.ts
import * as peer from "@azure/msal-node";
import { describe, expect, test } from "@jest/globals";
import * as tessera from "@tessera/node";
import { normalised } from "../interop/compare.js";
import { brokerAccount, fakeBroker, type BrokerCall } from "../support/fake-broker.js";

const account = brokerAccount;
const authority = "https://login.microsoftonline.com/contoso.example";
const scopes = ["User.Read"];

type App = Pick<
  peer.PublicClientApplication,
  "acquireTokenSilent" | "acquireTokenInteractive" | "getAllAccounts" | "signOut"
>;
const libraries = [
  ["peer", (configuration: peer.Configuration): App => new peer.PublicClientApplication(configuration)],
  ["tessera", (configuration: peer.Configuration): App => new tessera.PublicClientApplication(configuration)],
] as const;

/** Runs a call with both libraries; what the broker got, and what the caller. */
async function both(run: (app: App) => Promise<unknown>, auth: object = {}) {
  const outcome = async (create: (configuration: peer.Configuration) => App): Promise<Outcome> => {
    const { plugin, calls } = fakeBroker();
    const app = create({
      auth: { clientId: "the-client", authority, ...auth },
      broker: { nativeBrokerPlugin: plugin },
    });
    const value = await run(app);
    return { value, calls: calls.filter(({ method }) => method !== "setLogger") };
  };
  const [[, createPeer], [, createTessera]] = libraries;
  return { peer: await outcome(createPeer), tessera: await outcome(createTessera) };
}

interface Outcome {
  readonly value: unknown;
  readonly calls: readonly BrokerCall[];
}

/** The request as a broker reads it: what says nothing is left out. */
function brokerRequest(call: BrokerCall | undefined): unknown {
  const { extraParameters, authority: url, ...request } = call?.args[0] as Partial<tessera.NativeRequest>;
  const { "x-client-xtra-sku": sku, ...parameters } = extraParameters ?? {};
  // Each library gives its own name and version, in the same places.
  const skus = sku?.replace(/^[\w.]+\|[\w.-]+/, "library|version");
  const told = Object.entries<unknown>({ ...request, ...parameters, skus }).filter(
    ([, value]) => value !== undefined && value !== "",
  );
  return normalised({ ...Object.fromEntries(told), authority: url?.replace(/\/$/, "") });
}

const windowHandle = Buffer.from("window");
/** What only a broker can do: a token for one request, for an app inside this one. */
const bound = {
  authenticationScheme: "pop",
  resourceRequestMethod: "GET",
  resourceRequestUri: "https://api.contoso.example/me",
  shrNonce: "a nonce",
  shrClaims: '{"more":1}',
  embeddedClientId: "the-inner-client",
} as const;
const openBrowser = async (): Promise<void> => {
  throw new Error("the broker shows its own window");
};
const correlationId = "11111111-2222-4333-8444-555555555555";

describe("with a broker, its plugin gets the same request from both libraries:", () => {
  const calls: Readonly<Record<string, (app: App) => Promise<unknown>>> = {
    "interactive, the least": (app) => app.acquireTokenInteractive({ scopes, openBrowser }),
    "interactive, without scopes": (app) => app.acquireTokenInteractive({ openBrowser }),
    "interactive, the most": (app) =>
      app.acquireTokenInteractive({
        scopes,
        openBrowser,
        windowHandle,
        correlationId,
        account,
        authority: "https://login.microsoftonline.com/fabrikam.example",
        claims: JSON.stringify({ access_token: { nbf: { essential: true, value: "1" } } }),
        prompt: "select_account",
        loginHint: "alice@contoso.example",
        redirectUri: "ms-appx-web://microsoft.aad.brokerplugin/the-client",
        extraQueryParameters: { dc: "ESTS-PUB" },
        extraParameters: { more: "yes" },
        extraScopesToConsent: ["Mail.Read"],
        ...bound,
        ...{ domainHint: "contoso.example", nonce: "nonce", state: "state", sid: "session" },
      }),
    silent: (app) => app.acquireTokenSilent({ scopes, account }),
    "silent, forced": (app) =>
      app.acquireTokenSilent({
        scopes,
        account,
        forceRefresh: true,
        correlationId,
        redirectUri: "broker://x",
        ...bound,
      }),
    "the accounts": (app) => app.getAllAccounts(),
    "sign-out": (app) => app.signOut({ account, correlationId }),
  };
  test.each(Object.entries(calls))("%s", async (_, run) => {
    const { peer: theirs, tessera: ours } = await both(run);
    expect(normalised(ours.value)).toEqual(normalised(theirs.value));
    expect(ours.calls.map(({ method }) => method)).toEqual(theirs.calls.map(({ method }) => method));
    expect(ours.calls).toHaveLength(1);
    const [call] = ours.calls;
    if (call?.method === "getAllAccounts") expect(call.args[0]).toBe("the-client");
    else expect(brokerRequest(call)).toEqual(brokerRequest(theirs.calls[0]));
    if (call?.method === "acquireTokenInteractive") expect(call.args[1]).toEqual(theirs.calls[0]?.args[1]);
  });
});

describe("a broker", () => {
  test.each(libraries)("that is not available is not called: %s", async (_, create) => {
    const { plugin, calls } = fakeBroker(false);
    const app = create({
      auth: { clientId: "the-client", authority },
      broker: { nativeBrokerPlugin: plugin },
    });
    expect(await app.getAllAccounts()).toEqual([]);
    await app.signOut({ account });
    expect(calls).toEqual([]);
  });

  test("gets the app's logger options", () => {
    const { plugin, calls } = fakeBroker();
    const loggerOptions = { piiLoggingEnabled: true };
    new tessera.PublicClientApplication({
      auth: { clientId: "the-client" },
      broker: { nativeBrokerPlugin: plugin },
      system: { loggerOptions },
    });
    expect(calls).toEqual([{ method: "setLogger", args: [loggerOptions] }]);
  });

  test.each(libraries)("gets a logger to call where the app has none: %s", (_, create) => {
    const { plugin, calls } = fakeBroker();
    create({ auth: { clientId: "the-client" }, broker: { nativeBrokerPlugin: plugin } });
    const loggerOptions = { loggerCallback: expect.any(Function), piiLoggingEnabled: false, logLevel: 2 };
    expect(calls).toEqual([{ method: "setLogger", args: [loggerOptions] }]);
  });

  test("an account that is not the broker's is forgotten without it", async () => {
    const { tessera: ours } = await both((app) =>
      app.signOut({ account: { ...account, nativeAccountId: undefined } }),
    );
    expect(ours.calls).toEqual([]);
  });

  test("serves the one call, too", async () => {
    const { plugin, calls } = fakeBroker();
    const app = new tessera.PublicClientApplication({
      auth: { clientId: "the-client", authority },
      broker: { nativeBrokerPlugin: plugin },
    });
    expect((await app.acquireToken({ scopes, account })).accessToken).toBe("from the broker");
    expect(calls.map(({ method }) => method)).toContain("acquireTokenSilent");
  });
});

test("an error that equal calls share: whose it is, and of which class", async () => {
  const ids = [1, 2].map((n) => `${n}1111111-2222-4333-8444-555555555555`);
  const outcomes = libraries.map(async ([, create]) => {
    // As the real plugin throws it: with its own copy of the class.
    const { plugin, calls } = fakeBroker(true, {
      acquireTokenSilent: async ({ correlationId }) => {
        const errorCode = "interaction_required";
        throw Object.assign(new Error(errorCode), {
          name: "InteractionRequiredAuthError",
          errorCode,
          correlationId,
        });
      },
    });
    const app = create({ auth: { clientId: "the-client" }, broker: { nativeBrokerPlugin: plugin } });
    const failures = await Promise.allSettled(
      ids.map((id) => app.acquireTokenSilent({ scopes, account, correlationId: id })),
    );
    const errors = failures.map((failure) => failure.status === "rejected" && (failure.reason as unknown));
    return {
      calls: calls.filter(({ method }) => method === "acquireTokenSilent").length,
      ids: errors.map((error) => (error as peer.AuthError).correlationId),
      exported: errors.map(
        (error) =>
          error instanceof peer.InteractionRequiredAuthError ||
          error instanceof tessera.InteractionRequiredAuthError,
      ),
    };
  });
  expect(await Promise.all(outcomes)).toEqual([
    { calls: 1, ids: [ids[0], ids[0]], exported: [false, false] },
    { calls: 1, ids, exported: [true, true] },
  ]);
});

describe("without a broker, nothing is handed out in place of what only a broker has:", () => {
  const app = new tessera.PublicClientApplication({ auth: { clientId: "the-client", authority } });
  const confidential = new tessera.ConfidentialClientApplication({
    auth: { clientId: "the-client", clientSecret: "secret", authority },
  });
  const { embeddedClientId } = bound;
  test.each(["pop", "DPoP", "ssh-cert"] as const)("%s", async (authenticationScheme) => {
    const ask = { scopes, authenticationScheme };
    const calls = [
      app.acquireTokenSilent({ ...ask, account }),
      app.acquireTokenInteractive({ ...ask, openBrowser }),
      app.acquireTokenByDeviceCode({ ...ask, deviceCodeCallback: () => undefined }),
      confidential.acquireTokenByClientCredential({ ...ask, scopes: ["api://a/.default"] }),
      confidential.acquireTokenOnBehalfOf({ ...ask, oboAssertion: "assertion" }),
    ];
    for (const call of calls)
      await expect(call).rejects.toMatchObject({
        name: "ClientConfigurationError",
        errorCode: "unsupported_authentication_scheme",
        errorMessage: expect.stringContaining(`"${authenticationScheme}"`),
      });
  });

  test("tokens of an app inside this one", async () => {
    await expect(app.acquireTokenSilent({ scopes, account, embeddedClientId })).rejects.toMatchObject({
      errorCode: "invalid_platform_broker_configuration",
    });
    const url = { scopes, redirectUri: "http://localhost", embeddedClientId };
    await expect(app.getAuthCodeUrl(url)).rejects.toMatchObject({ name: "ClientConfigurationError" });
  });
});
