// A bound function that returns a token, as clients of APIs ask one with each request.
// proves: node/src/token-provider.ts, node/src/fresh-tokens.ts, core/src/exchange/fresh-hits.ts, core/src/flows/app-tokens.ts,
// core/src/flows/user-tokens.ts
import { describe, expect, it } from "@jest/globals";
import {
  createTokenProvider,
  ManagedIdentityApplication,
  PublicClientApplication,
  type INetworkModule,
} from "@tessera/node";
import {
  account,
  accessToken,
  appScopes,
  appTokens,
  clientId,
  codeOf,
  document,
  Network,
  now,
  refreshToken,
  scopes,
  tenant,
  tessera,
  tokens,
} from "../support/cache-stage.js";
import { createTestClock } from "../support/test-clock.js";

const user = (over = {}): string =>
  document({ AccessToken: accessToken(over), RefreshToken: refreshToken() });

describe("a token provider", () => {
  it("returns the application's token, and requests it once for all that ask at the same time", async () => {
    const network = new Network(appTokens);
    const provide = createTokenProvider(tessera(network), { scopes: appScopes });
    const provided = await Promise.all([provide(), provide(), provide()]);
    expect(new Set([...provided, await provide()]).size).toBe(1);
    expect(network.forms).toMatchObject([{ grant_type: "client_credentials", scope: appScopes[0] }]);
  });

  it("returns a user's token, and renews it when it has expired", async () => {
    const clock = createTestClock(now * 1000);
    const network = new Network();
    const app = tessera(network, { system: { clock } });
    app.getTokenCache().deserialize(user());
    const provide = createTokenProvider(app, { scopes: scopes[0] ?? "", account });
    expect([await provide(), await provide()]).toEqual(["at", "at"]);
    clock.advance(3600);
    const renewed = await provide();
    expect(renewed).not.toBe("at");
    expect(await provide()).toBe(renewed);
    expect(network.forms).toMatchObject([{ grant_type: "refresh_token" }]);
  });

  it("returns a token that is due, and renews it in the background", async () => {
    const network = new Network(() => tokens({ access_token: "renewed" }));
    const app = tessera(network);
    app.getTokenCache().deserialize(user({ refresh_on: `${now - 10}`, cached_at: `${now - 100}` }));
    const provide = createTokenProvider(app, { scopes, account });
    expect(await provide()).toBe("at");
    while ((await provide()) !== "renewed") await new Promise(setImmediate);
    expect(network.forms).toHaveLength(1);
  });

  it("sees what else changes the cache, and counts its hits there", async () => {
    const app = tessera(new Network(() => tokens({ access_token: "renewed" })));
    app.getTokenCache().deserialize(user());
    const provide = createTokenProvider(app, { scopes, account });
    await provide();
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
    expect(await provide()).toBe("renewed");
    expect(await provide()).toBe("renewed");
    expect(app.getTokenCache().stats()).toMatchObject({ hits: 3, misses: 0 });
    await app.removeAccount(account);
    expect(await provide().catch(codeOf)).toBe("no_tokens_found");
  });

  it("finds what is kept under another name of the authority's host", async () => {
    const app = tessera(new Network(), {
      auth: {
        authority: `https://login.contoso.example/${tenant}`,
        cloudDiscoveryMetadata: JSON.stringify({
          metadata: [
            {
              preferred_network: "login.contoso.example",
              preferred_cache: "login.windows.net",
              aliases: ["login.contoso.example", "login.windows.net"],
            },
          ],
        }),
      },
    });
    app.getTokenCache().deserialize(user());
    expect(await createTokenProvider(app, { scopes, account })()).toBe("at");
  });

  it("loads what a plugin persists with each call", async () => {
    let loads = 0;
    const cachePlugin = {
      beforeCacheAccess: async (context: { tokenCache: { deserialize(text: string): void } }) => {
        loads += 1;
        context.tokenCache.deserialize(user({ secret: `at ${loads}` }));
      },
      afterCacheAccess: async () => undefined,
    };
    const app = tessera(new Network(), { cache: { cachePlugin } });
    const provide = createTokenProvider(app, { scopes, account });
    expect([await provide(), await provide()]).toEqual(["at 1", "at 2"]);
  });

  it("returns a managed identity's token for a scope or a resource", async () => {
    const environment = { IDENTITY_ENDPOINT: "http://127.0.0.1:1/msi/token", IDENTITY_HEADER: "header" };
    Object.assign(process.env, environment);
    const asked: (string | null)[] = [];
    const networkClient: INetworkModule = {
      async sendGetRequestAsync<T>(url: string) {
        asked.push(new URL(url).searchParams.get("resource"));
        const body = {
          access_token: `for ${asked.length}`,
          expires_on: `${now + 86_400}`,
          token_type: "Bearer",
        };
        return { status: 200, headers: {}, body: body as T };
      },
      sendPostRequestAsync: () => Promise.reject(new Error("a POST")),
    };
    const app = new ManagedIdentityApplication({
      system: { networkClient, clock: createTestClock(now * 1000) },
    });
    const provide = createTokenProvider(app, { scopes: "https://vault.azure.net/.default" });
    expect([await provide(), await provide()]).toEqual(["for 1", "for 1"]);
    expect(asked).toEqual(["https://vault.azure.net"]);
    for (const name of Object.keys(environment)) Reflect.deleteProperty(process.env, name);
    const choose = () => createTokenProvider(app, { scopes: ["https://a.example", "https://b.example"] });
    expect(choose).toThrow(expect.objectContaining({ errorCode: "invalid_option" }));
  });

  it("asks the broker for the tokens of its users", async () => {
    const nativeBrokerPlugin = {
      isBrokerAvailable: true,
      setLogger: () => undefined,
      getAccountById: () => Promise.reject(new Error("unused")),
      getAllAccounts: async () => [],
      acquireTokenSilent: async () => ({ accessToken: "of the broker", account }),
      acquireTokenInteractive: () => Promise.reject(new Error("unused")),
      signOut: async () => undefined,
    };
    const app = new PublicClientApplication({
      auth: { clientId, authority: `https://login.microsoftonline.com/${tenant}` },
      broker: { nativeBrokerPlugin: nativeBrokerPlugin as never },
    });
    app.getTokenCache().deserialize(user());
    const known = { ...account, nativeAccountId: "native" };
    expect(await createTokenProvider(app, { scopes, account: known })()).toBe("of the broker");
  });

  it("works with whatever has the methods of an application", async () => {
    const fake = { acquireTokenByClientCredential: async () => ({ accessToken: "of a fake" }) };
    expect(await createTokenProvider(fake as never, { scopes: appScopes })()).toBe("of a fake");
  });

  const publicClient = new PublicClientApplication({ auth: { clientId } });
  it.each<[string, () => unknown]>([
    ["no scopes", () => createTokenProvider(tessera(new Network()), { scopes: [] })],
    ["scopes of another type", () => createTokenProvider(tessera(new Network()), { scopes: 5 as never })],
    ["no options", () => createTokenProvider(tessera(new Network()), undefined as never)],
    ["no application", () => createTokenProvider(undefined as never, { scopes })],
    ["a public client without an account", () => createTokenProvider(publicClient, { scopes })],
    ["an account without an id", () => createTokenProvider(publicClient, { scopes, account: {} as never })],
    [
      "an authority that names no tenant",
      () =>
        createTokenProvider(tessera(new Network()), {
          scopes: appScopes,
          authority: "https://login.microsoftonline.com/common",
        }),
    ],
  ])("refuses %s when it is made", (_what, make) => {
    expect(make).toThrow(expect.objectContaining({ errorCode: expect.any(String) }));
  });
});
