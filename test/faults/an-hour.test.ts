// An hour with a thousand callers, in simulated time, through two outages that are shorter than a token's life.
import { expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type NetworkResponse } from "@tessera/node";
import { createTestClock } from "../support/test-clock.js";

const RESOURCES = 50;
const CALLERS = 1000;
const STEP = 60;
/** In seconds since the start. Tokens live half an hour. */
const OUTAGES = [
  [20 * 60, 29 * 60],
  [49 * 60, 57 * 60],
] as const;

it("an hour with outages has no failed call, and few requests", async () => {
  const clock = createTestClock();
  const start = clock.now();
  const seconds = (): number => (clock.now() - start) / 1000;
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", onUnhandled);
  let sent = 0;
  const send = async <T>(): Promise<NetworkResponse<T>> => {
    sent += 1;
    if (OUTAGES.some(([from, to]) => seconds() >= from && seconds() < to)) throw new Error("an outage");
    const body = { token_type: "Bearer", expires_in: 1800, access_token: `issued at ${seconds()}` };
    return { status: 200, headers: {}, body: body as T };
  };
  const app = new ConfidentialClientApplication({
    auth: {
      clientId: "the-client",
      clientSecret: "the secret of the client",
      authority: "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111",
    },
    system: { clock, networkClient: { sendGetRequestAsync: send, sendPostRequestAsync: send } },
  });
  const perStep: number[] = [];
  let failed = 0;
  let stale = 0;
  while (seconds() < 3600) {
    const before = sent;
    await Promise.all(
      Array.from({ length: CALLERS }, async (_, caller) => {
        const scopes = [`https://resource-${caller % RESOURCES}.example/.default`];
        try {
          if ((await app.acquireTokenByClientCredential({ scopes })).isStale) stale += 1;
        } catch {
          failed += 1;
        }
      }),
    );
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    perStep.push((sent - before) / STEP);
    clock.advance(STEP);
  }
  process.off("unhandledRejection", onUnhandled);
  expect(failed).toBe(0);
  expect(unhandled).toEqual([]);
  expect(stale).toBeGreaterThan(0);
  expect(Math.max(...perStep)).toBeLessThanOrEqual(10);
  expect(
    await app.acquireTokenByClientCredential({ scopes: ["https://resource-0.example/.default"] }),
  ).not.toHaveProperty("isStale");
});
