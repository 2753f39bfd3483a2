// A provider that answers a backchannel authentication in every way, and what ends the wait (OpenID CIBA §7, §10, §11).
// proves: core/src/flows/backchannel-authentication.ts, core/src/flows/backchannel-pings.ts, core/src/exchange/poll.ts,
// proves: node/src/backchannel-application.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  ConfidentialClientApplication,
  LogLevel,
  type BackchannelAuthenticationRequest,
  type NodeAuthOptions,
} from "@tessera/node";
import {
  clientId,
  clientSecret,
  startFakeProvider,
  type Answer,
  type FakeProvider,
} from "../support/fake-provider.js";

const asked: BackchannelAuthenticationRequest = { scopes: ["openid"], loginHint: "olga" };
let provider: FakeProvider;
const lines: string[] = [];
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => {
  provider.reset();
  lines.length = 0;
  const backchannel_authentication_endpoint = `${provider.url}/backchannel`;
  provider.answers.discovery = () => ({ body: provider.metadata({ backchannel_authentication_endpoint }) });
  provider.answers.backchannel = () => ({ body: { auth_req_id: "the-request-id", expires_in: 60 } });
});
afterAll(() => provider.close());

/** What a poll gets, one after the other; then tokens. */
function polls(...answers: readonly Answer[]): void {
  let turn = 0;
  provider.answers.token = () => answers[turn++] ?? { body: provider.tokens() };
}

const error = (code: string, status = 400): Answer => ({ status, body: { error: code } });
const pending = error("authorization_pending");

type Pause = (turn: number, signal?: AbortSignal) => unknown;

/** An application, and how many seconds it waits each time. */
function stage(pause: Pause = () => undefined, clientMetadata: NodeAuthOptions["clientMetadata"] = {}) {
  const waits: number[] = [];
  const clock = {
    now: () => provider.clock.now(),
    sleep: async (milliseconds: number, signal?: AbortSignal) => {
      waits.push(milliseconds / 1000);
      await pause(waits.length, signal);
      provider.clock.advance(milliseconds / 1000);
    },
  };
  const app = new ConfidentialClientApplication({
    auth: { clientId, clientSecret, oidcAuthority: provider.url, clientMetadata },
    system: {
      clock,
      proxy: false,
      loggerOptions: {
        logLevel: LogLevel.Trace,
        piiLoggingEnabled: true,
        loggerCallback: (_, line) => void lines.push(line),
      },
    },
  });
  return { app, waits };
}

test.each<[string, object, readonly Answer[], readonly number[]]>([
  ["five seconds, where the provider names no interval", {}, [pending, pending], [5, 5, 5]],
  ["as long as the provider says", { interval: 7 }, [pending], [7, 7]],
  ["as long as it says as text", { interval: "7" }, [pending], [7, 7]],
  ["a second at least", { interval: 0.01 }, [pending], [1, 1]],
  ["longer after slow_down, for good", {}, [error("slow_down"), pending], [5, 10, 10]],
  ["longer after a broken connection", {}, [{ reset: true }, pending], [5, 10, 10]],
  ["longer while the provider is busy", {}, [{ status: 503, body: "<html>" }], [5, 10]],
])("polls wait %s", async (_, accepted, answers, waits) => {
  provider.answers.backchannel = () => ({
    body: { auth_req_id: "the-request-id", expires_in: 60, ...accepted },
  });
  polls(...answers);
  const run = stage();
  const { account } = await run.app.acquireTokenByBackchannelAuthentication(asked);
  expect(account?.homeAccountId).toBe("user-1");
  expect(run.waits).toEqual(waits);
  expect(provider.requests.at(-2)?.form).toMatchObject({ auth_req_id: "the-request-id" });
});

const forever = { body: { error: "authorization_pending" }, status: 400 };
test.each<[string, string, () => void, Partial<BackchannelAuthenticationRequest>]>([
  ["the request expires", "backchannel_request_expired", () => undefined, {}],
  [
    "the provider says that it has expired",
    "backchannel_request_expired",
    () => polls(error("expired_token")),
    {},
  ],
  ["the user declines", "access_denied", () => polls(pending, error("access_denied")), {}],
  ["the provider gives up", "transaction_failed", () => polls(error("transaction_failed")), {}],
  ["the app's patience ends", "user_timeout_reached", () => undefined, { timeout: 12 }],
  [
    "the ID token is another client's",
    "invalid_id_token",
    () => {
      provider.answers.token = () => ({ body: provider.tokens({}, { claims: { aud: "another" } }) });
    },
    {},
  ],
])("%s: %s", async (_, errorCode, prepare, over) => {
  provider.answers.token = () => forever;
  prepare();
  const { app } = stage();
  const call = app.acquireTokenByBackchannelAuthentication({ ...asked, ...over });
  await expect(call).rejects.toMatchObject({ errorCode });
});

test("the app cancels with cancel = true, or with its signal", async () => {
  provider.answers.token = () => forever;
  const request: BackchannelAuthenticationRequest = { ...asked };
  const cancelling = stage((turn) => turn === 2 && (request.cancel = true));
  await expect(cancelling.app.acquireTokenByBackchannelAuthentication(request)).rejects.toMatchObject({
    errorCode: "backchannel_request_cancelled",
  });
  const controller = new AbortController();
  const aborting = stage(() => controller.abort());
  const { signal } = controller;
  await expect(
    aborting.app.acquireTokenByBackchannelAuthentication({ ...asked, signal }),
  ).rejects.toMatchObject({ errorCode: "request_aborted" });
});

test.each<[string, Answer]>([
  ["no id", { body: { expires_in: 60 } }],
  ["an empty id", { body: { auth_req_id: "", expires_in: 60 } }],
  ["an id that is no text", { body: { auth_req_id: 1, expires_in: 60 } }],
  ["no lifetime", { body: { auth_req_id: "the-request-id" } }],
  ["a page", { status: 502, body: "<html>" }],
  ["a redirect", { status: 302, headers: { location: "/elsewhere" }, body: "" }],
])("an answer with %s is refused, and nothing is polled", async (_, answer) => {
  provider.answers.backchannel = () => answer;
  await expect(stage().app.acquireTokenByBackchannelAuthentication(asked)).rejects.toMatchObject({
    errorCode: "invalid_token_response",
  });
  expect(provider.count("token")).toBe(0);
});

test.each<[string, object]>([
  ["no hint", { loginHint: undefined }],
  ["two hints", { idTokenHint: "a.b.c" }],
  ["an empty hint", { loginHint: "" }],
  ["a hint that is no text", { loginHint: 1 }],
  ["a lifetime that is none", { requestedExpiry: -1 }],
  ["references that are no texts", { acrValues: [1] }],
  ["a timeout that is none", { timeout: -1 }],
])("a request with %s is refused before it is sent", async (_, over) => {
  const request = { ...asked, ...over };
  await expect(stage().app.acquireTokenByBackchannelAuthentication(request)).rejects.toMatchObject({
    errorCode: "invalid_option",
  });
  expect(provider.requests).toHaveLength(0);
});

test("a provider without the endpoint is named as such", async () => {
  provider.answers.discovery = () => ({ body: provider.metadata() });
  await expect(stage().app.acquireTokenByBackchannelAuthentication(asked)).rejects.toMatchObject({
    errorCode: "openid_config_error",
  });
});

test("secrets of the request are in no error and no log line", async () => {
  const secrets = { loginHintToken: "the-hint-token-of-a-user", userCode: "the-code-of-a-user" };
  provider.answers.backchannel = ({ form }) => ({
    status: 400,
    body: { error: "invalid_user_code", error_description: `wrong: ${JSON.stringify(form)}` },
  });
  const { app } = stage(() => undefined, { backchannel_token_delivery_mode: "ping" });
  const request = { ...asked, loginHint: undefined, ...secrets } as never;
  const failed: unknown = await app
    .acquireTokenByBackchannelAuthentication(request)
    .catch((reason: unknown) => reason);
  const token = provider.requests.at(-1)?.form["client_notification_token"] ?? "";
  expect(token.length).toBeGreaterThan(40);
  expect(failed).toMatchObject({ errorCode: "invalid_user_code" });
  for (const secret of [...Object.values(secrets), token, clientSecret])
    expect(`${String(failed)} ${lines.join("\n")}`).not.toContain(secret);
});

describe("a notification", () => {
  const ping = { backchannel_token_delivery_mode: "ping" };
  const token = (): string =>
    provider.requests.find(({ path }) => path === "/backchannel")?.form["client_notification_token"] ?? "";

  test.each<[string, (known: string) => { authorization: string | undefined; body: unknown }, boolean]>([
    [
      "with the token and the id",
      (known) => ({ authorization: `Bearer ${known}`, body: { auth_req_id: "the-request-id" } }),
      true,
    ],
    [
      "as text, with a scheme in lower case",
      (known) => ({ authorization: `bearer ${known}`, body: '{"auth_req_id":"the-request-id"}' }),
      true,
    ],
    [
      "of another request",
      (known) => ({ authorization: `Bearer ${known}`, body: { auth_req_id: "another" } }),
      false,
    ],
    [
      "with another token",
      () => ({ authorization: "Bearer another", body: { auth_req_id: "the-request-id" } }),
      false,
    ],
    ["without a token", () => ({ authorization: undefined, body: { auth_req_id: "the-request-id" } }), false],
    [
      "with an empty token",
      () => ({ authorization: "Bearer ", body: { auth_req_id: "the-request-id" } }),
      false,
    ],
    ["without an id", (known) => ({ authorization: `Bearer ${known}`, body: "{}" }), false],
    ["that is no JSON", (known) => ({ authorization: `Bearer ${known}`, body: "<html>" }), false],
  ])("%s: %#", async (_, notification, isExpected) => {
    const received: boolean[] = [];
    const run = stage((_turn, signal) => {
      received.push(run.app.receiveBackchannelNotification(notification(token())));
      expect(signal?.aborted ?? false).toBe(isExpected);
      signal?.throwIfAborted();
    }, ping);
    await run.app.acquireTokenByBackchannelAuthentication(asked);
    expect(received).toEqual([isExpected]);
    expect(run.app.receiveBackchannelNotification(notification(token()))).toBe(false);
  });

  test("may overtake the answer that names the request", async () => {
    provider.answers.backchannel = ({ form }) => {
      const authorization = `Bearer ${form["client_notification_token"]}`;
      const body = { auth_req_id: "the-request-id" };
      expect(run.app.receiveBackchannelNotification({ authorization, body })).toBe(true);
      return { body: { auth_req_id: "the-request-id", expires_in: 60 } };
    };
    const run = stage(() => undefined, ping);
    await run.app.acquireTokenByBackchannelAuthentication(asked);
    expect(provider.count("token")).toBe(1);
    expect(run.waits).toEqual([]);
  });

  test("is expected by no application that polls", () => {
    const notification = { authorization: "Bearer a", body: { auth_req_id: "b" } };
    expect(stage().app.receiveBackchannelNotification(notification)).toBe(false);
  });

  test("cannot bring the tokens: push is refused", () => {
    expect(() => stage(() => undefined, { backchannel_token_delivery_mode: "push" })).toThrow("push");
  });
});
