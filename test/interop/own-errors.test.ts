// An app's own code that throws an error of the library's classes has decided what the app is to get.
// proves: core/src/http/transport.ts, core/src/errors/errors.ts
import * as peer from "@azure/msal-node";
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";

const scopes = ["https://graph.microsoft.com/.default"];
const auth = {
  clientId: "b4a4a4a4-0000-4000-8000-0000000000a1",
  clientSecret: "the-secret-of-the-app",
  authority: "https://login.microsoftonline.com/b4a4a4a4-0000-4000-8000-0000000000f1",
};
const libraries = [
  ["msal-node", peer],
  ["Tessera", tessera],
] as const;

/** Of an app: it counts what it was asked, and throws. */
function network(failure: (request: unknown) => unknown) {
  const asked: string[] = [];
  const fail = async (url: string, options?: unknown): Promise<never> => {
    asked.push(url);
    throw failure(options);
  };
  return { asked, networkClient: { sendGetRequestAsync: fail, sendPostRequestAsync: fail } };
}

async function thrown(call: Promise<unknown>): Promise<tessera.AuthError & { readonly cause?: unknown }> {
  return call.then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error: unknown) => error as tessera.AuthError,
  );
}

/** Errors that apps make, with the classes of the library they import. */
type Library = Pick<
  typeof tessera,
  "AuthError" | "ClientAuthError" | "ServerError" | "InteractionRequiredAuthError"
>;
const MADE: Readonly<Record<string, (library: Library) => tessera.AuthError>> = {
  AuthError: ({ AuthError }) => new AuthError("policy_refused", "", "Not outside office hours"),
  ClientAuthError: ({ ClientAuthError }) => new ClientAuthError("circuit_open", "", "The breaker is open"),
  ServerError: ({ ServerError }) => new ServerError("busy", "", "Try later", "sub", "17", 503),
  InteractionRequiredAuthError: ({ InteractionRequiredAuthError }) =>
    new InteractionRequiredAuthError("login_required", "", "Sign in", "basic_action"),
  "a class of its own": ({ ClientAuthError }) =>
    new (class QuotaError extends ClientAuthError {
      readonly quota = 5;
    })("quota", "", "No quota left"),
};

describe("an error that the app's own network client throws", () => {
  it.each(
    Object.keys(MADE).flatMap((made) => libraries.map(([name, library]) => [name, made, library] as const)),
  )("arrives from %s as itself: %s", async (_, made, library) => {
    const own = MADE[made]?.(library as Library);
    const { networkClient } = network(() => own);
    const app = new library.ConfidentialClientApplication({ auth, system: { networkClient } });
    const error = await thrown(app.acquireTokenByClientCredential({ scopes }));
    const { errorCode, message, name, subError } = own ?? {};
    expect(error).toMatchObject({ errorCode, message, name, subError });
    expect(Object.getPrototypeOf(error)).toBe(Object.getPrototypeOf(own));
    expect(error).toBeInstanceOf(library.AuthError);
    if (made === "a class of its own") expect(error).toHaveProperty("quota", 5);
  });

  it("is not asked for again, as a broken connection is", async () => {
    const { asked, networkClient } = network(() => new tessera.AuthError("policy_refused", ""));
    const app = new tessera.ConfidentialClientApplication({
      auth: { ...auth, authority: undefined, oidcAuthority: "https://issuer.example" },
      system: { networkClient },
    });
    const error = await thrown(app.acquireTokenByClientCredential({ scopes }));
    expect(asked).toEqual(["https://issuer.example/.well-known/openid-configuration"]);
    expect(error).toMatchObject({
      errorCode: "endpoints_resolution_error",
      cause: { errorCode: "policy_refused" },
    });
  });

  it("carries the correlation id of the call, and nothing of the request that it quotes", async () => {
    const { networkClient } = network((options) =>
      Object.assign(new tessera.AuthError("refused", "", `of ${JSON.stringify(options)}`), {
        options,
        note: `sent ${JSON.stringify(options)}`,
        cause: new Error(JSON.stringify(options)),
      }),
    );
    const app = new tessera.ConfidentialClientApplication({ auth, system: { networkClient } });
    const correlationId = "b4a4a4a4-0000-4000-8000-000000000001";
    const error = await thrown(app.acquireTokenByClientCredential({ scopes, correlationId }));
    expect(error).toMatchObject({ errorCode: "refused", correlationId });
    expect(error).toHaveProperty("note");
    const properties = (one: object): string =>
      Object.getOwnPropertyNames(one)
        .map((key) => String(Reflect.get(one, key)))
        .join("\n");
    const { cause } = error;
    expect(`${properties(error)}\n${properties(cause as Error)}`).not.toContain(auth.clientSecret);
    expect(error).not.toHaveProperty("options");
  });

  it("that is another error is a network error, with its reason", async () => {
    for (const [, library] of libraries) {
      const { networkClient } = network(() => new Error("connection reset"));
      const app = new library.ConfidentialClientApplication({ auth, system: { networkClient } });
      const error = await thrown(app.acquireTokenByClientCredential({ scopes }));
      expect(error).toMatchObject({ errorCode: "network_error" });
    }
  });
});

describe("an error that another function of the app throws arrives from it as itself:", () => {
  const answer = async () =>
    ({
      status: 200,
      headers: {},
      body: {
        user_code: "U",
        device_code: "a-device-code",
        verification_uri: "https://login.example/device",
        expires_in: 900,
        interval: 1,
      },
    }) as never;
  const system = { networkClient: { sendGetRequestAsync: answer, sendPostRequestAsync: answer } };
  const { clientSecret: _, ...withoutSecret } = auth;
  const own = new tessera.ServerError("vault_closed", "", "The vault is closed");
  const fail = async (): Promise<never> => {
    throw own;
  };
  const confidential = (over: Partial<tessera.NodeAuthOptions>, more: Partial<tessera.Configuration> = {}) =>
    new tessera.ConfidentialClientApplication({ auth: { ...withoutSecret, ...over }, system, ...more });
  const token = (app: tessera.ConfidentialClientApplication) =>
    app.acquireTokenByClientCredential({ scopes });
  const desktop = () => new tessera.PublicClientApplication({ auth: withoutSecret, system });

  it.each<[string, () => Promise<unknown>]>([
    ["clientAssertion", () => token(confidential({ clientAssertion: fail }))],
    ["clientCertificate", () => token(confidential({ clientCertificate: fail }))],
    [
      "a cache plugin",
      () => {
        const cachePlugin = { beforeCacheAccess: fail, afterCacheAccess: fail };
        return token(confidential({ clientSecret: "s" }, { cache: { cachePlugin } }));
      },
    ],
    [
      "the token provider",
      () => {
        const app = confidential({ clientSecret: "s" });
        app.SetAppTokenProvider(fail);
        return token(app);
      },
    ],
    ["openBrowser", () => desktop().acquireTokenInteractive({ scopes, openBrowser: fail })],
    [
      "the device code's callback",
      () => desktop().acquireTokenByDeviceCode({ scopes, deviceCodeCallback: fail }),
    ],
  ])("%s", async (_, call) => {
    expect(await thrown(call())).toMatchObject({
      name: "ServerError",
      errorCode: "vault_closed",
      message: own.message,
    });
  });
});
