import { describe, expect, it } from "@jest/globals";
import type { ICachePlugin } from "@tessera/node";
import { scriptedNetwork } from "../support/scripted-network.js";
import {
  cacheOf,
  changed,
  createApp,
  entityTexts,
  expired,
  loaded,
  onlyAccount,
  redirectUri,
  type App,
  type CacheJson,
  type LibraryName,
} from "./schema-libraries.js";
import { familyApp, providers, webApi, type Provider } from "./schema-providers.js";

function create(library: LibraryName, { configuration, script }: Provider, over: object = {}): App {
  return createApp(library, {
    ...configuration,
    ...over,
    system: { ...configuration.system, networkClient: scriptedNetwork(script) },
  });
}

async function writtenByMsalNode(provider: Provider): Promise<CacheJson> {
  const app = create("msal-node", provider);
  await app.acquireTokenByCode({ scopes: provider.scopes, redirectUri, code: "code" });
  return cacheOf(app);
}

/** Everything msal-node can put into one cache: users, family, app tokens, on-behalf-of tokens. */
async function fullCache(): Promise<CacheJson> {
  const app = create("msal-node", webApi);
  for (const provider of providers) loaded(app, await writtenByMsalNode(provider));
  await app.acquireTokenOnBehalfOf({ scopes: ["api://orders/read"], oboAssertion: "assertion" });
  await app.acquireTokenByClientCredential({ scopes: ["api://orders/.default"], fmiPath: "agents/one" });
  await app.acquireTokenByClientCredential({ scopes: ["https://api.example/.default"] });
  return cacheOf(app);
}

/** The cache as a later version of some library may leave it: with fields and sections nobody here knows. */
function withUnknowns(cache: CacheJson): CacheJson {
  const sections = Object.keys(cache);
  const marked = sections.reduce(
    (all, section) =>
      changed(all, section, (entity, key) => [key, { ...entity, later_field: [section, { n: 1 }, null] }]),
    cache,
  );
  return { ...marked, LaterSection: { "some-key": { a: "b" } } };
}

describe("a cache that msal-node wrote", () => {
  it("loses nothing when Tessera loads and saves it, and msal-node loads it again", async () => {
    const cache = await fullCache();
    const saved = cacheOf(loaded(create("tessera", webApi), cache));
    expect(entityTexts(saved)).toEqual(entityTexts(cache));
    const again = loaded(create("msal-node", webApi), saved);
    expect(entityTexts(cacheOf(again))).toEqual(entityTexts(cache));
    expect(await again.getTokenCache().getAllAccounts()).toHaveLength(
      (await loaded(create("msal-node", webApi), cache).getTokenCache().getAllAccounts()).length,
    );
  });

  it("keeps what nobody understands through a plugin, beside what Tessera adds", async () => {
    const cache = withUnknowns(await fullCache());
    let stored = JSON.stringify(cache);
    const cachePlugin: ICachePlugin = {
      beforeCacheAccess: async ({ tokenCache }) => {
        tokenCache.deserialize(stored);
      },
      afterCacheAccess: async ({ cacheHasChanged, tokenCache }) => {
        if (cacheHasChanged) stored = tokenCache.serialize();
      },
    };
    const app = create("tessera", webApi, { cache: { cachePlugin } });
    await app.acquireTokenByClientCredential({ scopes: ["api://something-new/.default"] });
    const before = entityTexts(cache);
    const after = entityTexts(JSON.parse(stored) as CacheJson);
    expect(after.filter((text) => !before.includes(text))).toEqual([
      expect.stringContaining("api://something-new/.default-"),
    ]);
    expect(before.filter((text) => !after.includes(text))).toEqual([]);

    const peer = loaded(create("msal-node", webApi), JSON.parse(stored) as CacheJson);
    expect(
      await peer.acquireTokenByClientCredential({ scopes: ["api://something-new/.default"] }),
    ).toMatchObject({ fromCache: true });
    expect(entityTexts(cacheOf(peer))).toEqual(after);
  });

  it("keeps what nobody understands in a user's entries when the user's tokens are renewed", async () => {
    const cache = withUnknowns(expired(await writtenByMsalNode(familyApp)));
    const app = loaded(create("tessera", familyApp), cache);
    await app.acquireTokenSilent({ account: await onlyAccount(app), scopes: familyApp.scopes });
    const { Account, LaterSection } = cacheOf(app);
    expect(Object.values(Account ?? {})).toEqual([
      expect.objectContaining({ later_field: ["Account", { n: 1 }, null] }),
    ]);
    expect(LaterSection).toEqual({ "some-key": { a: "b" } });
  });
});

describe("keys as msal-node 2.15 wrote them, one dash longer", () => {
  const credentials = ["IdToken", "AccessToken", "RefreshToken"];
  const old = (cache: CacheJson) =>
    credentials.reduce((all, section) => changed(all, section, (entity, key) => [`${key}-`, entity]), cache);

  it.each(providers)("$name: are read, and gone after the next write", async (provider) => {
    const { scopes } = provider;
    const cache = await writtenByMsalNode(provider);
    const read = loaded(create("tessera", provider), old(cache));
    expect(await read.acquireTokenSilent({ account: await onlyAccount(read), scopes })).toMatchObject({
      fromCache: true,
    });

    const later = loaded(create("tessera", provider), old(expired(cache)));
    const renewed = await later.acquireTokenSilent({ account: await onlyAccount(later), scopes });
    const saved = cacheOf(later);
    for (const section of [...credentials, "Account", "AppMetadata"]) {
      expect(Object.keys(saved[section] ?? {})).toEqual(Object.keys(cache[section] ?? {}));
    }
    const peer = loaded(create("msal-node", provider), saved);
    const hit = await peer.acquireTokenSilent({ account: await onlyAccount(peer), scopes });
    expect(hit).toMatchObject({ fromCache: true, accessToken: renewed.accessToken });
  });

  it("are replaced by the new form of an app's own token", async () => {
    const app = create("msal-node", webApi);
    const scopes = ["https://api.example/.default"];
    await app.acquireTokenByClientCredential({ scopes });
    const cache = cacheOf(app);
    const read = loaded(create("tessera", webApi), old(cache));
    expect(await read.acquireTokenByClientCredential({ scopes })).toMatchObject({ fromCache: true });
    await read.acquireTokenByClientCredential({ scopes, skipCache: true });
    expect(Object.keys(cacheOf(read)["AccessToken"] ?? {})).toEqual(Object.keys(cache["AccessToken"] ?? {}));
  });
});

describe("times as msal-node writes them", () => {
  it("takes a token for fresh whose cached_at was rounded up to the next second", async () => {
    const scopes = ["https://api.example/.default"];
    const writer = create("msal-node", webApi);
    await writer.acquireTokenByClientCredential({ scopes });
    const now = Date.UTC(2030, 0, 1, 12, 0, 0, 600);
    const cachedAt = Math.round(now / 1000);
    const cache = changed(cacheOf(writer), "AccessToken", (token, key) => [
      key,
      { ...token, cached_at: String(cachedAt), expires_on: String(cachedAt + 3600) },
    ]);
    const { configuration, script } = webApi;
    const system = { networkClient: scriptedNetwork(script), clock: { now: () => now } };
    const reader = loaded(createApp("tessera", { ...configuration, system }), cache);
    expect(await reader.acquireTokenByClientCredential({ scopes })).toMatchObject({ fromCache: true });
  });
});
