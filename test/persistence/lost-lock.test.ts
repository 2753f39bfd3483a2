// A process that stood still in the middle of an access, so that another took its lock.
// proves: persistence/src/stored-cache.ts, persistence/src/lock/ticket-lock.ts
import { readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { AccountInfo, ICachePlugin } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";
import { alice, bob, scopes, startStage, type Stage } from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ refreshTokenRotation: "strict" });
});
afterAll(() => stage.close());

/** An app whose lock is taken away from it between loading and saving, some times; and what others do meanwhile. */
async function losing(times: number, meanwhile: (cache: ReturnType<Stage["cache"]>) => Promise<unknown>) {
  const cache = stage.cache();
  const plugin = await createPersistentCache(cache);
  const [account] = (await stage.signIn(cache, alice)) as [AccountInfo];
  let writes = 0;
  const cachePlugin: ICachePlugin = {
    ...plugin,
    afterCacheAccess: async (context) => {
      if (context.cacheHasChanged && (writes += 1) <= times) {
        const locks = join(cache.directory, "locks");
        for (const ticket of readdirSync(locks))
          if (ticket.startsWith("cache.")) unlinkSync(join(locks, ticket));
        await meanwhile(cache);
      }
      await plugin.afterCacheAccess(context);
    },
  };
  return { app: stage.entra.publicClient({ cache: { cachePlugin } }), account, cache, writes: () => writes };
}

test("what it wanted to save is saved beside what the other wrote: a rotated refresh token is not lost", async () => {
  const { app, account, cache } = await losing(1, (place) => stage.signIn(place, bob));
  const renewed = await app.acquireTokenSilent({ account, scopes, forceRefresh: true });
  const next = await stage.app(cache);
  expect((await next.getAllAccounts()).map(({ username }) => username).sort()).toEqual([alice, bob]);
  expect(await next.acquireTokenSilent({ account, scopes })).toMatchObject({
    fromCache: true,
    accessToken: renewed.accessToken,
  });
  expect(await next.acquireTokenSilent({ account, scopes, forceRefresh: true })).toMatchObject({
    fromCache: false,
  });
});

test("it does not bring back a user who was signed out meanwhile", async () => {
  const { app, account, cache } = await losing(1, async (place) =>
    (await stage.app(place)).signOut({ account }),
  );
  await app.acquireTokenSilent({ account, scopes, forceRefresh: true }).catch(() => undefined);
  expect(await (await stage.app(cache)).getAllAccounts()).toEqual([]);
});

test("who loses it three times in a row is told", async () => {
  const { app, account, writes } = await losing(Infinity, () => Promise.resolve());
  await expect(app.acquireTokenSilent({ account, scopes, forceRefresh: true })).rejects.toMatchObject({
    errorCode: "lock_lost",
  });
  expect(writes()).toBe(3);
});
