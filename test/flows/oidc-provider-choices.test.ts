// What an app may choose at a certified OpenID Provider: scopes left out, no scope at all, a secret from a function.
// proves: core/src/exchange/user-scopes.ts, core/src/credential/secret-authentication.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { AuthCodeFlowRequest, ClientApplication, ClientSecretCallback } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { applicationAt, daemonAt, type ClientName } from "../support/oidc-applications.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { signIn } from "../support/sign-in.js";
import { createTestClock } from "../support/test-clock.js";

const scopes = ["reports:read"];
const clock = createTestClock();

let provider: OpenIdProvider;
beforeAll(async () => {
  provider = await startOpenIdProvider();
});
afterAll(() => provider.close());
beforeEach(() => provider.clearRequests());

const started = async (app: ClientApplication, over: Partial<AuthCodeFlowRequest> = {}) => {
  const { redirectUri } = provider;
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, prompt: "consent", ...over });
  const answer = await signIn(flow.authUrl, {
    username: "olga@example.org",
    password: "any",
    consent: "accept",
  });
  return { flow, result: await app.acquireTokenByAuthCodeFlow(flow, answer.searchParams) };
};
const refreshTokens = (app: ClientApplication) =>
  Object.keys(JSON.parse(app.getTokenCache().serialize()).RefreshToken as object);

describe.each<ClientName>(["publicClient", "basic"])("%s", (name) => {
  it("gets a refresh token, because the provider lists offline_access", async () => {
    const app = applicationAt(provider, clock, name);
    await started(app);
    expect(refreshTokens(app)).toHaveLength(1);
  });

  it.each<[string, object, object]>([
    ["the configuration", { excludeScopes: ["offline_access"] }, {}],
    ["the request", {}, { excludeScopes: ["offline_access"] }],
  ])("gets none when %s leaves the scope out, and finds its token all the same", async (_, auth, request) => {
    const app = applicationAt(provider, clock, name, auth);
    const { result } = await started(app, request);
    expect(refreshTokens(app)).toEqual([]);
    const again = await app.acquireTokenSilent({ scopes, account: accountOf(result) });
    expect(again).toMatchObject({ fromCache: true, accessToken: result.accessToken });
  });

  it("signs in without a nonce, if the app says so", async () => {
    const { flow, result } = await started(applicationAt(provider, clock, name), { useNonce: false });
    expect(flow.nonce).toBe("");
    expect(result.idTokenClaims).not.toHaveProperty("nonce");
    expect(result.account?.username).toBe("olga@example.org");
  });
});

it("a confidential client signs in without PKCE, if the app says so", async () => {
  const { flow, result } = await started(applicationAt(provider, clock, "basic"), { usePkce: false });
  expect(new URL(flow.authUrl).searchParams.has("code_challenge")).toBe(false);
  expect(result.account?.username).toBe("olga@example.org");
});

it("an app token needs no scope, and is found again", async () => {
  const app = daemonAt(provider, clock);
  const first = await app.acquireTokenByClientCredential({});
  expect(await app.acquireTokenByClientCredential({})).toMatchObject({
    fromCache: true,
    accessToken: first.accessToken,
  });
  expect(provider.tokenRequests().map(({ form }) => form["scope"])).toEqual([undefined]);
});

it("a secret from a function signs a user in, and verifies HS256", async () => {
  const { clientSecret } = provider.clients.hs256;
  const secret = jest.fn<ClientSecretCallback>(async () => clientSecret);
  const clientMetadata = { id_token_signed_response_alg: "HS256" };
  const app = applicationAt(provider, clock, "hs256", { clientSecret: secret, clientMetadata });
  const { result } = await started(app);
  expect(result.account?.username).toBe("olga@example.org");
  expect(secret).toHaveBeenCalled();
});
