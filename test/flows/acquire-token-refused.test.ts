// The one call, several at once, and the user says no: nobody asks again, unless it is about something else.
import { describe, expect, test } from "@jest/globals";
import type { AuthError, PublicClientApplication, PublicTokenRequest } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { alice, bob, oneCallStage, otherScopes, scopes } from "../support/one-call-stage.js";

const stage = oneCallStage();

/** Calls for different scopes at once; how each ended. */
async function both(
  app: PublicClientApplication,
  one: Partial<PublicTokenRequest>,
  two: Partial<PublicTokenRequest> = one,
): Promise<readonly unknown[]> {
  const settled = await Promise.allSettled([
    app.acquireToken({ scopes, ...one }),
    app.acquireToken({ scopes: otherScopes, ...two }),
  ]);
  return settled.map((call) =>
    call.status === "fulfilled" ? accountOf(call.value).username : (call.reason as AuthError).errorCode,
  );
}

describe("a call that waits while the user is asked gets the user's no as its own:", () => {
  test("declined in the browser", async () => {
    const app = stage.publicClient();
    const { openBrowser, visits } = stage.user(alice, { declines: 1 });
    expect(await both(app, { openBrowser })).toEqual(["access_denied", "access_denied"]);
    expect(visits).toHaveLength(1);
  });

  test("declined on the other device", async () => {
    const onDeviceCode = stage.onDeviceCode(alice, "cancel");
    const ended = await both(stage.publicClient(), { onDeviceCode });
    expect(ended).toEqual(["authorization_declined", "authorization_declined"]);
    expect(onDeviceCode.shown).toHaveLength(1);
  });

  test("no answer on the other device, until the code expired", async () => {
    const shown: unknown[] = [];
    const onDeviceCode = (device: unknown): void => void shown.push(device);
    const ended = await both(stage.publicClient(), { onDeviceCode });
    expect(ended).toEqual(["device_code_expired", "device_code_expired"]);
    expect(shown).toHaveLength(1);
  });

  test("however many wait; each error has the correlation id of its call", async () => {
    const app = stage.publicClient();
    const { openBrowser, visits } = stage.user(alice, { declines: 1 });
    const ids = [1, 2, 3, 4].map((n) => `${n}1111111-2222-4333-8444-555555555555`);
    const calls = ids.map((correlationId, index) =>
      app.acquireToken({ scopes: [`https://graph.microsoft.com/${index}`], openBrowser, correlationId }),
    );
    const errors = (await Promise.allSettled(calls)).map(
      (call) => call.status === "rejected" && (call.reason as AuthError),
    );
    expect(visits).toHaveLength(1);
    expect(errors).toMatchObject(
      ids.map((correlationId) => ({ name: "ServerError", errorCode: "access_denied", correlationId })),
    );
  });
});

describe("the user is asked again", () => {
  test("by a call that comes later", async () => {
    const app = stage.publicClient();
    const { openBrowser } = stage.user(alice, { declines: 1 });
    await both(app, { openBrowser });
    expect(accountOf(await app.acquireToken({ scopes: otherScopes, openBrowser })).username).toBe(alice);
  });

  test("by a call that is about another user", async () => {
    const app = stage.publicClient();
    const one = stage.user(alice, { declines: 1 });
    const two = stage.user(bob);
    const ended = await both(
      app,
      { openBrowser: one.openBrowser, loginHint: alice },
      { openBrowser: two.openBrowser, loginHint: bob },
    );
    expect(ended).toEqual(["access_denied", bob]);
  });

  test.each<[string, { readonly timeoutMs?: number }, string]>([
    ["whose signal was aborted", {}, "request_aborted"],
    ["whose time was up", { timeoutMs: 150 }, "request_timeout"],
  ])("by the call that waits, when the one who asked has left: %s", async (_, bounds, errorCode) => {
    const controller = new AbortController();
    const { openBrowser, visits } = stage.user(alice);
    const leaving = {
      openBrowser: async () => {
        if (!bounds.timeoutMs) controller.abort();
      },
      signal: controller.signal,
      ...bounds,
    };
    expect(await both(stage.publicClient(), leaving, { openBrowser })).toEqual([errorCode, alice]);
    expect(visits).toHaveLength(1);
  });

  test("by the call that waits, in its own way, when the first had none", async () => {
    const { openBrowser } = stage.user(alice);
    expect(await both(stage.publicClient(), {}, { openBrowser })).toEqual(["no_browser", alice]);
  });
});

test("equal calls of which only one can ask do not share the failure of the other", async () => {
  const app = stage.publicClient();
  const { openBrowser } = stage.user(alice);
  const [cannot, can] = await Promise.allSettled([
    app.acquireToken({ scopes }),
    app.acquireToken({ scopes, openBrowser }),
  ]);
  expect(cannot).toMatchObject({ status: "rejected", reason: { errorCode: "no_browser" } });
  expect(can).toMatchObject({ status: "fulfilled", value: { account: { username: alice } } });
});
