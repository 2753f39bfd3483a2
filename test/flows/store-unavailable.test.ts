// proves: core/src/cache/storage/unsaved.ts, core/src/cache/storage/made-change.ts, core/src/cache/memory/age.ts,
// core/src/cache/memory/remove.ts, core/src/cache/storage/ask-store.ts
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createMemoryTokenStore, type AccountInfo, type TokenStore } from "@tessera/node";
import { Unsaved } from "../../packages/core/src/cache/storage/unsaved.js";
import {
  account,
  codeOf,
  home,
  jwt,
  Network,
  refusal,
  scopes,
  signIn,
  tessera,
  tokens,
  type App,
} from "../support/cache-stage.js";
import { cuttable, storedDocument, storedNames } from "../support/stored.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

describe("an application whose store is unavailable", () => {
  let clock: TestClock;
  let network: Network;
  let store: TokenStore;
  /** The application whose store can be cut off, and the one of another process, whose store cannot. */
  let app: App;
  let other: App;
  let cut: () => Promise<() => Promise<void>>;
  const partition = `user:${home}`;
  const open = (own: TokenStore): App => tessera(network, { cache: { store: own }, system: { clock } });

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ["Date", "nextTick", "setImmediate", "queueMicrotask", "performance"] });
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
    const away = cuttable({ ...store });
    ({ cut } = away);
    app = open(away.store);
    other = open({ ...store });
  });
  afterEach(() => void jest.useRealTimers());

  const refresh = (of: App) => of.acquireTokenSilent({ scopes, account, forceRefresh: true });
  const hit = (of: App) =>
    of.acquireTokenSilent({ scopes, account }).then(({ fromCache }) => fromCache, codeOf);
  const unsaved = () => app.getTokenCache().stats().unsaved;
  const remove = async (of: App): Promise<void> => {
    await of.getTokenCache().removeAccount(account);
  };

  it("goes on with memory and the provider, and saves what has changed when it can", async () => {
    await signIn(app);
    const restore = await cut();
    expect(await hit(app)).toBe(true);
    await refresh(app);
    await refresh(app);
    expect(unsaved()).toBe(2);
    expect(await app.getAllAccounts()).toHaveLength(1);
    expect(await storedDocument(store, partition)).toContain("refresh 1;");
    await restore();
    expect(await hit(app)).toBe(true);
    expect(unsaved()).toBe(0);
    expect(await storedDocument(store, partition)).toContain("refresh 3;");
    await refresh(other);
    expect(await storedDocument(store, partition)).toContain("refresh 4;");
  });

  it("saves it by itself, too, without a call", async () => {
    await signIn(app);
    const restore = await cut();
    await refresh(app);
    await jest.advanceTimersByTimeAsync(5000);
    expect(unsaved()).toBe(1);
    await restore();
    await jest.advanceTimersByTimeAsync(30_000);
    expect(unsaved()).toBe(0);
    expect(await storedDocument(store, partition)).toContain("refresh 2;");
    expect(jest.getTimerCount()).toBe(0);
  });

  it("saves it with the call of another user, too", async () => {
    await signIn(app);
    const restore = await cut();
    await refresh(app);
    await restore();
    await app.getTokenCache().getAccountByHomeId("another");
    await new Promise(setImmediate);
    expect(unsaved()).toBe(0);
  });

  it("has a sign-in, although nothing could be saved", async () => {
    const restore = await cut();
    await signIn(app);
    expect(await hit(app)).toBe(true);
    await restore();
    expect(await hit(app)).toBe(true);
    expect(await hit(other)).toBe(true);
  });

  it("has no more than the provider gives for what it does not have, and says why", async () => {
    const restore = await cut();
    const unknown = app.acquireTokenSilent({ scopes, account });
    await expect(unknown).rejects.toMatchObject({
      errorCode: "cache_store_unavailable",
      isRetryable: true,
      message: expect.stringContaining("cache.store cannot be reached"),
    });
    const request = { scopes: ["https://api/.default"] };
    await app.acquireTokenByClientCredential(request);
    expect(await app.acquireTokenByClientCredential(request)).toMatchObject({ fromCache: true });
    expect(network.forms).toHaveLength(1);
    const session = app.acquireTokenOnBehalfOf({ scopes, sessionKey: "one" });
    expect(await session.then(() => "", codeOf)).toBe("cache_store_unavailable");
    await restore();
    expect(await hit(app)).toBe("no_tokens_found");
  });

  describe("does not replace what is newer when it is back:", () => {
    it("a later sign-in stays", async () => {
      await signIn(app);
      const restore = await cut();
      await refresh(app);
      clock.advance(60);
      await signIn(other);
      await restore();
      await hit(app);
      expect(await storedDocument(store, partition)).toContain("refresh 3;");
      expect(unsaved()).toBe(0);
    });

    it("but what was redeemed is older in any case, however the clocks go", async () => {
      await signIn(app);
      const restore = await cut();
      clock.advance(-600);
      await refresh(app);
      clock.advance(600);
      await restore();
      await hit(app);
      expect(await storedDocument(store, partition)).toContain("refresh 2;");
    });

    it.each([60, 0])("a user who was removed stays removed (%s seconds later)", async (seconds) => {
      await signIn(app);
      const restore = await cut();
      await refresh(app);
      clock.advance(seconds);
      await remove(other);
      await restore();
      expect(await hit(app)).toBe("no_tokens_found");
      expect(await app.getAllAccounts()).toEqual([]);
      expect(await storedDocument(store, partition)).not.toContain("refresh");
    });

    it("also one whose sign-in could not be saved", async () => {
      await signIn(other);
      const restore = await cut();
      await signIn(app);
      clock.advance(60);
      await remove(other);
      await restore();
      expect(await hit(app)).toBe("no_tokens_found");
    });

    it("a user who has signed in after the removal stays", async () => {
      await signIn(app);
      const restore = await cut();
      await remove(app);
      expect(await hit(app)).toBe("no_tokens_found");
      clock.advance(60);
      await signIn(other);
      await restore();
      expect(await hit(app)).toBe(true);
      expect(await hit(other)).toBe(true);
    });
  });

  it("removes a user elsewhere when it can, with all that is kept on the user's behalf", async () => {
    await signIn(app);
    const call = { scopes, oboAssertion: jwt({ sub: "s" }) };
    await other.acquireTokenOnBehalfOf(call);
    const restore = await cut();
    await remove(app);
    expect(unsaved()).toBe(2);
    expect(await hit(other)).toBe(true);
    await restore();
    await jest.advanceTimersByTimeAsync(30_000);
    expect(unsaved()).toBe(0);
    expect(await hit(other)).toBe("no_tokens_found");
    expect(await storedNames(store, partition)).toEqual([]);
    expect(await other.acquireTokenOnBehalfOf(call)).toMatchObject({ fromCache: false });
  });

  it("restores a rotated token where the store has lost everything", async () => {
    await signIn(app);
    const restore = await cut();
    await refresh(app);
    await store.update(partition, () => "remove");
    await restore();
    expect(await hit(app)).toBe(true);
    await refresh(other);
    expect(network.forms.map(({ refresh_token }) => refresh_token)).toEqual([
      undefined,
      "refresh 1;",
      "refresh 2;",
    ]);
  });
});

describe("a removal of a user", () => {
  const partition = `user:${home}`;
  it("takes along what other processes keep on the user's behalf, and nobody else's", async () => {
    const network = new Network(({ assertion }) => {
      const isBob = assertion?.startsWith("bob") === true;
      return isBob ? tokens({ client_info: undefined }, { sub: "bob" }) : tokens();
    });
    const store = createMemoryTokenStore();
    const [here, there] = [0, 1].map(() => tessera(network, { cache: { store: { ...store } } })) as [
      App,
      App,
    ];
    const call = { scopes, oboAssertion: jwt({ sub: "s" }) };
    const session = { ...call, sessionKey: "job" };
    const bobs = { scopes, oboAssertion: "bob" };
    for (const request of [call, session, bobs]) await there.acquireTokenOnBehalfOf(request);
    expect(await storedNames(store, partition)).toHaveLength(2);
    const [alice] = (await here.getAccounts({ homeAccountId: home })) as [AccountInfo];
    await here.getTokenCache().removeAccount(alice);
    expect(await storedNames(store, partition)).toEqual([]);
    const outcomes = [call, { scopes, sessionKey: "job" }, bobs].map((request) =>
      there.acquireTokenOnBehalfOf(request).then((result) => result?.fromCache, codeOf),
    );
    expect(await Promise.all(outcomes)).toEqual([false, "no_tokens_found", true]);
  });
});

describe("changes that are not saved", () => {
  it("are bounded, and those of users are discarded last", async () => {
    const warnings: string[] = [];
    const kept = new Unsaved(
      async () => false,
      (message) => warnings.push(message),
    );
    const add = (kind: "user" | "assertion", id: string): void =>
      kept.add(`${kind}:${id}`, () => undefined, { of: { kind, id }, base: undefined, since: 0 });
    add("user", "first");
    for (let count = 0; count < 10_000; count += 1) add("assertion", String(count));
    expect([kept.count, kept.discarded]).toEqual([10_000, 1]);
    expect([kept.has("user:first"), kept.has("assertion:0"), kept.has("assertion:1")]).toEqual([
      true,
      false,
      true,
    ]);
    for (let count = 0; count < 10_000; count += 1) add("user", String(count));
    expect([kept.count, kept.discarded]).toEqual([10_000, 10_001]);
    expect([kept.has("user:first"), kept.has("user:0")]).toEqual([false, true]);
    expect(warnings).toHaveLength(1);
  });
});
