// An app forgets its own tokens, wherever they are kept, and nobody else's.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore, type CacheOptions } from "@tessera/node";
import { ask, fabrikam, startDaemons, type Daemons } from "../support/daemon-stage.js";
import { accountOf, type Entra } from "../support/entra.js";
import { expectNothingKept } from "../support/nothing-kept.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

let entra: Entra;
let daemon: Daemons["daemon"];
beforeAll(async () => {
  ({ entra, daemon } = await startDaemons());
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());

describe("removeTokensForClient", () => {
  const plugin = (): CacheOptions => {
    let stored = "";
    return {
      cachePlugin: {
        beforeCacheAccess: async (context) => context.tokenCache.deserialize(stored),
        afterCacheAccess: async (context) => {
          if (context.cacheHasChanged) stored = context.tokenCache.serialize();
        },
      },
    };
  };
  it.each<[string, () => CacheOptions]>([
    ["memory", () => ({})],
    ["a plugin", plugin],
    ["a store", () => ({ store: createMemoryTokenStore(entra.clock) })],
  ])("forgets the app's own tokens in every tenant, and no user's: %s", async (name, options) => {
    const cache = options();
    const app = daemon({ cache });
    const web = entra.confidential({ cache });
    const account = accountOf(await signInWithCode(entra, web, ["User.Read"]));
    await Promise.all([ask(web), ask(app), ask(app, { tenantId: fabrikam })]);
    entra.authority.clearRequests();
    await app.removeTokensForClient();
    // In another process as well.
    const again = name === "memory" ? app : daemon({ cache });
    expect((await ask(again)).fromCache).toBe(false);
    expect((await ask(again, { tenantId: fabrikam })).fromCache).toBe(false);
    expect(await web.acquireTokenSilent({ account, scopes: ["User.Read"] })).toMatchObject({
      fromCache: true,
    });
    expect(await ask(web)).toMatchObject({ fromCache: true });
  });

  it("is no harm when there are none", async () => {
    const app = daemon();
    await app.removeTokensForClient();
    await expectNothingKept(app);
  });
});
