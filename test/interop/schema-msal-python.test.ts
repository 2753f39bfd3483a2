import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { describeWith } from "../support/real-part.js";
import { cacheOf, entityTexts, expired, loaded, onlyAccount, type CacheJson } from "./schema-libraries.js";
import { interpreter, startPythonStage, type AppName, type PythonStage } from "./schema-python.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const appScopes = ["https://graph.microsoft.com/.default"];
const isInstalled = spawnSync(interpreter, ["-c", "import msal"]).status === 0;

describeWith("Debian's python3-msal", isInstalled, () => {
  let stage: PythonStage;

  beforeAll(async () => {
    stage = await startPythonStage();
  });
  afterAll(() => stage.close());
  beforeEach(() => {
    stage.authority.clearRequests();
  });

  const alice = {
    username: "alice@contoso.example",
    name: "Alice Archer",
    authorityType: "MSSTS",
    environment: "localhost",
  };
  const secrets = (cache: CacheJson, section: string) =>
    Object.values(cache[section] ?? {}).map(({ secret }) => secret);

  it.each<AppName>(["web", "desktop", "member"])(
    "%s: what python wrote stays as it is, and is a hit",
    async (name) => {
      const { result, cache } = await stage.pythonSignsIn(name, scopes);
      const read = loaded(stage.tessera(name), cache);
      expect(entityTexts(cacheOf(read))).toEqual(entityTexts(cache));
      const account = await onlyAccount(read);
      const [localAccountId] = stage.homeAccountId.split(".");
      const { homeAccountId, tenantId } = stage;
      expect(account).toMatchObject({ ...alice, homeAccountId, tenantId, localAccountId });
      stage.authority.clearRequests();
      const hit = await read.acquireTokenSilent({ account, scopes });
      expect(hit).toMatchObject({
        fromCache: true,
        accessToken: result.access_token,
        idToken: result.id_token,
      });
      expect(stage.requests()).toEqual([]);
    },
  );

  it.each([
    { tenant: "common", hit: true },
    { tenant: undefined, hit: false },
  ])("what python wrote through common is for the home tenant: %j", async ({ tenant, hit }) => {
    const { cache } = await stage.pythonSignsIn("desktop", scopes, "common");
    const read = loaded(stage.tessera("desktop", tenant), cache);
    const account = await onlyAccount(read);
    expect(account).toMatchObject({ ...alice, tenantId: stage.tenantId });
    stage.authority.clearRequests();
    expect(await read.acquireTokenSilent({ account, scopes })).toMatchObject({
      fromCache: hit,
      tenantId: stage.tenantId,
    });
    expect(stage.requests()).toEqual(hit ? [] : ["token"]);
    expect(await onlyAccount(read)).toMatchObject({ ...alice, tenantId: stage.tenantId });
  });

  it.each([undefined, "common"])(
    "one user stays one after python's tokens are renewed: tenant %s",
    async (tenant) => {
      const { cache } = await stage.pythonSignsIn("desktop", scopes, tenant);
      const read = loaded(stage.tessera("desktop", tenant), expired(cache));
      const account = await onlyAccount(read);
      await read.acquireTokenSilent({ account, scopes });
      expect(stage.refreshTokensSent()).toEqual(secrets(cache, "RefreshToken"));
      const { homeAccountId, tenantId, localAccountId, username } = account;
      expect(await onlyAccount(read)).toMatchObject({ homeAccountId, tenantId, localAccountId, username });
      const saved = cacheOf(read);
      for (const section of ["Account", "IdToken", "AccessToken", "RefreshToken", "AppMetadata"]) {
        expect(Object.keys(saved[section] ?? {})).toHaveLength(1);
      }
      expect(Object.values(saved["Account"] ?? {})[0]).toMatchObject({ realm: tenantId });
    },
  );

  it.each<AppName>(["web", "desktop", "member"])(
    "%s: what Tessera wrote is a hit for python",
    async (name) => {
      const app = stage.tessera(name);
      const { accessToken } = await stage.tesseraSignsIn(app, scopes);
      const cache = cacheOf(app);
      const { result: accounts } = await stage.python("accounts", name, cache);
      const { homeAccountId, tenantId } = stage;
      const account = {
        home_account_id: homeAccountId,
        environment: "localhost",
        realm: tenantId,
        username: alice.username,
      };
      expect(accounts).toEqual([expect.objectContaining(account)]);
      stage.authority.clearRequests();
      const { result } = await stage.python("silent", name, cache, {
        scopes,
        home_account_id: homeAccountId,
      });
      expect(result).toMatchObject({ access_token: accessToken, token_type: "Bearer" });
      // python always asks for the discovery document of its authority.
      expect(stage.requests()).toEqual(["openid-configuration"]);
    },
  );

  it.each<AppName>(["web", "desktop", "member"])(
    "%s: python renews with the refresh token Tessera wrote",
    async (name) => {
      const app = stage.tessera(name, "common");
      await stage.tesseraSignsIn(app, scopes);
      const cache = cacheOf(app);
      const request = { scopes, home_account_id: stage.homeAccountId };
      const { result, cache: renewed } = await stage.python("silent", name, expired(cache), request);
      expect(stage.refreshTokensSent()).toEqual(secrets(cache, "RefreshToken"));
      const read = loaded(stage.tessera(name), renewed);
      const hit = await read.acquireTokenSilent({ account: await onlyAccount(read), scopes });
      expect(hit).toMatchObject({ fromCache: true, accessToken: result.access_token });
    },
  );

  it.each<AppName>(["desktop", "member"])(
    "%s: each goes on from the refresh token the other has rotated",
    async (name) => {
      let { cache } = await stage.pythonSignsIn(name, scopes);
      const request = { scopes, home_account_id: stage.homeAccountId };
      for (let round = 0; round < 3; round += 1) {
        const app = loaded(stage.tessera(name), expired(cache));
        await app.acquireTokenSilent({ account: await onlyAccount(app), scopes });
        const byTessera = cacheOf(app);
        expect(secrets(byTessera, "RefreshToken")).toHaveLength(1);
        cache = (await stage.python("silent", name, expired(byTessera), request)).cache;
        expect(secrets(cache, "RefreshToken")).toContain(secrets(byTessera, "RefreshToken")[0]);
      }
      // Every refresh token is good once: six were sent, and none was refused.
      const sent = stage.refreshTokensSent();
      expect(new Set(sent).size).toBe(6);
      expect(sent).toHaveLength(6);
      expect(stage.authority.requests.filter(({ status = 0 }) => status >= 400)).toEqual([]);
    },
  );

  it("finds an app token with no home account, as python writes it", async () => {
    const { result, cache } = await stage.python("app_token", "web", {}, { scopes: appScopes });
    expect(Object.values(cache["AccessToken"] ?? {})[0]).toMatchObject({ home_account_id: null });
    const read = loaded(stage.tessera("web"), cache);
    stage.authority.clearRequests();
    const hit = await read.acquireTokenByClientCredential({ scopes: appScopes });
    expect(hit).toMatchObject({ fromCache: true, accessToken: result.access_token, account: null });
    expect(stage.requests()).toEqual([]);
    expect(entityTexts(cacheOf(read))).toEqual(entityTexts(cache));
    await read.acquireTokenByClientCredential({ scopes: appScopes, skipCache: true });
    expect(secrets(cacheOf(read), "AccessToken")).toHaveLength(1);
  });

  it("writes an app token as msal-node does, which python does not find, and finds both", async () => {
    const app = stage.tessera("web");
    await app.acquireTokenByClientCredential({ scopes: appScopes });
    const { result } = await stage.python("cached_app_token", "web", cacheOf(app), { scopes: appScopes });
    expect(result).toBeNull();
    const { cache } = await stage.python("app_token", "web", cacheOf(app), { scopes: appScopes });
    const read = loaded(stage.tessera("web"), cache);
    expect(await read.acquireTokenByClientCredential({ scopes: appScopes })).toMatchObject({
      fromCache: true,
    });
  });

  it.each([undefined, "common"])(
    "is signed out for python what Tessera signs out: tenant %s",
    async (tenant) => {
      const { cache } = await stage.pythonSignsIn("desktop", scopes, tenant);
      const app = loaded(stage.tessera("desktop", tenant), cache);
      await app.getTokenCache().removeAccount(await onlyAccount(app));
      const { AppMetadata: _, ...rest } = cacheOf(app);
      expect(entityTexts(rest)).toEqual([]);
      const { result } = await stage.python("accounts", "desktop", cacheOf(app), {}, tenant);
      expect(result).toEqual([]);
    },
  );

  it.each([undefined, "common"])(
    "is signed out for Tessera what python signs out: tenant %s",
    async (tenant) => {
      const request = { home_account_id: stage.homeAccountId };
      const { cache } = await stage.pythonSignsIn("desktop", scopes, tenant);
      const { cache: forgotten } = await stage.python("sign_out", "desktop", cache, request, tenant);
      const app = loaded(stage.tessera("desktop", tenant), cache);
      const account = await onlyAccount(app);
      const read = loaded(stage.tessera("desktop", tenant), forgotten);
      expect(await read.getTokenCache().getAllAccounts()).toEqual([]);
      await expect(read.acquireTokenSilent({ account, scopes })).rejects.toMatchObject({
        errorCode: "no_tokens_found",
      });

      // Tokens that Node has renewed stand under keys that python does not look for; the account it finds.
      const later = loaded(stage.tessera("desktop", tenant), expired(cache));
      await later.acquireTokenSilent({ account, scopes });
      const { cache: partly } = await stage.python("sign_out", "desktop", cacheOf(later), request, tenant);
      expect(await loaded(stage.tessera("desktop", tenant), partly).getTokenCache().getAllAccounts()).toEqual(
        [],
      );
    },
  );
});
