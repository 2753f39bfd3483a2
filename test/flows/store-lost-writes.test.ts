// proves: core/src/cache/storage/take-loaded.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore, type TokenStore } from "@tessera/node";
import {
  account,
  codeOf,
  home,
  Network,
  refusal,
  scopes,
  signIn,
  tessera,
  tokens,
} from "../support/cache-stage.js";
import type { App } from "../support/cache-stage.js";
import { putStored, storedDocument } from "../support/stored.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const partition = `user:${home}`;

/** As after a failover to a replica that had not received the last changes. */
describe("a store that has lost its last changes", () => {
  let clock: TestClock;
  let store: TokenStore;
  let app: App;
  let other: App;
  let network: Network;

  beforeEach(async () => {
    clock = createTestClock();
    let last = 0;
    const used = new Set<string | undefined>();
    // Each refresh token is good for one use.
    network = new Network(({ refresh_token: sent }) => {
      if (sent !== undefined && used.has(sent)) return refusal();
      used.add(sent);
      return tokens({ refresh_token: `refresh ${(last += 1)};` });
    });
    store = createMemoryTokenStore(clock);
    const open = (): App => tessera(network, { cache: { store: { ...store } }, system: { clock } });
    app = open();
    other = open();
    await signIn(app);
  });

  const stored = async (): Promise<string> => (await storedDocument(store, partition)) ?? "";
  const lose = (document: string): Promise<void> => putStored(store, partition, document);
  const refresh = (of: App) =>
    of.acquireTokenSilent({ scopes, account, forceRefresh: true }).then(() => "renewed", codeOf);
  const hit = (of: App) =>
    of.acquireTokenSilent({ scopes, account }).then(({ fromCache }) => fromCache, codeOf);

  it.each([1, 3])("does not bring a rotated refresh token back, after %d lost changes", async (lost) => {
    const older = await stored();
    for (let i = 0; i < lost; i += 1) {
      clock.advance(60);
      expect(await refresh(app)).toBe("renewed");
    }
    await lose(older);
    expect(await hit(app)).toBe(true);
    expect(await refresh(app)).toBe("renewed");
    expect(await refresh(other)).toBe("renewed");
    expect(await stored()).toContain(`refresh ${lost + 3};`);
  });

  it("gets the newer refresh token again, so that other processes find it", async () => {
    const older = await stored();
    await refresh(app);
    await lose(older);
    expect(await hit(app)).toBe(true);
    await new Promise(setImmediate);
    expect(await stored()).toContain("refresh 2;");
    expect(await refresh(other)).toBe("renewed");
  });

  it("is believed where it has lost nothing, whatever the clocks of other processes say", async () => {
    await hit(other);
    await refresh(app);
    clock.advance(-600);
    await refresh(other);
    expect(await hit(app)).toBe(true);
    expect(await refresh(app)).toBe("renewed");
    expect(await stored()).toContain("refresh 4;");
  });

  it("does not bring a user back who was removed elsewhere after the loss", async () => {
    const older = await stored();
    await refresh(app);
    await lose(older);
    await other.getTokenCache().removeAccount(account);
    expect(await hit(app)).toBe("no_tokens_found");
    expect(await stored()).not.toContain("refresh");
  });
});
