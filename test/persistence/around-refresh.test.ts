// What the token cache asks of a plugin that serves several processes.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { AccountInfo, ICachePlugin } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";
import { alice, bob, scopes, startStage, type Stage } from "./stage.js";

const REFRESH_IN = 1000;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ refreshTokenRotation: "strict", refreshIn: REFRESH_IN });
});
afterAll(() => stage.close());

/** A plugin that notes for whom `aroundRefresh` is called. */
async function noting(over: Partial<ICachePlugin> = {}) {
  const cache = stage.cache();
  const plugin = await createPersistentCache(cache);
  const refreshed: string[] = [];
  const cachePlugin: ICachePlugin = {
    ...plugin,
    aroundRefresh: (partition, refresh, signal) => {
      refreshed.push(partition);
      return plugin.aroundRefresh(partition, refresh, signal);
    },
    ...over,
  };
  const accounts = await stage.signIn(cache, alice, bob);
  return { app: stage.entra.publicClient({ cache: { cachePlugin } }), accounts, refreshed, plugin };
}

describe("aroundRefresh", () => {
  test("is called for each refresh, with a name of the user, and for nothing else", async () => {
    const { app, accounts, refreshed } = await noting();
    for (const account of accounts) await app.acquireTokenSilent({ account, scopes });
    expect(refreshed).toEqual([]);
    for (const account of accounts) await app.acquireTokenSilent({ account, scopes, forceRefresh: true });
    expect(refreshed).toHaveLength(2);
    expect(new Set(refreshed).size).toBe(2);
  });

  test("need not be there", async () => {
    const { app, accounts } = await noting({ aroundRefresh: undefined });
    const [account] = accounts as [AccountInfo];
    expect(await app.acquireTokenSilent({ account, scopes, forceRefresh: true })).toMatchObject({
      fromCache: false,
    });
  });

  test("can be left while it waits for another process", async () => {
    const { app, accounts, plugin, refreshed } = await noting();
    const [account] = accounts as [AccountInfo];
    const leaving = new AbortController();
    await app.acquireTokenSilent({ account, scopes, forceRefresh: true });
    const before = stage.entra.tokenRequests();
    await plugin.aroundRefresh(refreshed[0] ?? "", async () => {
      const waiting = app.acquireTokenSilent({ account, scopes, forceRefresh: true, signal: leaving.signal });
      leaving.abort();
      await expect(waiting).rejects.toMatchObject({ errorCode: "request_aborted" });
    });
    expect(stage.entra.tokenRequests()).toBe(before);
    // It holds up nobody.
    expect(await app.acquireTokenSilent({ account, scopes, forceRefresh: true })).toMatchObject({
      fromCache: false,
    });
  });
});

test("a token that is due for renewal is renewed once, however many processes find it so", async () => {
  const cache = stage.cache();
  const [account] = (await stage.signIn(cache, alice)) as [AccountInfo];
  const processes = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const plugin = await createPersistentCache(cache);
      const cachePlugin: ICachePlugin = { ...plugin };
      const app = stage.entra.publicClient({ cache: { cachePlugin } });
      const renewal = new Promise<void>((resolve) => {
        cachePlugin.aroundRefresh = (...parameters) => plugin.aroundRefresh(...parameters).finally(resolve);
      });
      return { app, renewal };
    }),
  );
  stage.entra.clock.advance(REFRESH_IN + 1);
  const before = stage.entra.tokenRequests();
  for (const result of await Promise.all(
    processes.map(({ app }) => app.acquireTokenSilent({ account, scopes })),
  )) {
    expect(result).toMatchObject({ fromCache: true });
  }
  await Promise.all(processes.map(({ renewal }) => renewal));
  expect(stage.entra.tokenRequests() - before).toBe(1);
});

test("the lock is given back when the work between loading and saving fails", async () => {
  const cache = stage.cache();
  const [account] = (await stage.signIn(cache, alice)) as [AccountInfo];
  const app = await stage.app(cache);
  const nonsense = {
    ...account,
    get environment(): string {
      throw new Error("no environment");
    },
  };
  await expect(app.getTokenCache().removeAccount(nonsense)).rejects.toThrow("no environment");
  expect(await app.acquireTokenSilent({ account, scopes, forceRefresh: true })).toMatchObject({
    fromCache: false,
  });
});
