// A cache plugin that was written for the peer: when it is called, with what, and what it finds.
// proves: core/src/cache/storage/plugin.ts, core/src/cache/storage/plugin-session.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ICachePlugin } from "@azure/msal-node";
import {
  accountOf,
  appScopes,
  graph,
  signInWith,
  startStage,
  type ConfidentialApp,
  type Library,
  type Stage,
} from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const read = ["before, unchanged", "after, unchanged"];
const write = ["before, changed", "after, changed"];

/** A plugin as the peer's documentation shows it, on a text in place of a file, that notes how it is called. */
function textPlugin() {
  const calls: string[] = [];
  const store = { text: "" };
  const contexts: unknown[] = [];
  const plugin: ICachePlugin = {
    beforeCacheAccess: async (context) => {
      calls.push(`before, ${context.cacheHasChanged ? "changed" : "unchanged"}`);
      contexts.push(context.tokenCache, context.cache);
      context.tokenCache.deserialize(store.text);
    },
    afterCacheAccess: async (context) => {
      calls.push(`after, ${context.cacheHasChanged ? "changed" : "unchanged"}`);
      contexts.push(context.tokenCache, context.cache);
      if (context.cacheHasChanged) store.text = context.tokenCache.serialize();
    },
  };
  return { calls, contexts, store, plugin };
}

type Plugin = ReturnType<typeof textPlugin>;

async function prepared(library: Library) {
  const plugin = textPlugin();
  const app = stage.app(library, "confidential", { cache: { cachePlugin: plugin.plugin } });
  const account = accountOf(await signInWith(app, stage));
  plugin.calls.length = 0;
  return { app, account, plugin };
}

interface Step {
  readonly run: (ready: {
    app: ConfidentialApp;
    account: ReturnType<typeof accountOf>;
    plugin: Plugin;
  }) => Promise<unknown>;
  /** What both do. */
  readonly calls: readonly string[];
  /** What Tessera does instead, and why. */
  readonly tessera?: { readonly calls: readonly string[]; readonly why: string };
}

const renewal =
  "the store is read again before the renewal and for the newest refresh token: another process may have been faster";
const appToken = (app: ConfidentialApp) => app.acquireTokenByClientCredential({ scopes: appScopes });

describe("a cache plugin is called in the same order and with the same flags for", () => {
  it.each(
    Object.entries<Step>({
      "a sign-in": { run: ({ app }) => signInWith(app, stage), calls: write },
      "a token in the cache": {
        run: ({ app, account }) => app.acquireTokenSilent({ account, scopes: graph }),
        calls: read,
      },
      "a token that expired": {
        run: ({ app, account }) => {
          stage.advance(3600);
          return app.acquireTokenSilent({ account, scopes: graph });
        },
        calls: [...read, ...write],
        tessera: { calls: [...read, ...read, ...read, ...write], why: renewal },
      },
      "a token that is forced to be new": {
        run: ({ app, account }) => app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true }),
        calls: [...read, ...write],
      },
      "a renewal that is refused": {
        run: ({ app, account }) => {
          stage.authority.fault({
            match: "token",
            status: 400,
            body: JSON.stringify({ error: "invalid_client" }),
          });
          return expect(
            app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true }),
          ).rejects.toThrow();
        },
        calls: read,
      },
      "an app's own token": { run: ({ app }) => appToken(app), calls: [...read, ...write] },
      "an app's own token in the cache": {
        run: async ({ app, plugin }) => {
          await appToken(app);
          plugin.calls.length = 0;
          await appToken(app);
        },
        calls: read,
      },
      "a token on behalf of a user that is refused": {
        run: ({ app }) => {
          stage.authority.fault({
            match: "token",
            status: 400,
            body: JSON.stringify({ error: "invalid_client" }),
          });
          const call = app.acquireTokenOnBehalfOf({ scopes: graph, oboAssertion: "an-assertion" });
          return expect(call).rejects.toThrow();
        },
        calls: [],
        tessera: { calls: read, why: "another process may have the token" },
      },
      "all accounts": { run: ({ app }) => app.getTokenCache().getAllAccounts(), calls: read },
      "an account by home id": {
        run: ({ app, account }) => app.getTokenCache().getAccountByHomeId(account.homeAccountId),
        calls: read,
      },
      "an account by local id": {
        run: ({ app, account }) => app.getTokenCache().getAccountByLocalId(account.localAccountId),
        calls: read,
      },
      "no account": {
        run: ({ app }) => app.getTokenCache().getAccountByHomeId(""),
        calls: read,
        tessera: { calls: [], why: "nobody has the empty id" },
      },
      "forgetting a user": {
        run: ({ app, account }) => app.getTokenCache().removeAccount(account),
        calls: write,
      },
    }),
  )("%s", async (_, { run, calls, tessera: other }) => {
    const { peer, tessera } = await stage.both(async (library) => {
      const ready = await prepared(library);
      await run(ready);
      expect(new Set(ready.plugin.contexts)).toEqual(new Set([ready.app.getTokenCache()]));
      return ready.plugin.calls;
    });
    expect(peer.value).toEqual(calls);
    expect(tessera.value).toEqual(other?.calls ?? calls);
  });
});

describe("what a cache plugin stores", () => {
  it("serves an application of the other library at once, and after a renewal again the first", async () => {
    const plugin = textPlugin();
    const cache = { cachePlugin: plugin.plugin };
    const [first, second] = [
      stage.app(stage.peer, "confidential", { cache }),
      stage.app(stage.tessera, "confidential", { cache }),
    ];
    const account = accountOf(await signInWith(first, stage));
    await appToken(first);
    for (const app of [first, second]) {
      expect(await app.acquireTokenSilent({ account, scopes: graph })).toMatchObject({ fromCache: true });
      expect(await appToken(app)).toMatchObject({ fromCache: true });
    }
    stage.advance(3600);
    const renewed = await second.acquireTokenSilent({ account, scopes: graph });
    expect(renewed.fromCache).toBe(false);
    expect(await first.acquireTokenSilent({ account, scopes: graph })).toMatchObject({
      fromCache: true,
      accessToken: renewed.accessToken,
    });
  });

  it.each(["peer", "tessera"] as const)(
    "loses a user whom %s forgets, also for a running Tessera",
    async (forgetful) => {
      const cache = { cachePlugin: textPlugin().plugin };
      const running = {
        peer: stage.app(stage.peer, "confidential", { cache }),
        tessera: stage.app(stage.tessera, "confidential", { cache }),
      };
      const account = accountOf(await signInWith(running.peer, stage));
      for (const app of Object.values(running)) await app.acquireTokenSilent({ account, scopes: graph });
      await stage.app(stage[forgetful], "confidential", { cache }).getTokenCache().removeAccount(account);
      expect(await running.tessera.getTokenCache().getAllAccounts()).toEqual([]);
      // A running peer adds what it loads to what it has in memory.
      expect(await running.peer.getTokenCache().getAllAccounts()).toHaveLength(1);
    },
  );
});

it("says that the cache has changed only when tokens have; the peer says so after it has loaded them, too", async () => {
  const { peer, tessera } = await stage.both(async (library) => {
    const { app } = await prepared(library);
    await app.getTokenCache().getAllAccounts();
    const afterLoad = app.getTokenCache().hasChanged();
    app.getTokenCache().serialize();
    return [afterLoad, app.getTokenCache().hasChanged()];
  });
  expect(peer.value).toEqual([true, false]);
  expect(tessera.value).toEqual([false, false]);
});
