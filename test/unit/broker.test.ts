// The operating system's account broker, and `isMcp`: the same calls to both libraries.
import * as peer from "@azure/msal-node";
import { describe, expect, test } from "@jest/globals";
import * as tessera from "@tessera/node";
import { normalised } from "../interop/compare.js";

type Method =
  | "setLogger"
  | "getAccountById"
  | "getAllAccounts"
  | "acquireTokenSilent"
  | "acquireTokenInteractive"
  | "signOut";
interface Call {
  readonly method: Method;
  readonly args: readonly unknown[];
}

const account = {
  homeAccountId: "uid.utid",
  environment: "login.microsoftonline.com",
  tenantId: "utid",
  username: "alice@contoso.example",
  localAccountId: "uid",
  nativeAccountId: "native-alice",
};
const result = { accessToken: "from the broker", account, fromPlatformBroker: true };
const authority = "https://login.microsoftonline.com/contoso.example";
const scopes = ["User.Read"];

/** A broker that notes what it is called with. */
function fakeBroker(isBrokerAvailable: boolean) {
  const calls: Call[] = [];
  const note =
    <T>(method: Method, value: T) =>
    async (...args: unknown[]): Promise<T> => {
      calls.push({ method, args });
      return value;
    };
  const plugin = {
    isBrokerAvailable,
    setLogger: (...args: unknown[]) => void calls.push({ method: "setLogger", args }),
    getAccountById: note("getAccountById", account),
    getAllAccounts: note("getAllAccounts", [account]),
    acquireTokenSilent: note("acquireTokenSilent", result),
    acquireTokenInteractive: note("acquireTokenInteractive", result),
    signOut: note("signOut", undefined),
  };
  return { plugin, calls };
}

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
    const { plugin, calls } = fakeBroker(true);
    const app = create({
      auth: { clientId: "the-client", authority, ...auth },
      broker: { nativeBrokerPlugin: plugin as never },
    });
    const value = await run(app);
    return { value, calls: calls.filter(({ method }) => method !== "setLogger") };
  };
  const [[, createPeer], [, createTessera]] = libraries;
  return { peer: await outcome(createPeer), tessera: await outcome(createTessera) };
}

interface Outcome {
  readonly value: unknown;
  readonly calls: readonly Call[];
}

/** The request as a broker reads it: what it does not know, and what says nothing, left out. */
function brokerRequest(call: Call | undefined): unknown {
  const known = [
    ..."clientId authority correlationId redirectUri scopes claims accountId forceRefresh resource".split(
      " ",
    ),
    ..."extraParameters extraScopesToConsent loginHint prompt".split(" "),
  ];
  const request = { ...(call?.args[0] as Record<string, unknown>) };
  const { "x-client-xtra-sku": _, ...extraParameters } = (request["extraParameters"] ?? {}) as Record<
    string,
    string
  >;
  const entries = Object.entries<unknown>({ ...request, extraParameters });
  const told: readonly (readonly [string, unknown])[] = entries.filter(
    ([name, value]) => known.includes(name) && value !== undefined && value !== "",
  );
  return normalised(
    Object.fromEntries(
      told.map(([name, value]) => [name, name === "authority" ? String(value).replace(/\/$/, "") : value]),
    ),
  );
}

const windowHandle = Buffer.from("window");
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
      }),
    silent: (app) => app.acquireTokenSilent({ scopes, account }),
    "silent, forced": (app) =>
      app.acquireTokenSilent({
        scopes,
        account,
        forceRefresh: true,
        correlationId,
        redirectUri: "broker://x",
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
      broker: { nativeBrokerPlugin: plugin as never },
    });
    expect(await app.getAllAccounts()).toEqual([]);
    await app.signOut({ account });
    expect(calls).toEqual([]);
  });

  test("gets the app's logger options", () => {
    const { plugin, calls } = fakeBroker(true);
    const loggerOptions = { piiLoggingEnabled: true };
    new tessera.PublicClientApplication({
      auth: { clientId: "the-client" },
      broker: { nativeBrokerPlugin: plugin as never },
      system: { loggerOptions },
    });
    expect(calls).toEqual([{ method: "setLogger", args: [loggerOptions] }]);
  });

  test("an account that is not the broker's is forgotten without it", async () => {
    const { tessera: ours } = await both((app) =>
      app.signOut({ account: { ...account, nativeAccountId: undefined } }),
    );
    expect(ours.calls).toEqual([]);
  });

  test("serves the one call, too", async () => {
    const { plugin, calls } = fakeBroker(true);
    const app = new tessera.PublicClientApplication({
      auth: { clientId: "the-client", authority },
      broker: { nativeBrokerPlugin: plugin as never },
    });
    expect((await app.acquireToken({ scopes, account })).accessToken).toBe("from the broker");
    expect(calls.map(({ method }) => method)).toContain("acquireTokenSilent");
  });
});

describe("isMcp", () => {
  const resource = "https://mcp.contoso.example";
  const requests: Readonly<Record<string, { readonly request: object; readonly code: string | undefined }>> =
    {
      "no resource": { request: {}, code: "resource_parameter_required" },
      "an empty resource": { request: { resource: "" }, code: "resource_parameter_required" },
      "a resource in the extra parameters": {
        request: { resource, extraParameters: { resource } },
        code: "misplaced_resource_parameter",
      },
      "a resource in the query": {
        request: { resource, extraQueryParameters: { resource } },
        code: "misplaced_resource_parameter",
      },
      "a resource in the extra parameters only": {
        request: { extraQueryParameters: { resource } },
        code: undefined,
      },
      "a resource": { request: { resource }, code: undefined },
    };
  const methods: Readonly<Record<string, (app: App, request: object) => Promise<unknown>>> = {
    interactive: (app, request) => app.acquireTokenInteractive({ scopes, openBrowser, ...request }),
    silent: (app, request) => app.acquireTokenSilent({ scopes, account, ...request }),
  };
  const rows = Object.keys(requests).flatMap((name) =>
    Object.keys(methods).map((method) => [name, method] as const),
  );

  test.each(rows)("%s, %s: the same with both libraries", async (name, method) => {
    const { request, code } = requests[name] ?? {};
    const codes = await Promise.all(
      libraries.map(async ([, create]) => {
        const app = create({
          auth: { clientId: "the-client", authority, isMcp: true },
          broker: { nativeBrokerPlugin: fakeBroker(true).plugin as never },
        });
        return methods[method]?.(app, request ?? {}).then(
          () => undefined,
          (error: unknown) => (error as peer.AuthError).errorCode,
        );
      }),
    );
    expect(codes[1]).toBe(codes[0]);
    if (code) expect(codes[1]).toBe(code);
  });

  test("without isMcp nothing is asked of a request", async () => {
    const { tessera: ours } = await both((app) => app.acquireTokenInteractive({ scopes, openBrowser }));
    expect(ours.calls).toHaveLength(1);
  });
});
