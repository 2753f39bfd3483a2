// proves: core/src/cache/token-cache.ts
import { describe, expect, it } from "@jest/globals";
import type { AccountInfo } from "@tessera/node";
import { Network, plugin, scopes, signIn, tessera } from "../support/cache-stage.js";

describe("hasChanged", () => {
  it.each(["memory", "a plugin"])("says whether something was written since serialize: %s", async (kept) => {
    const file = { text: "" };
    const app = tessera(new Network(), kept === "memory" ? {} : { cache: { cachePlugin: plugin(file) } });
    const cache = app.getTokenCache();
    expect(["at first", cache.hasChanged()]).toEqual(["at first", false]);
    // A plugin that saves what has changed serialises it.
    const afterWrite = kept === "memory";
    const account = (await signIn(app)).account as AccountInfo;
    expect(["after a sign-in", cache.hasChanged()]).toEqual(["after a sign-in", afterWrite]);
    cache.serialize();
    await app.acquireTokenSilent({ scopes, account });
    await app.getAllAccounts();
    expect(["after a look", cache.hasChanged()]).toEqual(["after a look", false]);
    await app.removeAccount(account);
    expect(["after a sign-out", cache.hasChanged()]).toEqual(["after a sign-out", afterWrite]);
  });
});
