// Users who sign in on a device of theirs (OpenID CIBA), at a real OpenID Provider: poll and ping.
// proves: core/src/flows/backchannel-authentication.ts, core/src/flows/backchannel-pings.ts,
// proves: node/src/backchannel-application.ts
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { ConfidentialClientApplication, type BackchannelAuthenticationRequest } from "@tessera/node";
import { callers, devices, requestObjectKey } from "../support/oidc-backchannel.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";

const stage = devices();
const scopes = ["openid", "profile", "reports:read"];
const asked: BackchannelAuthenticationRequest = {
  scopes,
  loginHint: "olga@example.org",
  bindingMessage: "till-42",
};
let provider: OpenIdProvider;
beforeAll(async () => {
  provider = await startOpenIdProvider(stage.options);
});
beforeEach(() => {
  provider.clearRequests();
  stage.asked.length = 0;
});
afterAll(() => provider.close());

/** The application, whose pauses do what the test says and end at once. */
function application(
  mode: keyof typeof callers,
  pause: (turn: number, seconds: number, signal?: AbortSignal) => unknown,
): ConfidentialClientApplication {
  let time = Date.now();
  let turn = 0;
  const clock = {
    now: () => time,
    sleep: async (milliseconds: number, signal?: AbortSignal) => {
      await pause((turn += 1), milliseconds / 1000, signal);
      time += milliseconds;
    },
  };
  const clientMetadata = { backchannel_token_delivery_mode: mode };
  const signing = mode === "ping" ? { requestObjectKey } : {};
  const auth = { oidcAuthority: provider.url, ...callers[mode], ...signing, clientMetadata };
  return new ConfidentialClientApplication({ auth, system: { clock } });
}

test("a user who agrees on the device is signed in, and her tokens are renewed", async () => {
  const waits: number[] = [];
  const app = application("poll", async (turn, seconds) => {
    waits.push(seconds);
    if (turn === 3) await stage.decide("accept");
  });
  const result = await app.acquireTokenByBackchannelAuthentication({ ...asked, requestedExpiry: 120 });
  expect(result).toMatchObject({
    tokenType: "Bearer",
    idTokenClaims: { iss: provider.url, aud: callers.poll.clientId, sub: "olga@example.org" },
    account: { homeAccountId: "olga@example.org" },
  });
  expect(result.scopes).toContain("reports:read");
  expect(waits).toEqual([5, 5, 5]);
  const request = provider.requests.find(({ path }) => path === "/backchannel");
  expect(request?.form).toMatchObject({
    login_hint: "olga@example.org",
    binding_message: "till-42",
    requested_expiry: "120",
  });
  expect(request?.form).not.toHaveProperty("client_notification_token");
  expect(provider.tokenRequests().map(({ form }) => form["grant_type"])).toEqual(
    Array(3).fill("urn:openid:params:grant-type:ciba"),
  );
  const { account } = result;
  if (!account) throw new Error("nobody has signed in");
  expect((await app.acquireTokenSilent({ scopes, account })).fromCache).toBe(true);
  expect((await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).fromCache).toBe(false);
});

test.each<[string, Partial<BackchannelAuthenticationRequest>, string]>([
  ["a user who declines", {}, "access_denied"],
  ["a user whom the provider does not know", { loginHint: "nobody" }, "unknown_user_id"],
  [
    "a message that the provider does not show",
    { bindingMessage: "what is this?\n" },
    "invalid_binding_message",
  ],
])("%s is an error of the provider's", async (_, over, errorCode) => {
  const app = application("poll", () => stage.decide("decline"));
  await expect(app.acquireTokenByBackchannelAuthentication({ ...asked, ...over })).rejects.toMatchObject({
    name: "ServerError",
    errorCode,
  });
});

test("a notification ends the pause", async () => {
  let status = 0;
  const app: ConfidentialClientApplication = application("ping", async (_turn, seconds, signal) => {
    expect(seconds).toBe(5);
    const aborted = new Promise((resolve) => signal?.addEventListener("abort", resolve));
    await stage.decide("accept");
    await aborted;
    signal?.throwIfAborted();
  });
  stage.onNotification = ({ authorization, body }) =>
    (status = app.receiveBackchannelNotification({ authorization, body }) ? 204 : 401);
  const { account } = await app.acquireTokenByBackchannelAuthentication(asked);
  expect(account?.homeAccountId).toBe("olga@example.org");
  expect(status).toBe(204);
  expect(provider.tokenRequests()).toHaveLength(1);
});

test("a request is signed with the application's key, with all its parameters", async () => {
  stage.onNotification = () => 204;
  const app = application("ping", () => stage.decide("accept"));
  await app.acquireTokenByBackchannelAuthentication(asked);
  const sent = provider.requests.find(({ path }) => path === "/backchannel")?.form ?? {};
  expect(sent).not.toHaveProperty("login_hint");
  expect(sent).not.toHaveProperty("client_notification_token");
  const [header, claims] = (sent["request"] ?? "").split(".").map((part): unknown => {
    const text = Buffer.from(part, "base64url").toString();
    return text.startsWith("{") ? JSON.parse(text) : text;
  });
  expect(header).toMatchObject({ alg: "ES256", kid: "signing" });
  expect(claims).toMatchObject({
    iss: callers.ping.clientId,
    aud: provider.url,
    login_hint: "olga@example.org",
    binding_message: "till-42",
  });
});

test("without its notification, a call goes on polling", async () => {
  stage.onNotification = () => 204;
  const app = application("ping", (turn) => turn === 2 && stage.decide("accept"));
  const { account } = await app.acquireTokenByBackchannelAuthentication(asked);
  expect(account?.homeAccountId).toBe("olga@example.org");
  expect(provider.tokenRequests()).toHaveLength(2);
});

test("two calls for one user are two requests: each session has its own consent", async () => {
  let isDecided = false;
  const app = application("poll", async () => {
    while (stage.asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
    if (isDecided) return;
    isDecided = true;
    await stage.decide("accept");
  });
  const calls = [1, 2].map(() => app.acquireTokenByBackchannelAuthentication({ ...asked, timeout: 30 }));
  const results = await Promise.allSettled(calls);
  expect(stage.asked).toHaveLength(2);
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});
