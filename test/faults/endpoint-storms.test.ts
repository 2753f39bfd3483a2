// A loop over a failing call that acquires no token, or that fails before the token request, does not flood the provider.
// proves: core/src/exchange/paced-request.ts, core/src/http/attempt.ts, core/src/http/failures.ts, core/src/authority/resolver.ts, core/src/response/key-pauses.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  createAccessTokenVerifier,
  deleteClientRegistration,
  discoverProtectedResource,
  Logger,
  readClientRegistration,
  registerClient,
  updateClientRegistration,
  type AccessTokenVerifier,
  type ConfidentialClientApplication,
  type PublicClientApplication,
} from "@tessera/node";
import {
  clientId,
  startFakeProvider,
  type Answer,
  type Endpoint,
  type FakeProvider,
} from "../support/fake-provider.js";

const redirectUri = "http://localhost/signed-in";
let provider: FakeProvider;
let app: ConfidentialClientApplication;
let publicApp: PublicClientApplication;
let verifier: AccessTokenVerifier;
/** The network of a call without an application. */
let system: NonNullable<Parameters<typeof registerClient>[0]["system"]>;

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  const { url } = provider;
  // Polls follow each other at once.
  const clock = { ...provider.clock, sleep: async () => undefined };
  app = provider.confidential({ system: { clock } });
  publicApp = provider.publicClient({ system: { clock } });
  system = { clock, proxy: false };
  verifier = createAccessTokenVerifier({ issuer: url, audience: clientId, system });
});

interface Failed extends Error {
  readonly errorCode: string;
  readonly correlationId: string;
  readonly isRetryable: boolean;
  readonly retryAfterSeconds?: number;
  readonly metadata?: { readonly attempts: number; readonly source: string };
}
type Ask = () => Promise<unknown>;
const failure = async (call: Promise<unknown>): Promise<Failed> => {
  try {
    await call;
  } catch (error) {
    return error as Failed;
  }
  throw new Error("the call has not failed");
};

const scopes = ["openid", "api:read"];
const metadata = (): object => ({
  userinfo_endpoint: `${provider.url}/userinfo`,
  introspection_endpoint: `${provider.url}/introspect`,
  revocation_endpoint: `${provider.url}/revoke`,
  pushed_authorization_request_endpoint: `${provider.url}/par`,
  backchannel_authentication_endpoint: `${provider.url}/backchannel`,
  registration_endpoint: `${provider.url}/register`,
  // The provider of the test has none of its own.
  device_authorization_endpoint: `${provider.url}/par`,
});
const withMetadata = (more: object = {}): void => {
  provider.answers.discovery = () => ({ body: provider.metadata({ ...metadata(), ...more }) });
};
const pushing = { require_pushed_authorization_requests: true };
const register: Ask = () =>
  registerClient({ authority: provider.url, metadata: { client_name: "Orders" }, system });
const managed = () => {
  const registrationClientUri = `${provider.url}/register`;
  const registrationAccessToken = "the-token-of-the-registration";
  return {
    registration: {
      issuer: provider.url,
      clientId,
      registrationClientUri,
      registrationAccessToken,
      metadata: {},
    },
    system,
  };
};
let count = 0;
/** Each token is another one, as those that an API is called with. */
const accessToken = (): string => {
  const jti = String((count += 1));
  return provider.idToken({ claims: { nonce: undefined, client_id: "another", jti } });
};

const calls: readonly (readonly [string, Endpoint, Ask, object?])[] = [
  ["getAuthCodeUrl, without a document", "discovery", () => app.getAuthCodeUrl({ scopes, redirectUri })],
  [
    "initiateAuthCodeFlow, without a document",
    "discovery",
    () => app.initiateAuthCodeFlow({ scopes, redirectUri }),
  ],
  ["buildEndSessionUrl, without a document", "discovery", () => app.buildEndSessionUrl({})],
  ["verify, without a document", "discovery", () => verifier.verify(accessToken())],
  ["verify, without keys", "keys", () => verifier.verify(accessToken())],
  ["a pushed request", "par", () => app.initiateAuthCodeFlow({ scopes, redirectUri }), pushing],
  ["userInfo", "userinfo", () => app.userInfo({ accessToken: "an-access-token" })],
  ["introspect", "introspection", () => app.introspect({ token: "an-access-token" })],
  ["revoke", "revocation", () => app.revoke({ token: "an-access-token" })],
  [
    "a device code",
    "par",
    () => publicApp.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: () => undefined }),
  ],
  [
    "a backchannel request",
    "backchannel",
    () => app.acquireTokenByBackchannelAuthentication({ scopes, loginHint: "ada" }),
  ],
  ["registerClient, without a document", "discovery", () => register()],
  ["registerClient", "registration", () => register()],
  ["readClientRegistration", "registration", () => readClientRegistration(managed())],
  [
    "updateClientRegistration",
    "registration",
    () => updateClientRegistration({ ...managed(), metadata: { client_name: "Orders" } }),
  ],
  ["deleteClientRegistration", "registration", () => deleteClientRegistration(managed())],
  [
    "discoverProtectedResource",
    "resource",
    () => discoverProtectedResource({ resource: `${provider.url}/api`, system }),
  ],
];
const failures: readonly (readonly [string, Answer])[] = [
  ["a reset connection", { reset: true }],
  ["HTTP 503", { status: 503, body: { error: "temporarily_unavailable" } }],
  ["a refusal", { status: 400, body: { error: "invalid_request" } }],
  ["a page", { status: 200, body: "<html>", headers: { "content-type": "text/html" } }],
];
const cells = calls.flatMap(([name, endpoint, ask, more]) =>
  failures
    // Any 200 means success for a revocation (RFC 7009 §2.2) and for the deletion of a registration.
    .filter(([what]) => !["revoke", "deleteClientRegistration"].includes(name) || what !== "a page")
    .map(([what, answer]) => ({ name, what, endpoint, ask, answer, more })),
);

describe("a loop over a failing call", () => {
  it.each(cells)("$name, after $what, sends at most ten requests a second", async (cell) => {
    const { endpoint, ask, answer, more } = cell;
    withMetadata(more);
    const { [endpoint]: good } = provider.answers;
    provider.answers[endpoint] = () => answer;
    const errors: Failed[] = [];
    // Three seconds, in each of which the caller tries twenty times.
    for (let turn = 0; turn < 60; turn += 1) {
      errors.push(await failure(ask()));
      provider.clock.advance(0.05);
    }
    expect(provider.count(endpoint)).toBeLessThanOrEqual(30);
    expect(provider.count(endpoint)).toBeGreaterThan(2);
    expect(new Set(errors.map(({ errorCode }) => errorCode)).size).toBeLessThanOrEqual(2);
    expect(new Set(errors.map(({ correlationId }) => correlationId)).size).toBe(errors.length);
    // What the calls took stands in their errors.
    expect(errors[0]?.metadata).toMatchObject({ source: "network" });
    expect(errors[0]?.metadata?.attempts).toBeGreaterThan(0);
    const told = (await failure(ask())).retryAfterSeconds ?? 0;
    expect(told).toBeGreaterThan(0);
    provider.answers[endpoint] = good;
    const sent = provider.count(endpoint);
    provider.clock.advance(told);
    await ask().catch(() => undefined);
    expect(provider.count(endpoint)).toBeGreaterThan(sent);
  });

  const asked = calls.map(([name, endpoint, ask, more]) => ({ name, endpoint, ask, more }));
  it.each(asked)("$name leaves a server alone that asks for it", async ({ endpoint, ask, more }) => {
    withMetadata(more);
    provider.answers[endpoint] = () => ({
      status: 429,
      headers: { "retry-after": "30" },
      body: { error: "x" },
    });
    for (let turn = 0; turn < 20; turn += 1) {
      const { isRetryable, retryAfterSeconds = 0 } = await failure(ask());
      expect(isRetryable).toBe(true);
      expect(retryAfterSeconds).toBeGreaterThan(0);
      provider.clock.advance(1);
    }
    expect(provider.count(endpoint)).toBe(1);
    provider.clock.advance(10);
    await failure(ask());
    expect(provider.count(endpoint)).toBe(2);
  });

  it("does not hold back a call about something else", async () => {
    withMetadata();
    provider.answers.introspection = ({ form }) =>
      form["token"] === "the-first-token"
        ? { status: 400, body: { error: "invalid_request" } }
        : { body: { active: true } };
    for (let turn = 0; turn < 5; turn += 1) await failure(app.introspect({ token: "the-first-token" }));
    expect(await app.introspect({ token: "the-second-token" })).toMatchObject({ active: true });
  });
});

it("a host that is tried again is tried by the next call if the first one fails in the app's own logger", async () => {
  let throws = false;
  const logger = new Logger({});
  logger.verbose = (line) => {
    if (throws && line.startsWith("POST")) throw new Error("the disk is full");
  };
  app.setLogger(logger);
  const ask = (scope: number) => app.acquireTokenByClientCredential({ scopes: [`api:${scope}`] });
  provider.answers.token = () => ({ reset: true });
  for (let scope = 0; app.diagnostics().hosts[0]?.circuit !== "open"; scope += 1) await failure(ask(scope));
  provider.clock.advance(1);
  provider.answers.token = () => ({ body: provider.tokens({ id_token: undefined }) });
  throws = true;
  await failure(ask(100));
  throws = false;
  provider.clock.advance(60);
  expect(await ask(101)).toMatchObject({ fromCache: false });
});

describe("a clock that is set back", () => {
  it("does not keep a new key from being fetched", async () => {
    let elapsed = 0;
    const { clock: wall, url } = provider;
    const clock = { now: () => wall.now(), monotonic: () => elapsed };
    verifier = createAccessTokenVerifier({
      issuer: url,
      audience: clientId,
      system: { clock, proxy: false },
    });
    await verifier.verify(accessToken());
    const unknown = (kid: string): string =>
      provider.idToken({ claims: { nonce: undefined, client_id: "another" }, header: { kid } });
    await failure(verifier.verify(unknown("gone")));
    const before = provider.count("keys");
    wall.advance(-300);
    elapsed += 61_000;
    await failure(verifier.verify(unknown("also gone")));
    expect(provider.count("keys")).toBe(before + 1);
    expect(await verifier.verify(accessToken())).toBeDefined();
    wall.advance(300);
  });

  it("does not make keys fresh for longer", async () => {
    await verifier.verify(accessToken());
    provider.clock.advance(-86_400);
    await verifier.verify(accessToken());
    expect(provider.count("keys")).toBe(2);
    provider.clock.advance(86_400);
  });
});
