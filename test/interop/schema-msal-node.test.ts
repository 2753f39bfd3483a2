import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { scriptedNetwork, type ScriptedNetwork } from "../support/scripted-network.js";
import {
  cacheOf,
  createApp,
  directions,
  expired,
  loaded,
  onlyAccount,
  redirectUri,
  signedIn,
  type App,
  type CacheJson,
  type LibraryName,
} from "./schema-libraries.js";
import {
  deepOidc,
  entraGuest,
  entraTenant,
  familyApp,
  providers,
  type Provider,
} from "./schema-providers.js";

const graph = ["https://graph.microsoft.com/User.Read"];

function onNetwork(
  library: LibraryName,
  ...known: readonly [Provider, ...Provider[]]
): { app: App; network: ScriptedNetwork } {
  const [{ configuration }] = known;
  const network = scriptedNetwork(
    Object.assign({}, ...known.map(({ script }) => script)) as Provider["script"],
  );
  const system = { ...configuration.system, networkClient: network };
  return { app: createApp(library, { ...configuration, system }), network };
}

/** msal-node resolves the authority before it looks into its cache, so with it only token requests count. */
function requestsThatCount(library: LibraryName, network: ScriptedNetwork): readonly string[] {
  const lines = network.requests.map(({ line }) => line);
  return library === "tessera" ? lines : lines.filter((line) => line.startsWith("POST"));
}

function tokenRequest(network: ScriptedNetwork): Readonly<Record<string, string>> | undefined {
  return network.requests.findLast(({ line }) => line.startsWith("POST"))?.form;
}

function refreshTokenOf(cache: CacheJson): unknown {
  return Object.values(cache["RefreshToken"] ?? {})[0]?.["secret"];
}

describe.each(directions)("a cache that $writer wrote, read by $reader", ({ writer, reader }) => {
  it.each(providers)("$name: lists the user, hits, refreshes, and hands back", async (provider) => {
    const { scopes } = provider;
    const first = onNetwork(writer, provider);
    const written = await first.app.acquireTokenByCode({ scopes, redirectUri, code: "code" });
    const cache = cacheOf(first.app);

    const second = onNetwork(reader, provider);
    const account = await onlyAccount(loaded(second.app, cache));
    expect(account).toMatchObject(provider.account);
    const hit = await second.app.acquireTokenSilent({ account, scopes });
    expect(hit).toMatchObject({
      fromCache: true,
      accessToken: written.accessToken,
      account: provider.account,
    });
    expect(requestsThatCount(reader, second.network)).toEqual([]);
    expect(cacheOf(second.app)).toEqual(cache);

    const later = onNetwork(reader, provider);
    const known = await onlyAccount(loaded(later.app, expired(cache)));
    const renewed = await later.app.acquireTokenSilent({ account: known, scopes });
    expect(tokenRequest(later.network)).toMatchObject({ refresh_token: refreshTokenOf(cache) });

    const back = onNetwork(writer, provider);
    loaded(back.app, cacheOf(later.app));
    const again = await back.app.acquireTokenSilent({ account: await onlyAccount(back.app), scopes });
    expect(again).toMatchObject({ fromCache: true, accessToken: renewed.accessToken });
  });

  it("keeps a user's home tenant and the tenants of others apart", async () => {
    const { scopes } = entraTenant;
    const { app } = onNetwork(writer, entraTenant, entraGuest);
    const request = { scopes, redirectUri, code: "code" };
    const home = await app.acquireTokenByCode(request);
    const guest = await app.acquireTokenByCode({
      ...request,
      authority: entraGuest.configuration.auth.authority,
    });

    const read = onNetwork(reader, entraTenant, entraGuest);
    const accounts = await loaded(read.app, cacheOf(app)).getTokenCache().getAllAccounts();
    expect(accounts).toHaveLength(2);
    for (const { tenantId, accessToken } of [home, guest]) {
      const account = accounts.find((one) => one.tenantId === tenantId);
      if (!account) throw new Error(`${tenantId} is not listed`);
      const authority = `https://login.microsoftonline.com/${tenantId}`;
      const hit = await read.app.acquireTokenSilent({ account, scopes, authority });
      expect(hit).toMatchObject({ fromCache: true, accessToken, tenantId });
    }
  });

  it("forgets a user who signs out", async () => {
    const { scopes } = entraTenant;
    const { app } = onNetwork(writer, familyApp);
    await app.acquireTokenByCode({ scopes, redirectUri, code: "code" });
    const read = onNetwork(reader, familyApp).app;
    const account = await onlyAccount(loaded(read, cacheOf(app)));
    await read.getTokenCache().removeAccount(account);
    const { AppMetadata, ...rest } = cacheOf(read);
    expect(rest).toEqual({ Account: {}, IdToken: {}, AccessToken: {}, RefreshToken: {} });
    expect(Object.keys(AppMetadata ?? {})).toHaveLength(1);
  });

  describe("at the local authority", () => {
    let authority: LocalAuthority;
    let network: PeerNetwork;

    beforeAll(async () => {
      const member = {
        clientId: "a-family-member",
        familyId: "1",
        multiTenant: true,
        redirectUris: ["http://localhost/*"],
      };
      authority = await startLocalAuthority({ tenants: [{ domain: "contoso.example", apps: [member] }] });
      network = peerNetwork(authority.caPem);
    });
    afterAll(async () => {
      await network.close();
      await authority.close();
    });

    it.each([
      { name: "an app of one tenant", client: 1, tenant: undefined },
      { name: "an app with a secret", client: 0, tenant: undefined },
      { name: "an app for everybody", client: 1, tenant: "common" },
      { name: "an app of the family", client: 4, tenant: undefined },
      { name: "an app of the family for everybody", client: 4, tenant: "common" },
    ])("$name: hits, and refreshes", async ({ client, tenant }) => {
      const { clientId = "", clientSecret } = authority.config.tenants[0]?.apps[client] ?? {};
      const create = (library: LibraryName) =>
        createApp(library, {
          auth: {
            clientId,
            authority: authority.authorityUrl(tenant),
            knownAuthorities: [new URL(authority.url).host],
            ...(clientSecret === undefined ? {} : { clientSecret }),
          },
          system: { networkClient: network },
        });
      const app = create(writer);
      const { accessToken } = await signedIn(app, authority, graph);

      const read = loaded(create(reader), cacheOf(app));
      const account = await onlyAccount(read);
      authority.clearRequests();
      expect(await read.acquireTokenSilent({ account, scopes: graph })).toMatchObject({
        fromCache: true,
        accessToken,
      });
      const counted = authority.requests.filter(
        ({ endpoint }) => reader === "tessera" || endpoint === "token",
      );
      expect(counted).toEqual([]);

      const later = loaded(create(reader), expired(cacheOf(app)));
      const renewed = await later.acquireTokenSilent({ account: await onlyAccount(later), scopes: graph });
      expect(authority.requests.filter(({ endpoint }) => endpoint === "token")).toHaveLength(1);
      const back = loaded(create(writer), cacheOf(later));
      const again = await back.acquireTokenSilent({ account: await onlyAccount(back), scopes: graph });
      expect(again).toMatchObject({ fromCache: true, accessToken: renewed.accessToken });
    });
  });
});

describe("a cache that msal-node wrote, read by tessera alone", () => {
  it("serves every app of the family with the refresh token of one", async () => {
    const { scopes } = familyApp;
    const { app } = onNetwork("msal-node", familyApp);
    await app.acquireTokenByCode({ scopes, redirectUri, code: "code" });
    const cache = cacheOf(app);
    const sibling = "30000000-0000-4000-8000-00000000051b";
    const metadata = { client_id: sibling, environment: "login.windows.net", family_id: "1" };
    const AppMetadata = { ...cache["AppMetadata"], [`appmetadata-login.windows.net-${sibling}`]: metadata };

    const { auth } = familyApp.configuration;
    const configuration = { ...familyApp.configuration, auth: { ...auth, clientId: sibling } };
    const read = onNetwork("tessera", { ...familyApp, configuration });
    const account = await onlyAccount(loaded(read.app, { ...cache, AppMetadata }));
    expect(await read.app.acquireTokenSilent({ account, scopes })).toMatchObject({
      fromCache: false,
      familyId: "1",
    });
    expect(tokenRequest(read.network)).toMatchObject({
      client_id: sibling,
      refresh_token: refreshTokenOf(cache),
    });
    expect(Object.keys(cacheOf(read.app)["RefreshToken"] ?? {})).toHaveLength(1);
  });

  it("renews where msal-node cannot find its own token: an issuer of several path segments", async () => {
    const { scopes } = deepOidc;
    const first = onNetwork("msal-node", deepOidc);
    await first.app.acquireTokenByCode({ scopes, redirectUri, code: "code" });
    const account = await onlyAccount(first.app);
    expect((await first.app.acquireTokenSilent({ account, scopes })).fromCache).toBe(false);

    const read = onNetwork("tessera", deepOidc);
    const known = await onlyAccount(loaded(read.app, cacheOf(first.app)));
    expect((await read.app.acquireTokenSilent({ account: known, scopes })).fromCache).toBe(false);
    expect(await read.app.acquireTokenSilent({ account: known, scopes })).toMatchObject({ fromCache: true });
    expect(Object.keys(cacheOf(read.app)["RefreshToken"] ?? {})).toHaveLength(1);
  });
});
