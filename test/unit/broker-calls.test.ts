// What the account broker's plugin is spared, and what callers get of it.
// proves: node/src/broker/broker-calls.ts, node/src/broker/broker-answers.ts
import { afterEach, describe, expect, it, test } from "@jest/globals";
import {
  AuthError,
  ClientAuthError,
  ClientConfigurationError,
  InteractionRequiredAuthError,
  PublicClientApplication,
  ServerError,
  type AccountInfo,
  type INativeBrokerPlugin,
} from "@tessera/node";
import { brokerAccount as account, brokerResult, fakeBroker } from "../support/fake-broker.js";

const scopes = ["User.Read"];

/** An application with a broker that answers thus; what the broker is called with. */
function withBroker(answers: Partial<INativeBrokerPlugin> = {}) {
  const { plugin, calls } = fakeBroker(true, answers);
  const app = new PublicClientApplication({
    auth: { clientId: "the-client" },
    broker: { nativeBrokerPlugin: plugin },
  });
  return { app, count: (name: string) => calls.filter(({ method }) => method === name).length };
}

const never = (): Promise<never> => new Promise(() => undefined);

describe("silent calls that overlap", () => {
  const [one, two] = ["1", "2"].map((n) => `${n}1111111-2222-4333-8444-555555555555`);

  it("are one call to the broker when they are equal, and each has its own correlation id", async () => {
    const { app, count } = withBroker();
    const results = await Promise.all(
      [one, two].map((correlationId) => app.acquireTokenSilent({ scopes, account, correlationId })),
    );
    expect(count("acquireTokenSilent")).toBe(1);
    expect(results.map(({ correlationId }) => correlationId)).toEqual([one, two]);
    await app.acquireTokenSilent({ scopes, account });
    expect(count("acquireTokenSilent")).toBe(2);
  });

  it("get the same failure, each under its own correlation id", async () => {
    const { app, count } = withBroker({
      acquireTokenSilent: async ({ correlationId }) => {
        throw new ServerError("server_unavailable", correlationId, "busy");
      },
    });
    const calls = [one, two].map((correlationId) =>
      app.acquireTokenSilent({ scopes, account, correlationId }),
    );
    for (const [index, call] of calls.entries()) {
      await expect(call).rejects.toMatchObject({
        name: "ServerError",
        errorCode: "server_unavailable",
        correlationId: [one, two][index],
      });
    }
    expect(count("acquireTokenSilent")).toBe(1);
  });

  const other: AccountInfo = { ...account, homeAccountId: "other.utid", nativeAccountId: undefined };
  it.each<[string, object]>([
    ["for other scopes", { scopes: ["Mail.Read"] }],
    ["for another account", { account: other }],
    ["with other claims", { claims: '{"access_token":{}}' }],
    ["that are forced", { forceRefresh: true }],
    ["at another authority", { authority: "https://login.microsoftonline.com/fabrikam.example" }],
    ["for another resource", { resource: "https://api.contoso.example" }],
  ])("are calls of their own %s", async (_, over) => {
    const { app, count } = withBroker();
    const plain = { scopes, account: { ...account, nativeAccountId: undefined } };
    await Promise.all([app.acquireTokenSilent(plain), app.acquireTokenSilent({ ...plain, ...over })]);
    expect(count("acquireTokenSilent")).toBe(2);
  });
});

describe("a broker that does not answer", () => {
  const methods = {
    interactive: (app: PublicClientApplication, bounds: object) =>
      app.acquireTokenInteractive({ scopes, ...bounds }),
    silent: (app: PublicClientApplication, bounds: object) =>
      app.acquireTokenSilent({ scopes, account, ...bounds }),
  };
  const answers = { acquireTokenInteractive: never, acquireTokenSilent: never };

  test.each(Object.entries(methods))("is given up after timeoutMs: %s", async (_, call) => {
    await expect(call(withBroker(answers).app, { timeoutMs: 20 })).rejects.toMatchObject({
      name: "ClientAuthError",
      errorCode: "request_timeout",
    });
  });

  test.each(Object.entries(methods))("is left when signal aborts: %s", async (_, call) => {
    const controller = new AbortController();
    const result = call(withBroker(answers).app, { signal: controller.signal });
    controller.abort();
    await expect(result).rejects.toMatchObject({ errorCode: "request_aborted" });
  });

  test.each(Object.entries(methods))("is not called once signal has aborted: %s", async (_, call) => {
    const { app, count } = withBroker(answers);
    await expect(call(app, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      errorCode: "request_aborted",
    });
    expect(count("acquireTokenInteractive") + count("acquireTokenSilent")).toBe(0);
  });

  test("is left by one caller, and waited for by the other", async () => {
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const { app, count } = withBroker({ acquireTokenSilent: () => answered.then(() => brokerResult) });
    const controller = new AbortController();
    const leaves = app.acquireTokenSilent({ scopes, account, signal: controller.signal });
    const stays = app.acquireTokenSilent({ scopes, account });
    controller.abort();
    await expect(leaves).rejects.toMatchObject({ errorCode: "request_aborted" });
    answer();
    expect((await stays).accessToken).toBe("from the broker");
    expect(count("acquireTokenSilent")).toBe(1);
  });
});

describe("an error of the plugin, which has its own copies of the classes,", () => {
  /** As `@azure/msal-node-extensions` throws one. */
  function foreign(name: string, errorCode: string): Error {
    return Object.assign(new Error(`${errorCode}: a reason`), {
      name,
      errorCode,
      errorMessage: "a reason",
      subError: "",
    });
  }
  it.each([
    ["InteractionRequiredAuthError", "interaction_required", InteractionRequiredAuthError],
    ["ClientAuthError", "user_canceled", ClientAuthError],
    ["ClientConfigurationError", "untrusted_authority", ClientConfigurationError],
    ["ServerError", "server_unavailable", ServerError],
    ["NativeAuthError", "user_switch", AuthError],
    ["constructor", "a_name_that_every_object_knows", AuthError],
  ])("is one of the exported classes: %s", async (name, errorCode, Class) => {
    const cause = foreign(name, errorCode);
    const fail = () => Promise.reject(cause);
    const { app } = withBroker({
      acquireTokenSilent: fail,
      acquireTokenInteractive: fail,
      getAllAccounts: fail,
      signOut: fail,
    });
    const calls = [
      app.acquireTokenSilent({ scopes, account }),
      app.acquireTokenInteractive({ scopes }),
      app.getAllAccounts(),
      app.signOut({ account }),
    ];
    for (const call of calls) {
      const error: unknown = await call.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Class);
      expect(error).toMatchObject({ errorCode, errorMessage: "a reason", cause });
      expect((error as AuthError).correlationId).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it("keeps what else it says: the claims challenge, and how the server names the request", async () => {
    const said = { claims: '{"access_token":{}}', traceId: "trace", errorNo: 53003 };
    const cause = Object.assign(foreign("InteractionRequiredAuthError", "interaction_required"), said);
    const { app } = withBroker({ acquireTokenSilent: () => Promise.reject(cause) });
    await expect(app.acquireTokenSilent({ scopes, account })).rejects.toMatchObject(said);
  });

  it("that is no such error stays as it is", async () => {
    const { app } = withBroker({ acquireTokenSilent: () => Promise.reject(new TypeError("broken")) });
    await expect(app.acquireTokenSilent({ scopes, account })).rejects.toThrow(new TypeError("broken"));
  });

  it("makes the one call ask the user, if that is what it means", async () => {
    const { app, count } = withBroker({
      acquireTokenSilent: () =>
        Promise.reject(foreign("InteractionRequiredAuthError", "interaction_required")),
    });
    expect((await app.acquireToken({ scopes, account })).accessToken).toBe("from the broker");
    expect(count("acquireTokenInteractive")).toBe(1);
  });
});

it("a plugin that lacks a call is refused in the constructor", () => {
  const nativeBrokerPlugin = { ...fakeBroker().plugin, signOut: undefined as never };
  const create = () =>
    new PublicClientApplication({ auth: { clientId: "x" }, broker: { nativeBrokerPlugin } });
  expect(create).toThrow(/invalid_option: broker\.nativeBrokerPlugin lacks signOut/);
});

describe("the accounts of the broker", () => {
  const bob = {
    ...account,
    homeAccountId: "bob.utid",
    localAccountId: "bob",
    username: "bob@contoso.example",
  };
  const { app } = withBroker({ getAllAccounts: async () => [account, bob] });
  it.each<[object, readonly AccountInfo[]]>([
    [{}, [account, bob]],
    [{ username: "BOB@contoso.example" }, [bob]],
    [{ homeAccountId: "uid.utid" }, [account]],
    [{ localAccountId: "bob", tenantId: "UTID" }, [bob]],
    [{ tenantId: "another" }, []],
  ])("are found by %j", async (filter, found) => {
    expect(await app.getAccounts(filter)).toEqual(found);
  });

  it("are found by their ids", async () => {
    expect(await app.getAccountByHomeId("bob.utid")).toEqual(bob);
    expect(await app.getAccountByLocalId("uid")).toEqual(account);
    expect(await app.getAccountByHomeId("nobody")).toBeNull();
  });
});

describe("the one call", () => {
  const before = process.env["CI"];
  afterEach(() => {
    if (before === undefined) Reflect.deleteProperty(process.env, "CI");
    else process.env["CI"] = before;
  });

  it("takes the only account the broker knows, and asks nobody", async () => {
    const { app, count } = withBroker();
    expect((await app.acquireToken({ scopes })).accessToken).toBe("from the broker");
    expect(count("acquireTokenSilent")).toBe(1);
    expect(count("acquireTokenInteractive")).toBe(0);
  });

  it("lets the broker ask, wherever this runs, when it knows nobody", async () => {
    process.env["CI"] = "true";
    const { app, count } = withBroker({ getAllAccounts: async () => [] });
    await app.acquireToken({ scopes });
    expect(count("acquireTokenInteractive")).toBe(1);
  });
});
