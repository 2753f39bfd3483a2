// A grant counts as sent when it is written to a connection, and not while the connection is being made.
// proves: core/src/http/attempt.ts, core/src/exchange/client-form.ts, node/src/http/undici-http-client.ts, node/src/http/answer.ts
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import type { ConfidentialClientApplication } from "@tessera/node";
import { redeem, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { startHeldPort, type HeldPort } from "../support/held-port.js";
import { startTlsFront, type TlsFront } from "../support/tls-front.js";

const callTimeoutMs = 50_000;
let provider: FakeProvider;
let front: TlsFront;
let held: HeldPort;
let app: ConfidentialClientApplication;

beforeEach(async () => {
  provider = await startFakeProvider();
  front = await startTlsFront(() => provider.url);
  held = await startHeldPort(Number(new URL(front.url).port));
  const tokenEndpoint = `https://localhost:${held.port}/token`;
  provider.answers.discovery = () => ({ body: provider.metadata({ token_endpoint: tokenEndpoint }) });
  app = provider.confidential({ system: { ca: front.ca, callTimeoutMs } });
});
afterEach(async () => {
  await app.close();
  await held.close();
  await front.close();
  await provider.close();
});

it("a caller who leaves meanwhile takes the connection along, and the code is never sent", async () => {
  const controller = new AbortController();
  const call = redeem(app, { signal: controller.signal });
  call.catch(() => undefined);
  await held.reached;
  controller.abort();
  await expect(call).rejects.toMatchObject({ errorCode: "request_aborted" });
  held.release();
  await redeem(app, { code: "another code" });
  await app.close();
  expect(provider.requests.flatMap(({ form }) => form["code"] ?? [])).toEqual(["another code"]);
});

it("when that takes nearly all of the call's time, a code is not sent, and the next call redeems it", async () => {
  const call = redeem(app);
  call.catch(() => undefined);
  await held.reached;
  provider.clock.advance(45);
  held.release();
  await expect(call).rejects.toMatchObject({
    errorCode: "network_error",
    isRetryable: true,
    attempts: 0,
    message: expect.stringContaining("callTimeoutMs"),
  });
  expect(provider.count("token")).toBe(0);
  await expect(redeem(app)).resolves.toHaveProperty("accessToken", "an-access-token");
  expect(provider.count("token")).toBe(1);
});
