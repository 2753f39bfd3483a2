// What the attempts of one request teach about its host, and what the caller hears of them.
// proves: core/src/http/attempt.ts, core/src/http/transport.ts, core/src/http/budget.ts, core/src/http/failures.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import { clientAuthError } from "../../packages/core/src/errors/errors.js";
import { Budget } from "../../packages/core/src/http/budget.js";
import { Failures } from "../../packages/core/src/http/failures.js";
import { MOST_FAILURES } from "../../packages/core/src/http/host.js";
import type { HttpRequest, HttpResponse } from "../../packages/core/src/http/http-client.js";
import { createTransport, type Transport } from "../../packages/core/src/http/transport.js";
import { Logger } from "../../packages/core/src/logger.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const url = "https://login.example/token";
const callTimeoutMs = 30_000;
const call = { correlationId: "c0000000-0000-4000-8000-000000000001" };
const ok: HttpResponse = { status: 200, headers: {}, body: "{}" };
const down: HttpResponse = { status: 503, headers: {}, body: "" };

let clock: TestClock & { sleep: () => Promise<void> };
let transport: Transport;
let answer: (request: HttpRequest) => Promise<HttpResponse>;
let sent: number;

beforeEach(() => {
  sent = 0;
  clock = { ...createTestClock(), sleep: () => Promise.resolve() };
  transport = createTransport({
    http: {
      send: (request) => {
        sent += 1;
        return answer(request);
      },
    },
    clock,
    logger: () => new Logger({}, "test", "1"),
    budgetMs: callTimeoutMs,
  });
});

const post = (more: object = {}) =>
  transport.post(url, { body: "a=b", headers: {}, repeats: "never" }, { ...call, ...more });
const host = () => transport.hosts.of("login.example");
/** Leaves the host alone, and lets that time pass. */
const halfOpen = async () => {
  answer = async () => down;
  for (let time = 0; time < MOST_FAILURES; time += 1) await post();
  expect(host().circuit).toBe("open");
  clock.advance(host().restMs / 1000);
};
const hang = ({ signal }: HttpRequest) =>
  new Promise<HttpResponse>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });

describe("a host that was left alone", () => {
  const endless = new Error("a failure");
  endless.cause = endless;
  const hostile = new Proxy(new Error("a failure"), {
    get() {
      throw new Error("not to be looked at");
    },
  });

  it.each([
    ["is its own cause", endless],
    ["cannot be read", hostile],
  ])("is tried again after a trial that failed with an error that %s", async (_, error) => {
    await halfOpen();
    answer = () => Promise.reject(error);
    await expect(post()).rejects.toBeDefined();
    clock.advance(60);
    answer = async () => ok;
    await expect(post()).resolves.toMatchObject({ status: 200 });
    expect(host().circuit).toBe("closed");
  });

  it("is not blamed by a call whose time ends while another request tries it", async () => {
    await halfOpen();
    answer = hang;
    const controller = new AbortController();
    const trial = expect(post({ signal: controller.signal })).rejects.toBeDefined();
    await expect(post({ budget: new Budget(clock, 10) })).rejects.toMatchObject({
      errorCode: "network_error",
      errorMessage:
        "The call ran out of time waiting for another request to show whether login.example works again.",
      isRetryable: true,
    });
    expect(sent).toBe(MOST_FAILURES + 1);
    controller.abort();
    await trial;
  });
});

describe("a call for which nothing was sent to its last host, because that is left alone", () => {
  it("is not begun again before that time is over, and makes no later pause longer", () => {
    const failures = new Failures(clock);
    const leftAlone = Object.assign(clientAuthError("network_error", "left alone"), {
      attempts: 0,
      retryAfterSeconds: 5,
    });
    for (let time = 0; time < 10; time += 1) {
      failures.note("call", leftAlone);
      clock.advance(4);
      expect(failures.refusal("call", call.correlationId)).toMatchObject({ retryAfterSeconds: 1 });
      clock.advance(1);
      expect(failures.refusal("call", call.correlationId)).toBeUndefined();
    }
    // The first that was sent has no pause.
    failures.note("call", Object.assign(clientAuthError("network_error", "no answer"), { attempts: 1 }));
    expect(failures.refusal("call", call.correlationId)).toBeUndefined();
  });
});

describe("a call that had too little time", () => {
  const spent = () => {
    const budget = new Budget(clock, 100);
    budget.left();
    clock.advance(0.09);
    return budget;
  };

  it("says nothing about the host: the next one is sent", async () => {
    answer = hang;
    for (let time = 0; time < MOST_FAILURES; time += 1)
      await expect(post({ budget: spent() })).rejects.toMatchObject({ errorCode: "network_error" });
    expect(host()).toMatchObject({ circuit: "closed", failures: 0 });
    answer = async () => ok;
    await expect(post()).resolves.toMatchObject({ status: 200 });
  });

  it("counts when it had all of its time", async () => {
    answer = hang;
    await expect(post({ budget: new Budget(clock, 10) })).rejects.toMatchObject({
      errorCode: "network_error",
    });
    expect(host().failures).toBe(1);
  });
});

describe("a request whose host is left alone between two of its attempts", () => {
  it("ends with what its last attempt met", async () => {
    answer = async () => {
      // Others fail in the meantime.
      for (let time = 0; time < MOST_FAILURES; time += 1) host().leave("usual", "failed", "HTTP 503");
      return down;
    };
    const response = await transport.get(url, call);
    expect(response).toMatchObject({ status: 503 });
    expect(sent).toBe(1);
  });

  it("says how often it was sent", async () => {
    answer = async () => down;
    clock.sleep = async () => {
      for (let time = 0; time < MOST_FAILURES; time += 1) host().leave("usual", "failed", "HTTP 503");
    };
    const response = await transport.get(url, call);
    expect(response).toMatchObject({ status: 503, attempts: 1 });
    expect(sent).toBe(1);
  });
});
