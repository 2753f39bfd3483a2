import { describe, expect, test } from "@jest/globals";
import { scriptedNetwork, type ScriptedNetwork } from "../support/scripted-network.js";
import { cacheJson, createApp, directions, expired, load, onlyAccount, redirectUri, type App, type LibraryName } from "./schema-libraries.js";
import { providers, type Provider } from "./schema-providers.js";

function onNetwork(library: LibraryName, { configuration, script }: Provider): { app: App; network: ScriptedNetwork } {
  const network = scriptedNetwork(script);
  const system = { ...configuration.system, networkClient: network };
  return { app: createApp(library, { ...configuration, system }), network };
}

describe.each(directions)("a cache that $writer wrote, in $reader", ({ writer, reader }) => {
  test.each(providers)("$name: the user, a silent hit, and a refresh", async (provider) => {
    const { scopes } = provider;
    const written = onNetwork(writer, provider);
    const signedIn = await written.app.acquireTokenByCode({ scopes, redirectUri, code: "code" });
    const cache = cacheJson(written.app);
    console.log(JSON.stringify(cache, null, 1));

    const read = onNetwork(reader, provider);
    load(read.app, cache);
    const account = await onlyAccount(read.app);
    expect(account).toMatchObject(provider.account);
    const hit = await read.app.acquireTokenSilent({ account, scopes });
    expect(hit).toMatchObject({ fromCache: true, accessToken: signedIn.accessToken, idToken: signedIn.idToken });
    expect(read.network.requests.filter(({line}) => reader === "tessera" || line.startsWith("POST"))).toEqual([]);
    expect(cacheJson(read.app)).toEqual(cache);

    const later = onNetwork(reader, provider);
    load(later.app, expired(cache));
    const renewed = await later.app.acquireTokenSilent({ account: await onlyAccount(later.app), scopes });
    expect(renewed.fromCache).toBe(false);
    const back = onNetwork(writer, provider);
    load(back.app, cacheJson(later.app));
    const again = await back.app.acquireTokenSilent({ account: await onlyAccount(back.app), scopes });
    expect(again).toMatchObject({ fromCache: true, accessToken: renewed.accessToken });
  });
});
