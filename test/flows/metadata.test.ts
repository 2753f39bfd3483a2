// Every result and every error says where it comes from and what it took.
// proves: core/src/metadata.ts, core/src/http/tally.ts, core/src/exchange/accounted.ts, core/src/client/client-cache.ts
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import {
  createMemoryTokenStore,
  type AuthenticationResult,
  type AuthError,
  type ConfidentialClientApplication,
} from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { redeem, scopes, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
afterEach(() => provider.reset());

const appToken = (app: ConfidentialClientApplication, over = {}) =>
  app.acquireTokenByClientCredential({ scopes: ["api"], ...over });
const answering = (headers: Readonly<Record<string, string>>, over = {}) => {
  provider.answers.token = () => ({ headers, body: provider.tokens(), ...over });
};
const thrownBy = (call: Promise<unknown>): Promise<AuthError> =>
  call.then(
    () => Promise.reject(new Error("no error")),
    (error: AuthError) => error,
  );
const none = { totalMs: 0, networkMs: 0, cacheMs: 0, attempts: 0, requestId: "" };

describe("the metadata of a result", () => {
  it("from the network counts every request, and has the provider's name for the last", async () => {
    answering({ "x-ms-request-id": "request-1" });
    const { metadata } = await redeem(provider.confidential());
    expect(metadata).toMatchObject({ source: "network", attempts: 3, requestId: "request-1" });
    const { totalMs = 0, networkMs = 0 } = metadata ?? {};
    expect(networkMs).toBeGreaterThan(0);
    expect(totalMs).toBeGreaterThanOrEqual(networkMs);
  });

  it("from memory is one object for all hits", async () => {
    const app = provider.confidential();
    await appToken(app);
    const [one, two] = [await appToken(app), await appToken(app)];
    expect(one.metadata).toEqual({ source: "memory", ...none });
    expect(two.metadata).toBe(one.metadata);
    expect(Object.isFrozen(one.metadata)).toBe(true);
  });

  const distantStore = () => {
    const memory = createMemoryTokenStore();
    return {
      ...memory,
      load: async (...args: Parameters<typeof memory.load>) => memory.load(...args),
    };
  };

  it("from a store says so, and how long that took", async () => {
    const store = distantStore();
    await appToken(provider.confidential({ cache: { store } }));
    const { metadata } = await appToken(provider.confidential({ cache: { store } }));
    expect(metadata).toMatchObject({ source: "store", attempts: 0, requestId: "" });
    expect(metadata?.totalMs).toBe(metadata?.cacheMs);
  });

  it("from a store is so too when another application has renewed it while the call waited", async () => {
    const store = distantStore();
    const [first, second] = [
      provider.confidential({ cache: { store } }),
      provider.confidential({ cache: { store } }),
    ];
    const account = accountOf(await redeem(first));
    provider.answers.token = () => ({ body: provider.tokens({}, { claims: { nonce: undefined } }) });
    provider.clock.advance(3590);
    const results = await Promise.all(
      [first, second].map((app) => app.acquireTokenSilent({ scopes, account })),
    );
    expect(provider.count("token")).toBe(2);
    expect(results.map(({ metadata }) => metadata?.source)).toEqual(["network", "store"]);
    expect(results[1]?.metadata?.totalMs).toBeGreaterThan(0);
  });

  it("is that of the request that equal calls share", async () => {
    answering({ "x-request-id": "shared" });
    const app = provider.confidential();
    const results = await Promise.all([1, 2, 3].map(() => appToken(app)));
    expect(provider.count("token")).toBe(1);
    expect(
      results.map(({ metadata }) => [metadata?.source, metadata?.attempts, metadata?.requestId]),
    ).toEqual(results.map(() => ["network", 3, "shared"]));
  });

  it.each([
    ["Entra", "x-ms-request-id"],
    ["Okta", "x-okta-request-id"],
    ["Auth0", "x-auth0-requestid"],
    ["AWS", "x-amzn-requestid"],
    ["GitHub", "x-github-request-id"],
    ["another", "x-request-id"],
    ["one more", "request-id"],
  ])("has the request ID of %s", async (_, header) => {
    answering({ [header]: "a:b-1" });
    expect((await appToken(provider.confidential())).metadata?.requestId).toBe("a:b-1");
  });

  it.each([["<script>"], ["a b"], ["x".repeat(129)]])(
    "takes no header for a request ID that is none: %s",
    async (text) => {
      answering({ "x-request-id": text });
      expect((await appToken(provider.confidential())).metadata?.requestId).toBe("");
    },
  );
});

describe("the metadata of an error", () => {
  it("has the requests that were sent, and the provider's name for the one that was refused", async () => {
    answering({ "x-ms-request-id": "refused" }, { status: 400, body: { error: "invalid_grant" } });
    const { metadata } = await thrownBy(redeem(provider.confidential()));
    expect(metadata).toMatchObject({ source: "network", attempts: 3, requestId: "refused" });
  });

  it("of a pause that the server has asked for says that nothing was sent", async () => {
    answering({ "retry-after": "60" }, { status: 429, body: { error: "slow_down" } });
    const app = provider.confidential();
    await thrownBy(appToken(app));
    expect((await thrownBy(appToken(app))).metadata).toMatchObject({ source: "memory", attempts: 0 });
  });

  it("is each caller's own", async () => {
    answering({}, { status: 400, body: { error: "invalid_client" } });
    const app = provider.confidential();
    const errors = await Promise.all([1, 2].map(() => thrownBy(appToken(app))));
    for (const { metadata } of errors) expect(metadata).toMatchObject({ source: "network", attempts: 2 });
  });

  it("is not there when nothing was tried", async () => {
    const error = await thrownBy(appToken(provider.confidential(), { timeoutMs: -1 }));
    expect(error.metadata).toBeUndefined();
  });
});

it("a result is as it was, apart from its metadata", async () => {
  answering({}, { body: { access_token: "a", token_type: "Bearer", expires_in: 60 } });
  const app = provider.confidential();
  const { metadata: _, ...first }: AuthenticationResult = await appToken(app, { correlationId: "one" });
  const { metadata: __, ...again } = await appToken(app, { correlationId: "one" });
  expect(again).toEqual({ ...first, fromCache: true });
});
