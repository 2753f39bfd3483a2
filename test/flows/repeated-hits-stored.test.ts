// A call that repeats an earlier one takes the short way with a store, too, if the store knows that memory is current.
// proves: core/src/exchange/repeated-hit.ts
import { describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore, type TokenStore } from "@tessera/node";
import { account, codeOf, Network, scopes, signIn, tessera, type App } from "../support/cache-stage.js";

function stage() {
  const memory = createMemoryTokenStore();
  const asked: string[] = [];
  const store: TokenStore = {
    ...memory,
    load(partition, held) {
      asked.push("load");
      return memory.load(partition, held);
    },
    isCurrent(partition, held) {
      asked.push("isCurrent");
      return memory.isCurrent?.(partition, held) === true;
    },
  };
  const { isCurrent: _, ...plain } = store;
  const open = (own: TokenStore): App => tessera(new Network(), { cache: { store: own } });
  return { asked, app: open(store), other: open({ ...memory }), slow: open(plain) };
}

const hit = (app: App) => app.acquireTokenSilent({ scopes, account });

describe("a silent call after an equal one, with a store", () => {
  it("asks the store once whether memory is current, and loads nothing", async () => {
    const { app, asked } = stage();
    await signIn(app);
    await hit(app);
    asked.length = 0;
    const result = await hit(app);
    expect(result.fromCache).toBe(true);
    expect(asked).toEqual(["isCurrent"]);
  });

  it("has the same result as with a store that has to be asked", async () => {
    const { app, slow } = stage();
    await signIn(app);
    for (const one of [app, slow]) await hit(one);
    const [{ correlationId: _, ...quick }, { correlationId: __, ...usual }] = [
      await hit(app),
      await hit(slow),
    ];
    expect(quick).toEqual(usual);
  });

  it("sees what another process has changed or removed", async () => {
    const { app, other } = stage();
    await signIn(app);
    await hit(app);
    await other.acquireTokenSilent({ scopes, account, forceRefresh: true });
    const { accessToken } = await hit(other);
    expect((await hit(app)).accessToken).toBe(accessToken);
    await other.getTokenCache().removeAccount(account);
    expect(await hit(app).then(String, codeOf)).toBe("no_tokens_found");
  });
});
