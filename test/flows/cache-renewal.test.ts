import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import {
  accessToken,
  account,
  appScopes,
  differs,
  document,
  msal,
  Network,
  now,
  refreshToken,
  scopes,
  tessera,
  tokens,
} from "../support/cache-stage.js";
import { gate } from "../support/gate.js";
import { createTestClock } from "../support/test-clock.js";

describe("a token that is due for renewal", () => {
  const due = { refresh_on: `${now - 10}`, cached_at: `${now - 100}` };

  it("is handed out at once, and renewed in the background", async () => {
    const text = document({ AccessToken: accessToken(due), RefreshToken: refreshToken() });
    await differs(
      async (library) => {
        const held = gate();
        const app = library(new Network(() => held.opened.then(() => tokens())));
        app.getTokenCache().deserialize(text);
        let answered = false;
        const silent = app.acquireTokenSilent({ scopes, account }).then(() => (answered = true));
        for (let turn = 0; turn < 50; turn += 1) await nextTurn();
        const atOnce = answered;
        held.open();
        await silent;
        return atOnce;
      },
      true,
      false,
    );
  });

  it.each(["user", "app"])(
    "stays in use when that fails, and is tried again after a while: %s",
    async (whose) => {
      const clock = createTestClock();
      const network = new Network(() => Promise.reject(new Error("no network")));
      const app = tessera(network, { system: { clock } });
      const bound = whose === "app" ? { home_account_id: "", target: appScopes[0] } : {};
      app
        .getTokenCache()
        .deserialize(
          document({ AccessToken: accessToken({ ...due, ...bound }), RefreshToken: refreshToken() }),
        );
      for (const requests of [1, 1, 2]) {
        if (requests === 2) clock.advance(60);
        const result =
          whose === "app"
            ? app.acquireTokenByClientCredential({ scopes: appScopes })
            : app.acquireTokenSilent({ scopes, account });
        expect(await result).toMatchObject({ fromCache: true, accessToken: "at" });
        for (let turn = 0; turn < 50; turn += 1) await nextTurn();
        expect(network.forms).toHaveLength(requests);
      }
    },
  );

  it("of an app lets a failure escape with the peer", async () => {
    const app = msal(new Network(() => Promise.reject(new Error("no network"))));
    app
      .getTokenCache()
      .deserialize(
        document({ AccessToken: accessToken({ ...due, home_account_id: "", target: appScopes[0] }) }),
      );
    await expect(app.acquireTokenByClientCredential({ scopes: appScopes })).rejects.toThrow();
  });
});
