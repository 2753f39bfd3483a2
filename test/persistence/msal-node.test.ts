// The plugin in an app on @azure/msal-node.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createPersistentCache } from "@tessera/persistence";
import { accountOf, graph, signInWith, startStage, type Library, type Stage } from "../interop/stage.js";
import { temporaryFolder } from "./folder.js";
import { load, save } from "./raw-access.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

/** An app on a cache in a folder. */
async function appOf(library: Library, directory: string) {
  const cachePlugin = await createPersistentCache({ appName: "contoso-cli", directory, protection: "none" });
  return stage.app(library, "public", { cache: { cachePlugin } });
}

test("a user who has signed in with one library is known to the next process, with either", async () => {
  for (const [first, second] of [
    [stage.peer, stage.peer],
    [stage.peer, stage.tessera],
    [stage.tessera, stage.peer],
  ] as const) {
    const directory = temporaryFolder();
    const account = accountOf(await signInWith(await appOf(first, directory), stage));
    const next = await appOf(second, directory);
    expect(await next.getTokenCache().getAllAccounts()).toHaveLength(1);
    expect(await next.acquireTokenSilent({ account, scopes: graph })).toMatchObject({ fromCache: true });
    stage.advance(3600);
    expect(await next.acquireTokenSilent({ account, scopes: graph })).toMatchObject({ fromCache: false });
  }
});

test("calls at the same time all get their token, also while one of them writes", async () => {
  const app = await appOf(stage.peer, temporaryFolder());
  const account = accountOf(await signInWith(app, stage));
  const silent = (forceRefresh: boolean) => app.acquireTokenSilent({ account, scopes: graph, forceRefresh });
  const calls = Array.from({ length: 20 }, (_, index) => silent(index % 5 === 0));
  for (const result of await Promise.all(calls)) expect(result?.accessToken).toBeTruthy();
});

test("what one call writes is not undone by another that reads at the same time, whichever comes first", async () => {
  const directory = temporaryFolder();
  const app = await appOf(stage.peer, directory);
  const account = accountOf(await signInWith(app, stage));
  const cache = await createPersistentCache({ appName: "contoso-cli", directory, protection: "none" });
  const signedIn = await load(cache);
  for (let ticks = 0; ticks < 40; ticks += 1) {
    await save(cache, () => signedIn);
    const read = async (): Promise<void> => {
      for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
      await app.getTokenCache().getAllAccounts();
    };
    await Promise.all([app.getTokenCache().removeAccount(account), read()]);
    expect(await app.getTokenCache().getAllAccounts()).toEqual([]);
  }
});

test("a running app of the peer sees a sibling's sign-in", async () => {
  const directory = temporaryFolder();
  const running = await appOf(stage.peer, directory);
  expect(await running.getTokenCache().getAllAccounts()).toEqual([]);
  await signInWith(await appOf(stage.tessera, directory), stage);
  expect(await running.getTokenCache().getAllAccounts()).toHaveLength(1);
});

test("an error of the plugin reaches the peer's caller, and the lock is given back", async () => {
  const directory = temporaryFolder();
  const app = await appOf(stage.peer, directory);
  const account = accountOf(await signInWith(app, stage));
  const broken = await createPersistentCache({ appName: "contoso-cli", directory, protection: "none" });
  const throwing = {
    beforeCacheAccess: broken.beforeCacheAccess.bind(broken),
    afterCacheAccess: async (context: Parameters<typeof broken.afterCacheAccess>[0]) => {
      context.cache.serialize = () => {
        throw new Error("no JSON today");
      };
      await broken.afterCacheAccess(context);
    },
  };
  const unlucky = stage.app(stage.peer, "public", { cache: { cachePlugin: throwing } });
  await expect(unlucky.acquireTokenSilent({ account, scopes: graph, forceRefresh: true })).rejects.toThrow(
    "no JSON today",
  );
  expect(await app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true })).toMatchObject({
    fromCache: false,
  });
});
