// proves: core/src/cache/provider.ts, core/src/cache/account-provider.ts, core/src/cache/record.ts
//
// An app trusts two identity providers whose users have one home account id: each is found, signed out, kept and named by
// its own provider alone.
import { beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type AccountInfo, type ICachePlugin } from "@tessera/node";
import { forms, orders, outcome, refused, signInBoth, silently, stages } from "../support/both-signed-in.js";
import type { ScriptedNetwork } from "../support/scripted-network.js";
import { configuration, redirectUri, scopes, victimId } from "../support/two-providers.js";

describe.each(stages)("%s", (_stage, stage) => {
  const { victim, evil } = stage;
  let network: ScriptedNetwork;
  let app: ConfidentialClientApplication;

  describe.each(orders)("%s", (_order, order) => {
    let victims: AccountInfo;
    let evils: AccountInfo;
    beforeEach(async () => {
      ({ network, app, victims, evils } = await signInBoth(stage, order));
    });

    it.each(["getAccountByHomeId", "getAccountByLocalId"] as const)(
      "%s does not choose between them",
      async (method) => {
        const id = method === "getAccountByHomeId" ? victimId : victims.localAccountId;
        const field = method === "getAccountByHomeId" ? "homeAccountId" : "localAccountId";
        const found = (await app.getAllAccounts()).filter((account) => account[field] === id);
        for (const source of [app, app.getTokenCache()]) {
          const call = source[method](id).then((account) => account?.username ?? "nobody");
          expect(await outcome(call)).toBe(
            found.length > 1 ? "ClientAuthError multiple_matching_accounts" : found[0]?.username,
          );
        }
      },
    );

    it("getAccounts finds the users of one authority", async () => {
      for (const [{ authority }, account] of [
        [victim, victims],
        [evil, evils],
      ] as const) {
        for (const source of [app, app.getTokenCache()]) {
          for (const ask of [{}, { homeAccountId: victimId }, { username: account.username }]) {
            const found = await source.getAccounts({ ...ask, authority });
            expect(found.map(({ username }) => username)).toEqual([account.username]);
          }
        }
      }
    });

    it.each<["signOut" | "removeAccount", (account: AccountInfo) => Promise<void>]>([
      ["signOut", (account) => app.signOut({ account })],
      ["removeAccount", (account) => app.removeAccount(account)],
    ])("%s of one leaves the other", async (_, leave) => {
      await leave(evils);
      expect(await app.getAllAccounts()).toEqual([expect.objectContaining({ username: victims.username })]);
      expect(await outcome(silently(app, { account: victims }))).toBe("access-token-of-victim");
      await leave(victims);
      expect(await app.getAllAccounts()).toEqual([]);
      expect(app.getTokenCache().stats().tokens).toBe(0);
    });

    it("an account that has lost its claims signs nobody else out", async () => {
      const removed = async (account: AccountInfo): Promise<string> => {
        await app.removeAccount(account);
        return "removed";
      };
      for (const [, lose] of forms) {
        await outcome(removed(lose(evils)));
        expect(await outcome(silently(app, { account: victims }))).toBe("access-token-of-victim");
      }
    });

    it("buildEndSessionUrl sends the ID token to its own provider only", async () => {
      expect(await outcome(app.buildEndSessionUrl({ account: evils }))).toMatch(
        /no_tokens_found|authority_mismatch/,
      );
      const url = new URL(await app.buildEndSessionUrl({ account: evils, authority: evil.authority }));
      expect(url.searchParams.get("id_token_hint")).toBe(evils.idToken);
      expect(url.href).toMatch(new RegExp(`^${evil.authority}/`));
    });

    it("getAuthCodeUrl names an account to its own provider only", async () => {
      const request = { scopes, redirectUri, account: evils };
      const foreign = await app.getAuthCodeUrl(request);
      expect(decodeURIComponent(foreign)).not.toMatch(/evil@contoso|X-AnchorMailbox/);
      const own = await app.getAuthCodeUrl({ ...request, authority: evil.authority });
      expect(new URL(own).searchParams.get("login_hint")).toBe("evil@contoso.example");
    });

    it("a cache that is written, read and kept by a plugin keeps them apart", async () => {
      let text = app.getTokenCache().serialize();
      const cachePlugin: ICachePlugin = {
        beforeCacheAccess: async ({ tokenCache }) => {
          tokenCache.deserialize(text);
        },
        afterCacheAccess: async ({ tokenCache, cacheHasChanged }) => {
          if (cacheHasChanged) text = tokenCache.serialize();
        },
      };
      const { auth, ...rest } = configuration(stage, network);
      app = new ConfidentialClientApplication({
        ...rest,
        auth: { ...auth, clientSecret: "secret" },
        cache: { cachePlugin },
      });
      for (const [, lose] of forms) {
        for (const forceRefresh of [false, true]) {
          expect(await outcome(silently(app, { account: lose(evils), forceRefresh }))).toBe(refused);
        }
      }
      expect(await outcome(silently(app, { account: victims }))).toBe("access-token-of-victim");
      await app.signOut({ account: evils });
      expect(await outcome(silently(app, { account: victims }))).toBe("access-token-of-victim");
    });

    it("acquireTokenByRefreshToken brings back nobody but the provider's own user", async () => {
      await app.removeAccount(evils);
      const before = app.getTokenCache().serialize();
      const { authority } = evil;
      const imported = await app.acquireTokenByRefreshToken({ scopes, refreshToken: "any", authority });
      expect(imported.accessToken).toBe("access-token-of-evil");
      expect(app.getTokenCache().serialize()).toBe(before);
    });
  });
});
