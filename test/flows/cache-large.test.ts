// proves: core/src/cache/storage/held-text.ts, core/src/cache/storage/cache-parts.ts,
// core/src/cache/memory/load-and-dump.ts
import { describe, expect, it } from "@jest/globals";
import type { ICachePlugin, TokenCacheContext } from "@tessera/node";
import { account, codeOf, Network, scopes, signIn, tessera } from "../support/cache-stage.js";

/** Counts the turns that others have while some work goes on. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let isOver = false;
  let turns = 0;
  const others = (async () => {
    for (; !isOver; turns += 1) await new Promise(setImmediate);
  })();
  await work();
  isOver = true;
  await others;
  return turns;
}

/** The text of a cache with one user, and with unknown accounts that make it large. */
async function largeText(): Promise<string> {
  const app = tessera(new Network(), {});
  await signIn(app);
  const document = JSON.parse(app.getTokenCache().serialize()) as Record<string, Record<string, object>>;
  const [known = {}] = Object.values(document["Account"] ?? {});
  for (let i = 0; i < 3000; i += 1) {
    const other = { ...known, home_account_id: `user ${i}.tenant`, name: "n".repeat(400) };
    document["Account"] = Object.assign(document["Account"] ?? {}, { [`user ${i}-`]: other });
  }
  return JSON.stringify(document);
}

function openPlugin(stored: { text: string }, over: Partial<ICachePlugin> = {}): ICachePlugin {
  return {
    beforeCacheAccess: async ({ tokenCache }: TokenCacheContext) => tokenCache.deserialize(stored.text),
    afterCacheAccess: async ({ cacheHasChanged, tokenCache }: TokenCacheContext) => {
      if (cacheHasChanged) stored.text = tokenCache.serialize();
    },
    ...over,
  };
}

const open = (cachePlugin: ICachePlugin) => tessera(new Network(), { cache: { cachePlugin } });

describe("a cache of more than a megabyte", () => {
  it("is loaded and saved in slices, with the same result", async () => {
    const stored = { text: await largeText() };
    const app = open(openPlugin(stored));
    const hit = () => app.acquireTokenSilent({ scopes, account });
    expect(await turnsDuring(hit)).toBeGreaterThan(10);
    expect((await hit()).fromCache).toBe(true);
    const before = JSON.parse(stored.text) as Record<string, Record<string, object>>;
    expect(
      await turnsDuring(() => app.acquireTokenSilent({ scopes, account, forceRefresh: true })),
    ).toBeGreaterThan(10);
    const after = JSON.parse(stored.text) as Record<string, Record<string, object>>;
    expect(Object.keys(after["Account"] ?? {}).sort()).toEqual(Object.keys(before["Account"] ?? {}).sort());
    expect(stored.text).toBe(app.getTokenCache().serialize());
    expect(await app.getAllAccounts()).toHaveLength(3001);
  });

  it("is whole for calls that come while it is loaded", async () => {
    const app = open(openPlugin({ text: await largeText() }));
    const calls = Array.from({ length: 5 }, () => app.acquireTokenSilent({ scopes, account }));
    const lists = [app.getAllAccounts(), app.getAllAccounts()];
    expect((await Promise.all(calls)).map(({ fromCache }) => fromCache)).toEqual(calls.map(() => true));
    for (const list of await Promise.all(lists)) expect(list).toHaveLength(3001);
  });

  it("is read at once if the plugin asks for it", async () => {
    const stored = { text: await largeText() };
    const read: number[] = [];
    const beforeCacheAccess = async ({ tokenCache }: TokenCacheContext): Promise<void> => {
      tokenCache.deserialize(stored.text);
      read.push(tokenCache.serialize().length);
    };
    const app = open(openPlugin(stored, { beforeCacheAccess }));
    expect((await app.acquireTokenSilent({ scopes, account })).fromCache).toBe(true);
    expect(read).toEqual([stored.text.length]);
  });

  it("is the last one that the plugin has loaded", async () => {
    const text = await largeText();
    const beforeCacheAccess = async ({ tokenCache }: TokenCacheContext): Promise<void> => {
      tokenCache.deserialize(text);
      tokenCache.deserialize("{}");
    };
    expect(await open(openPlugin({ text }, { beforeCacheAccess })).getAllAccounts()).toEqual([]);
  });

  it("that is damaged fails the call, and leaves what was there", async () => {
    const stored = { text: await largeText() };
    const app = open(openPlugin(stored));
    await app.acquireTokenSilent({ scopes, account });
    const whole = stored.text;
    stored.text = `${whole.slice(0, 500_000)},${whole.slice(500_000)}`;
    expect(await app.acquireTokenSilent({ scopes, account }).then(String, codeOf)).toBe(
      "invalid_cache_content",
    );
    stored.text = whole;
    expect((await app.acquireTokenSilent({ scopes, account })).fromCache).toBe(true);
  });
});
