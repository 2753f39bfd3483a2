// The one call, several at once: the user is asked once, and the answer is everybody's.
import { describe, expect, test } from "@jest/globals";
import type { AuthenticationResult } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { alice, bob, oneCallStage, otherScopes, scopes } from "../support/one-call-stage.js";

const stage = oneCallStage();

describe("calls that overlap ask the user once:", () => {
  const tokens = (results: readonly AuthenticationResult[]) =>
    new Set(results.map(({ accessToken }) => accessToken));

  test("the same scopes", async () => {
    const app = stage.publicClient();
    const browser = stage.user(alice);
    const call = () => app.acquireToken({ scopes, openBrowser: browser.openBrowser });
    const results = await Promise.all(Array.from({ length: 20 }, call));
    expect(browser.visits).toHaveLength(1);
    expect(tokens(results).size).toBe(1);
  });

  test("the same scopes, each under its own correlation id", async () => {
    const { openBrowser, visits } = stage.user(alice);
    const app = stage.publicClient();
    const ids = [1, 2, 3].map((n) => `${n}1111111-2222-4333-8444-555555555555`);
    const call = (correlationId: string) => app.acquireToken({ scopes, openBrowser, correlationId });
    for (const results of [await Promise.all(ids.map(call)), await Promise.all(ids.map(call))]) {
      expect(results.map(({ correlationId }) => correlationId)).toEqual(ids);
    }
    expect(visits).toHaveLength(1);
    expect(visits[0]?.searchParams.get("client-request-id")).toBe(ids[0]);
  });

  test("different scopes", async () => {
    const app = stage.publicClient();
    const browser = stage.user(alice);
    const results = await Promise.all(
      [scopes, otherScopes].map((wanted) =>
        app.acquireToken({ scopes: wanted, openBrowser: browser.openBrowser }),
      ),
    );
    expect(browser.visits).toHaveLength(1);
    expect(tokens(results).size).toBe(2);
    expect(results.map((result) => accountOf(result).username)).toEqual([alice, alice]);
  });

  test("different scopes with several known users, of whom one is chosen", async () => {
    const app = await stage.appOf(alice, bob);
    const browser = stage.user(bob);
    const results = await Promise.all(
      [scopes, otherScopes].map((wanted) =>
        app.acquireToken({ scopes: wanted, openBrowser: browser.openBrowser }),
      ),
    );
    expect(browser.visits).toHaveLength(1);
    expect(results.map((result) => accountOf(result).username)).toEqual([bob, bob]);
    // The choice was for these calls: a later one asks again.
    await app.acquireToken({ scopes, openBrowser: browser.openBrowser });
    expect(browser.visits).toHaveLength(2);
  });

  test("one that fails does not keep a later one from asking", async () => {
    const app = stage.publicClient();
    const browser = stage.user(alice, { declines: 1 });
    const call = () => app.acquireToken({ scopes, openBrowser: browser.openBrowser });
    const failed = await Promise.allSettled([call(), call()]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(browser.visits).toHaveLength(1);
    expect(accountOf(await call()).username).toBe(alice);
  });

  test.each([
    ["signal", "request_aborted"],
    ["timeoutMs", "request_timeout"],
  ])("a caller may leave (%s), and the other gets the tokens", async (bound, errorCode) => {
    const app = stage.publicClient();
    const browser = stage.user(alice);
    const controller = new AbortController();
    let goOn: (() => void) | undefined;
    const left = new Promise<void>((resolve) => (goOn = resolve));
    const openBrowser = async (url: string): Promise<void> => {
      if (bound === "signal") controller.abort();
      await left;
      await browser.openBrowser(url);
    };
    const bounds = bound === "signal" ? { signal: controller.signal } : { timeoutMs: 200 };
    const leaves = app.acquireToken({ scopes, openBrowser, ...bounds });
    const stays = app.acquireToken({ scopes, openBrowser });
    await expect(leaves).rejects.toMatchObject({ name: "ClientAuthError", errorCode });
    goOn?.();
    expect(accountOf(await stays).username).toBe(alice);
    expect(browser.visits).toHaveLength(1);
  });

  test("when the last caller leaves, the wait ends, and the next call asks anew", async () => {
    const app = stage.publicClient();
    const controller = new AbortController();
    const abandoned = app.acquireToken({
      scopes,
      signal: controller.signal,
      openBrowser: async () => controller.abort(),
    });
    await expect(abandoned).rejects.toMatchObject({ errorCode: "request_aborted" });
    const browser = stage.user(alice);
    expect(accountOf(await app.acquireToken({ scopes, openBrowser: browser.openBrowser })).username).toBe(
      alice,
    );
  });
});
