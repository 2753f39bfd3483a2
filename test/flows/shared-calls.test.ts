// Single flight, deadlines and cancellation: equal calls share one request, and each caller can leave.
// proves: core/src/exchange/shared-call.ts, core/src/flight/deadline.ts, core/src/flight/single-flight.ts,
// core/src/flight/until-aborted.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ConfidentialClientApplication } from "@tessera/node";
import { deadlineInHand } from "../support/deadline-in-hand.js";
import {
  code,
  redeem,
  startFakeProvider,
  type FakeProvider,
  type FakeRequest,
} from "../support/fake-provider.js";

type Endpoint = keyof FakeProvider["answers"];

let provider: FakeProvider;
let app: ConfidentialClientApplication;

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  app = provider.confidential();
});

const ask = (
  over: { signal?: AbortSignal; timeoutMs?: number; claims?: string; correlationId?: string } = {},
) => app.acquireTokenByClientCredential({ scopes: ["api:read"], ...over });
const toSignIn = { scopes: ["openid"], redirectUri: "http://localhost" };
const aborted = { name: "ClientAuthError", errorCode: "request_aborted" };
const timedOut = { name: "ClientAuthError", errorCode: "request_timeout" };

/** Lets an endpoint wait with its next answer. */
function hold(endpoint: Endpoint): { readonly arrived: Promise<FakeRequest>; release(): void } {
  const good = provider.answers[endpoint];
  let arrive: (request: FakeRequest) => void;
  let release = (): void => undefined;
  const arrived = new Promise<FakeRequest>((resolve) => (arrive = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  provider.answers[endpoint] = async (request) => {
    provider.answers[endpoint] = good;
    arrive(request);
    await Promise.race([released, request.ended]);
    return good(request);
  };
  return { arrived, release };
}

describe("calls that share a request", () => {
  it("can leave one by one: who stays gets the token", async () => {
    const held = hold("token");
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [ask({ signal: first.signal }), ask({ signal: second.signal }), ask()];
    await held.arrived;
    first.abort();
    await expect(calls[0]).rejects.toMatchObject(aborted);
    second.abort(new Error("changed my mind"));
    await expect(calls[1]).rejects.toMatchObject({ ...aborted, cause: { message: "changed my mind" } });
    held.release();
    expect(await calls[2]).toMatchObject({ accessToken: "an-access-token" });
    expect(provider.count("token")).toBe(1);
    expect(await ask()).toMatchObject({ fromCache: true });
  });

  it("each have a result or an error of their own, also with the same correlation id", async () => {
    const inOneRequest = { correlationId: "of one web request" };
    const held = hold("token");
    const calls = [ask(inOneRequest), ask(inOneRequest)];
    await held.arrived;
    held.release();
    const [one, two] = await Promise.all(calls);
    expect(provider.count("token")).toBe(1);
    expect(one).not.toBe(two);
    expect(one?.scopes).not.toBe(two?.scopes);
    expect(one?.metadata).not.toBe(two?.metadata);
    provider.answers.token = () => ({ status: 400, body: { error: "invalid_request" } });
    const claims = '{"access_token":{"a":null}}';
    const failed = [ask({ ...inOneRequest, claims }), ask({ ...inOneRequest, claims })];
    const [first, second] = await Promise.all(failed.map((call) => call.catch((error: unknown) => error)));
    expect(provider.count("token")).toBe(2);
    expect(first).toMatchObject({ errorCode: "invalid_request", metadata: { attempts: 1 } });
    expect(second).toMatchObject({ errorCode: "invalid_request", metadata: { attempts: 1 } });
    expect(first).not.toBe(second);
  });

  it("each have their own deadline", async () => {
    const held = hold("token");
    const [hasty, patient] = [ask({ timeoutMs: 40 }), ask({ timeoutMs: 20_000 })];
    await expect(hasty).rejects.toMatchObject({ ...timedOut, message: expect.stringContaining("40 ms") });
    held.release();
    expect(await patient).toMatchObject({ accessToken: "an-access-token" });
    expect(provider.count("token")).toBe(1);
  });

  const waits: readonly (readonly [
    Endpoint,
    (bounds: { signal?: AbortSignal; timeoutMs?: number }) => Promise<object>,
  ])[] = [
    ["discovery", (bounds) => redeem(app, bounds)],
    ["token", ask],
    ["keys", (bounds) => redeem(app, bounds)],
  ];
  it.each(waits)("end the connection when all have left, while waiting for %s", async (endpoint, call) => {
    const held = hold(endpoint);
    const [one, two] = [new AbortController(), new AbortController()];
    const calls = [one, two].map(({ signal }) => call({ signal }));
    const request = await held.arrived;
    one.abort();
    await expect(calls[0]).rejects.toMatchObject(aborted);
    two.abort();
    await expect(calls[1]).rejects.toMatchObject(aborted);
    await request.ended;
    expect(await app.getAllAccounts()).toEqual([]);
    expect(await redeem(app)).toMatchObject({ accessToken: "an-access-token" });
  });

  it.each(waits)("end the connection at their deadline, while waiting for %s", async (endpoint, call) => {
    const held = hold(endpoint);
    const deadline = deadlineInHand(123_456);
    const ended = expect(call({ timeoutMs: 123_456 })).rejects.toMatchObject(timedOut);
    const request = await held.arrived;
    deadline.pass();
    await ended;
    await request.ended;
    deadline.restore();
    expect(await redeem(app)).toMatchObject({ accessToken: "an-access-token" });
  });

  it.each<[string, (bounds: { signal?: AbortSignal; timeoutMs?: number }) => Promise<unknown>]>([
    ["getAuthCodeUrl", (bounds) => app.getAuthCodeUrl({ ...toSignIn, ...bounds })],
    ["initiateAuthCodeFlow", (bounds) => app.initiateAuthCodeFlow({ ...toSignIn, ...bounds })],
    ["buildEndSessionUrl", (bounds) => app.buildEndSessionUrl(bounds)],
  ])("to make an address have their own bounds, too: %s", async (_, call) => {
    const held = hold("discovery");
    const controller = new AbortController();
    const bounded = [
      expect(call({ timeoutMs: 40 })).rejects.toMatchObject(timedOut),
      expect(call({ signal: controller.signal })).rejects.toMatchObject(aborted),
    ];
    await held.arrived;
    controller.abort();
    await Promise.all(bounded);
  });

  it("are silent ones for one user that would send the same", async () => {
    const { account } = await redeem(app);
    if (!account) throw new Error("nobody has signed in");
    const renew = (over: { redirectUri?: string; refreshTokenExpirationOffsetSeconds?: number } = {}) =>
      app.acquireTokenSilent({ account, scopes: ["api:read"], forceRefresh: true, ...over });
    const before = provider.count("token");
    const [first, same, sent, margin] = await Promise.all([
      renew(),
      renew(),
      renew({ redirectUri: "http://localhost" }),
      renew({ refreshTokenExpirationOffsetSeconds: 60 }),
    ]);
    expect([first, same, sent, margin].every((result) => !result.fromCache)).toBe(true);
    expect(provider.count("token")).toBe(before + 3);
  });

  it("all get the error when it fails, and the next one tries again", async () => {
    provider.answers.token = () => ({ status: 400, body: { error: "invalid_request" } });
    const calls = await Promise.allSettled(Array.from({ length: 20 }, () => ask()));
    const codes = calls.map(
      (call) => call.status === "rejected" && (call.reason as { errorCode?: string }).errorCode,
    );
    expect(new Set(codes)).toEqual(new Set(["invalid_request"]));
    expect(provider.count("token")).toBe(1);
    provider.reset();
    expect(await ask()).toMatchObject({ fromCache: false });
  });

  it("send nothing when their signal was aborted before", async () => {
    await expect(ask({ signal: AbortSignal.abort() })).rejects.toMatchObject(aborted);
    await expect(redeem(app, { signal: AbortSignal.abort() })).rejects.toMatchObject(aborted);
    expect(provider.requests).toEqual([]);
  });
});

describe("calls do not share a request", () => {
  it.each<[string, object, object]>([
    ["with other claims", { claims: '{"a":1}' }, { claims: '{"a":2}' }],
    ["with other extra parameters", { extraParameters: { a: "1" } }, { extraParameters: { a: "2" } }],
    ["for another resource", { resource: "https://a.example" }, { resource: "https://b.example" }],
    ["for other scopes", { scopes: ["api:read"] }, { scopes: ["api:write"] }],
    ["when one of them wants nothing kept", {}, { storeInCache: { accessToken: false } }],
    ["with another PKCE verifier", {}, { codeVerifier: "another-verifier-0123456789-0123456789-0123456789" }],
    ["with another redirect URI", {}, { redirectUri: "http://localhost/other" }],
    ["with another nonce", {}, { nonce: undefined }],
    ["with another code", {}, { code: "another-code" }],
  ])("%s", async (_, one, two) => {
    await Promise.allSettled([redeem(app, one), redeem(app, two)]);
    expect(provider.count("token")).toBe(2);
  });

  it.each<[string, object]>([
    ["when one of them wants the user kept", { forceCache: true }],
    ["with another redirect URI", { redirectUri: "http://localhost" }],
    ["with another user to route by", { ccsCredential: { credential: "u@a.example", type: "UPN" } }],
  ])("to import a refresh token, %s", async (_, over) => {
    const request = { refreshToken: "a-refresh-token", scopes: ["api:read"] };
    await Promise.all([request, { ...request, ...over }].map((one) => app.acquireTokenByRefreshToken(one)));
    expect(provider.count("token")).toBe(2);
  });

  it("so that a code that was put into another user's sign-in brings that one no token", async () => {
    const victim = redeem(app);
    const attacker = redeem(app, { nonce: "of-the-attacker", codeVerifier: "of-the-attacker" });
    await expect(attacker).rejects.toMatchObject({ errorCode: "nonce_mismatch" });
    expect(await victim).toMatchObject({ accessToken: "an-access-token" });
  });

  it("so that a code from another issuer is not redeemed together with one that is right (RFC 9207)", async () => {
    const [good, bad] = [provider.url, "https://evil.example"].map((iss) => redeem(app, {}, { code, iss }));
    await expect(bad).rejects.toMatchObject({ errorCode: "invalid_state" });
    expect(await good).toMatchObject({ accessToken: "an-access-token" });
    expect(provider.count("token")).toBe(1);
  });
});
