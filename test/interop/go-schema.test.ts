import { describe, expect, it } from "@jest/globals";
import { scriptedNetwork, type ScriptedNetwork } from "../support/scripted-network.js";
import {
  appToken,
  assertion,
  boundTokens,
  environment,
  goCache,
  homeAccountId,
  idTokenOf,
  metadata,
  onBehalfOf,
  popToken,
  signedInThrough,
  staticClaims,
  target,
  unknownSection,
} from "./go-cache.js";
import {
  cacheOf,
  createApp,
  entityTexts,
  expired,
  loaded,
  onlyAccount,
  type App,
  type CacheJson,
  type LibraryName,
} from "./schema-libraries.js";
import { guestTenant, home, organizations, uid, webApi, type Provider } from "./schema-providers.js";

interface Reader {
  readonly app: App;
  readonly network: ScriptedNetwork;
}

function read(provider: Provider, cache: CacheJson, library: LibraryName = "tessera"): Reader {
  const network = scriptedNetwork(provider.script);
  const configuration = { ...provider.configuration, system: { networkClient: network } };
  return { app: loaded(createApp(library, configuration), cache), network };
}

const appTokens = [appToken, ...boundTokens, popToken];

describe("a cache as MSAL for Go writes it", () => {
  it("is saved with everything it held", () => {
    const cache = goCache(
      metadata,
      ...signedInThrough("organizations"),
      ...onBehalfOf,
      ...appTokens,
      unknownSection,
    );
    expect(entityTexts(cacheOf(read(webApi, cache).app))).toEqual(entityTexts(cache));
  });

  it.each([
    { secret: "access token of the app", request: {} },
    { secret: "access token for an agent", request: { fmiPath: "agents/one" } },
    { secret: "access token with static claims", request: { claimsFromClient: staticClaims } },
    { secret: "access token with both", request: { fmiPath: "agents/one", claimsFromClient: staticClaims } },
  ])("has the app's own token, without a home account: $secret", async ({ request, secret }) => {
    const { app, network } = read(webApi, goCache(...appTokens));
    const hit = await app.acquireTokenByClientCredential({ scopes: [target], ...request });
    expect(hit).toMatchObject({ fromCache: true, accessToken: secret, account: null });
    expect(network.requests).toEqual([]);
  });

  it.each([
    { name: "bound to something", entries: boundTokens, request: {} },
    { name: "bound to something else", entries: boundTokens, request: { fmiPath: "agents/two" } },
    { name: "bound to nothing", entries: [appToken], request: { fmiPath: "agents/one" } },
    { name: "bound to a key", entries: [popToken], request: {} },
  ])("does not hand out a token that is $name, and keeps it", async ({ entries, request }) => {
    const { app } = read(webApi, goCache(...entries));
    const result = await app.acquireTokenByClientCredential({ scopes: [target], ...request });
    expect(result).toMatchObject({ fromCache: false });
    expect(entityTexts(cacheOf(app))).toEqual(expect.arrayContaining([...entityTexts(goCache(...entries))]));
  });

  it("has the on-behalf-of token, by the padded hash of its assertion", async () => {
    const { app, network } = read(webApi, goCache(...onBehalfOf));
    const request = { scopes: ["https://api.example/Read"], oboAssertion: assertion };
    const expected = { fromCache: true, accessToken: "access token of user on behalf" };
    expect(await app.acquireTokenOnBehalfOf(request)).toMatchObject({
      ...expected,
      account: { homeAccountId, username: "user@example.test" },
    });
    expect(network.requests).toEqual([]);
    const other = await app.acquireTokenOnBehalfOf({ ...request, oboAssertion: "another assertion" });
    expect(other).toMatchObject({ fromCache: false });
    expect(await app.acquireTokenOnBehalfOf(request)).toMatchObject(expected);
  });

  it.each([
    { provider: organizations, realm: "organizations" },
    { provider: webApi, realm: home },
  ])("has the user's token: realm $realm", async ({ provider, realm }) => {
    const { app, network } = read(provider, goCache(metadata, ...signedInThrough(realm)));
    const account = await onlyAccount(app);
    expect(account).toMatchObject({ ...provider.account, environment, tenantId: home });
    expect(await app.acquireTokenSilent({ account, scopes: provider.scopes })).toMatchObject({
      fromCache: true,
      accessToken: "access token of user 1",
      idToken: idTokenOf(realm),
    });
    expect(network.requests).toEqual([]);
  });

  it.each(["organizations", home])("is renewed for msal-node and itself: realm %s", async (realm) => {
    const { scopes } = organizations;
    const { app, network } = read(organizations, expired(goCache(metadata, ...signedInThrough(realm))));
    const renewed = await app.acquireTokenSilent({ account: await onlyAccount(app), scopes });
    expect(network.requests[0]?.form).toMatchObject({ refresh_token: "refresh token of user 1" });
    const saved = cacheOf(app);
    for (const section of Object.keys(saved)) expect(Object.keys(saved[section] ?? {})).toHaveLength(1);
    for (const library of ["tessera", "msal-node"] as const) {
      const again = read({ ...organizations, script: {} }, saved, library).app;
      const account = await onlyAccount(again);
      expect(account).toMatchObject({ homeAccountId, tenantId: home, localAccountId: uid });
      const hit = await again.acquireTokenSilent({ account, scopes });
      expect(hit).toMatchObject({ fromCache: true, accessToken: renewed.accessToken });
    }
  });

  it("keeps every tenant of a user, who has an account entry in each", async () => {
    const cache = goCache(metadata, ...signedInThrough(guestTenant), ...signedInThrough(home));
    const { app } = read(organizations, expired(cache));
    const list = async (of: App) => {
      const accounts = await of.getTokenCache().getAllAccounts();
      return accounts.sort((a, b) => a.tenantId.localeCompare(b.tenantId));
    };
    const ids = [
      { homeAccountId, tenantId: guestTenant, localAccountId: "guest-id" },
      { homeAccountId, tenantId: home, localAccountId: uid },
    ];
    const [guest, account] = await list(app);
    expect([guest, account]).toMatchObject(ids);
    if (!account) throw new Error("the home tenant is not listed");
    await app.acquireTokenSilent({ account, scopes: organizations.scopes });
    const saved = cacheOf(app);
    expect(Object.keys(saved["Account"] ?? {})).toHaveLength(1);
    for (const library of ["tessera", "msal-node"] as const) {
      expect(await list(read(organizations, saved, library).app)).toMatchObject(ids);
    }
  });

  it("lists a user once whose tenant Go calls by its domain", async () => {
    const domain = "contoso.onmicrosoft.com";
    const { app } = read(organizations, expired(goCache(metadata, ...signedInThrough(domain))));
    const ids = { homeAccountId, tenantId: home, localAccountId: uid };
    const account = await onlyAccount(app);
    expect(account).toMatchObject(ids);
    await app.acquireTokenSilent({ account, scopes: organizations.scopes });
    for (const library of ["tessera", "msal-node"] as const) {
      expect(await onlyAccount(read(organizations, cacheOf(app), library).app)).toMatchObject(ids);
    }
  });

  it("forgets a user, signed in and on behalf of", async () => {
    const { app } = read(
      webApi,
      goCache(metadata, ...signedInThrough("organizations"), ...onBehalfOf, ...appTokens),
    );
    await app.getTokenCache().removeAccount(await onlyAccount(app));
    expect(entityTexts(cacheOf(app))).toEqual(entityTexts(goCache(metadata, ...appTokens)));
  });
});
