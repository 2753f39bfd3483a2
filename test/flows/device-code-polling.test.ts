// Waiting for a device code: how often the library asks, what it forgives, and what ends it.
// proves: core/src/flows/device-code.ts, core/src/clock.ts
import { expect, test } from "@jest/globals";
import type { Fault } from "@tessera/local-authority";
import { PublicClientApplication, type DeviceCodeRequest, type DeviceCodeResponse } from "@tessera/node";
import { alice, deviceCodeStage } from "../support/device-code-stage.js";
import { accountOf } from "../support/entra.js";
import { expectNothingKept } from "../support/nothing-kept.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const stage = deviceCodeStage();

const blips: Readonly<
  Record<string, { readonly fault: Omit<Fault, "match">; readonly waits: readonly number[] }>
> = {
  "slow_down adds five seconds, for good": {
    fault: { status: 400, body: JSON.stringify({ error: "slow_down" }) },
    waits: [5, 10, 10],
  },
  "slow_down with a time adds five seconds, after that time": {
    fault: {
      status: 400,
      headers: { "Retry-After": "30" },
      body: JSON.stringify({ error: "slow_down" }),
    },
    waits: [5, 30, 10],
  },
  "slow_down twice adds ten": {
    fault: { status: 400, body: JSON.stringify({ error: "slow_down" }), times: 2 },
    waits: [5, 10, 15],
  },
  "a broken connection does not end the wait": { fault: { reset: true }, waits: [5, 10, 10] },
  "HTTP 500 does not end the wait": { fault: { status: 500 }, waits: [5, 10, 10] },
  "HTTP 503 with a page does not end the wait": {
    fault: { status: 503, body: "<html>" },
    waits: [5, 10, 10],
  },
  "HTTP 502 with a page does not end the wait": {
    fault: { status: 502, body: "<html>" },
    waits: [5, 10, 10],
  },
  "HTTP 429 does not end the wait": {
    fault: { status: 429, headers: { "Retry-After": "7" } },
    waits: [5, 10, 10],
  },
  "HTTP 429 with a longer pause is waited for once": {
    fault: { status: 429, headers: { "Retry-After": "30" } },
    waits: [5, 30, 10],
  },
  "HTTP 408 does not end the wait": { fault: { status: 408 }, waits: [5, 10, 10] },
};
test.each(Object.entries(blips))("%s", async (_, { fault, waits }) => {
  stage.entra.authority.fault({ match: "token", ...fault });
  const run = stage.start(stage.signsInAt(3));
  expect(accountOf(await run.result).username).toBe(alice.username);
  expect(run.waits).toEqual(waits);
});

const ends: Readonly<
  Record<
    string,
    {
      readonly code: string;
      readonly name?: string;
      readonly over?: Partial<DeviceCodeRequest>;
      readonly fault?: Fault;
      readonly when?: (turn: number, device: DeviceCodeResponse) => unknown;
    }
  >
> = {
  "the user declines": {
    code: "authorization_declined",
    name: "ServerError",
    when: (turn, device) => stage.signsInAt(2, "cancel")(turn, device),
  },
  "the code expires": { code: "device_code_expired" },
  "the server says that the code has expired": {
    code: "device_code_expired",
    fault: { match: "token", status: 400, body: JSON.stringify({ error: "expired_token" }) },
  },
  "the server says something else": {
    code: "invalid_client",
    name: "ServerError",
    fault: { match: "token", status: 401, body: JSON.stringify({ error: "invalid_client" }) },
  },
  "the app's patience ends": { code: "user_timeout_reached", over: { timeout: 12 } },
  "the code cannot be had": {
    code: "invalid_client",
    name: "ServerError",
    fault: { match: "device-code", status: 400, body: JSON.stringify({ error: "invalid_client" }) },
  },
  "the answer holds no code": {
    code: "device_code_unknown_error",
    fault: { match: "device-code", status: 200, body: JSON.stringify({ user_code: "x" }) },
  },
};
test.each(Object.entries(ends))(
  "ends when %s",
  async (_, { code, name = "ClientAuthError", over, fault, when }) => {
    const met = fault && stage.entra.authority.fault(fault);
    const { app, result } = stage.start((turn, device) => when?.(turn, device), over);
    await expect(result).rejects.toMatchObject({ name, errorCode: code });
    met?.clear();
    await expectNothingKept(app);
  },
);

test.each([
  ["the code expires", "device_code_expired", {}],
  ["the app's patience ends", "user_timeout_reached", { timeout: 12 }],
])("an outage that lasts until %s is the cause of the error", async (_, errorCode, over) => {
  const outage = stage.entra.authority.fault({ match: "token", status: 503, body: "down", times: 1000 });
  const { result } = stage.start(() => undefined, over);
  await expect(result).rejects.toMatchObject({ errorCode, cause: { name: "ServerError", status: 503 } });
  outage.clear();
});

test("cancel = true on the request ends the wait", async () => {
  const request: DeviceCodeRequest = { scopes, deviceCodeCallback: () => undefined };
  const clock = {
    now: stage.entra.clock.now,
    sleep: async () => {
      request.cancel = true;
    },
  };
  const app = stage.entra.publicClient();
  const cancellable = new PublicClientApplication({
    ...stage.entra.configuration("public"),
    system: { ...stage.entra.configuration("public").system, clock },
  });
  await expect(cancellable.acquireTokenByDeviceCode(request)).rejects.toMatchObject({
    errorCode: "device_code_polling_cancelled",
  });
  expect(stage.polls()).toEqual([]);
  await expectNothingKept(app);
});

test.each([
  ["signal", "request_aborted"],
  ["timeoutMs", "request_timeout"],
])("%s ends the wait at once, in the middle of a pause", async (bound, errorCode) => {
  // The machine's own clock, and a pause that would outlast the test.
  stage.entra.authority.fault({
    match: "device-code",
    body: JSON.stringify({
      user_code: "ABC",
      device_code: "x",
      verification_uri: "https://x.example",
      expires_in: 900,
      interval: 600,
    }),
  });
  const app = new PublicClientApplication({
    ...stage.entra.configuration("public"),
    system: { ca: stage.entra.authority.caPem },
  });
  const controller = new AbortController();
  const result = app.acquireTokenByDeviceCode({
    scopes,
    signal: controller.signal,
    ...(bound === "timeoutMs" ? { timeoutMs: 700 } : {}),
    deviceCodeCallback: () => {
      if (bound === "signal") setImmediate(() => controller.abort());
    },
  });
  await expect(result).rejects.toMatchObject({ errorCode });
  expect(stage.polls()).toEqual([]);
});

const answers: Readonly<Record<string, { readonly answer: object; readonly waits: readonly number[] }>> = {
  "numbers as text are numbers": { answer: { interval: "7", expires_in: "12" }, waits: [7, 6] },
  "no interval: five seconds (RFC 8628 §3.2)": { answer: { interval: undefined }, waits: [5, 5, 3] },
  "a word: five seconds": { answer: { interval: "soon" }, waits: [5, 5, 3] },
  "zero: five seconds": { answer: { interval: 0 }, waits: [5, 5, 3] },
  "a negative number: one second": { answer: { interval: -3, expires_in: 2 }, waits: [1, 1, 1] },
  "longer than the code lives: no longer than that": { answer: { interval: 86_400 }, waits: [13] },
  "weeks, for which there is no timer": { answer: { interval: 3e9 }, waits: [13] },
};
test.each(Object.entries(answers))("of an interval from the server, %s", async (_, { answer, waits }) => {
  const body = { user_code: "ABC", device_code: "x", verification_uri: "https://x.example", expires_in: 12 };
  stage.entra.authority.fault({
    match: "device-code",
    body: JSON.stringify({ ...body, interval: 5, ...answer }),
  });
  const pending = stage.entra.authority.fault({
    match: "token",
    status: 400,
    body: JSON.stringify({ error: "authorization_pending" }),
    times: Infinity,
  });
  const run = stage.start(() => undefined);
  await expect(run.result).rejects.toMatchObject({ errorCode: "device_code_expired" });
  pending.clear();
  expect(run.waits).toEqual(waits);
});

test("the app's patience ends the wait when it is over, and not an interval later", async () => {
  const run = stage.start(() => undefined, { timeout: 12 });
  await expect(run.result).rejects.toMatchObject({ errorCode: "user_timeout_reached" });
  expect(run.waits).toEqual([5, 5, 3]);
});

test.each([0, undefined])("a timeout of %s is none", async (timeout) => {
  const run = stage.start(stage.signsInAt(3), timeout === undefined ? {} : { timeout });
  expect(accountOf(await run.result).username).toBe(alice.username);
});

test.each([-1, "60" as never])("a timeout of %p is refused before anything is sent", async (timeout) => {
  const { result } = stage.start(() => undefined, { timeout });
  await expect(result).rejects.toMatchObject({
    name: "ClientConfigurationError",
    errorCode: "invalid_option",
  });
  expect(stage.entra.authority.requests).toEqual([]);
});

test.each([
  ["back", -86_400],
  ["ahead, within the life of the code", 600],
])("a clock that jumps %s does not end the wait", async (_, seconds) => {
  const signsIn = stage.signsInAt(3);
  const run = stage.start(async (turn, device) => {
    await signsIn(turn, device);
    if (turn === 2) stage.entra.clock.advance(seconds);
  });
  expect(accountOf(await run.result).username).toBe(alice.username);
});

test.each([
  ["ahead by an hour", 3600],
  ["back by an hour", -3600],
])(
  "a clock that is set %s moves neither the end of the code nor that of the app's patience",
  async (_, set) => {
    const { entra } = stage;
    const pending = entra.authority.fault({
      match: "token",
      status: 400,
      body: JSON.stringify({ error: "authorization_pending" }),
      times: Infinity,
    });
    const { system, ...configuration } = entra.configuration("public");
    for (const [timeout, errorCode, seconds] of [
      [12, "user_timeout_reached", 13],
      [undefined, "device_code_expired", 901],
    ] as const) {
      let waited = 0;
      const sleep = async (milliseconds: number): Promise<void> => {
        if (waited === 0) entra.clock.advance(set);
        waited += milliseconds;
        if (waited > 2_000_000) throw new Error("the wait has not ended");
      };
      const clock = { now: entra.clock.now, monotonic: () => waited, sleep };
      const app = new PublicClientApplication({ ...configuration, system: { ...system, clock } });
      const request = { scopes, deviceCodeCallback: () => undefined, ...(timeout ? { timeout } : {}) };
      await expect(app.acquireTokenByDeviceCode(request)).rejects.toMatchObject({ errorCode });
      expect(waited).toBe(seconds * 1000);
    }
    pending.clear();
  },
);
