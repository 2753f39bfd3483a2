// proves: core/src/cache/token-cache.ts, core/src/cache/account-provider.ts
import { describe, expect, it } from "@jest/globals";
import {
  accessToken,
  account,
  differs,
  document,
  Network,
  refreshToken,
  scopes,
  tessera,
  tokens,
} from "../support/cache-stage.js";
import { gate } from "../support/gate.js";

describe("removing an account", () => {
  it.each([
    {
      name: "an id with capitals, as AD FS and OpenID Providers have them",
      over: { home_account_id: "Sub|Q" },
      account: { ...account, homeAccountId: "Sub|Q" },
    },
    {
      name: "tokens under another name of the host",
      over: { environment: "login.microsoftonline.com" },
      account,
    },
  ])("takes along $name", async ({ over, account: removed }) => {
    const text = document({ AccessToken: accessToken(over), RefreshToken: refreshToken(over) });
    await differs(
      async (library) => {
        const app = library(new Network());
        app.getTokenCache().deserialize(text);
        await app.getTokenCache().removeAccount(removed);
        const { AccessToken, RefreshToken } = JSON.parse(app.getTokenCache().serialize()) as Record<
          string,
          object
        >;
        return Object.keys({ ...AccessToken, ...RefreshToken }).length;
      },
      0,
      2,
    );
  });

  it("while a refresh is in flight lets the caller have the token, and keeps nothing of it", async () => {
    const [arrived, held] = [gate(), gate()];
    const app = tessera(
      new Network(async () => {
        arrived.open();
        await held.opened;
        return tokens({ access_token: "late" });
      }),
    );
    app.getTokenCache().deserialize(document({ RefreshToken: refreshToken() }));
    const refreshed = app.acquireTokenSilent({ scopes, account });
    await arrived.opened;
    await app.removeAccount(account);
    held.open();
    expect(await refreshed).toMatchObject({ accessToken: "late" });
    expect(await app.getAllAccounts()).toEqual([]);
    expect(app.getTokenCache().stats().tokens).toBe(0);
  });
});
