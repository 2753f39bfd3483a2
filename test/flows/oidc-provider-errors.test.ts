import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { accountOf } from "../support/entra.js";
import { applicationAt, daemonAt, scopes, signInAt, visit } from "../support/oidc-applications.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

let provider: OpenIdProvider;
let clock: TestClock;

beforeAll(async () => {
  provider = await startOpenIdProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  clock = createTestClock();
  provider.clearRequests();
});

describe("what goes wrong at a certified OpenID Provider", () => {
  it("a wrong secret is the provider's invalid_client, and the secret is not in the error", async () => {
    const clientSecret = "not-the-secret-of-this-client";
    const failure = daemonAt(provider, clock, { clientSecret }).acquireTokenByClientCredential({
      scopes: ["reports:read"],
    });
    const error: unknown = await failure.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ServerError", errorCode: "invalid_client", status: 401 });
    expect(String(error)).not.toContain(clientSecret);
  });

  it("a scope the client may not ask for is the provider's invalid_scope", async () => {
    const failure = daemonAt(provider, clock).acquireTokenByClientCredential({ scopes: ["reports:erase"] });
    await expect(failure).rejects.toMatchObject({ name: "ServerError", errorCode: "invalid_scope" });
  });

  it.each([
    ["a wrong code", { code: "made-up" }],
    ["a wrong PKCE verifier", { codeVerifier: "0123456789012345678901234567890123456789012" }],
    ["another redirect URI", { redirectUri: "http://localhost/elsewhere" }],
  ])("%s is the provider's invalid_grant, and nothing is cached", async (_, wrong) => {
    const app = applicationAt(provider, clock, "post");
    const { request } = await visit(provider, app);
    await expect(app.acquireTokenByCode({ ...request, ...wrong })).rejects.toMatchObject({
      name: "ServerError",
      errorCode: "invalid_grant",
      status: 400,
    });
    expect(await app.getAllAccounts()).toEqual([]);
  });

  it.each([
    ["state", "state_mismatch"],
    ["iss", "invalid_state"],
  ])("a code that came with another %s is not redeemed", async (parameter, errorCode) => {
    const app = applicationAt(provider, clock, "publicClient");
    const { request, response } = await visit(provider, app);
    const forged = { ...response, [parameter]: "https://evil.example" };
    await expect(app.acquireTokenByCode(request, forged)).rejects.toMatchObject({
      name: "ClientAuthError",
      errorCode,
    });
    expect(provider.tokenRequests()).toEqual([]);
  });

  it("a user who cancels is the provider's access_denied", async () => {
    const app = applicationAt(provider, clock, "publicClient");
    const { request, response } = await visit(provider, app, "cancel");
    await expect(app.acquireTokenByCode(request, response)).rejects.toMatchObject({
      errorCode: "access_denied",
    });
    expect(provider.tokenRequests()).toEqual([]);
  });

  it("a refresh token that has been used elsewhere ends the session at the provider, and is an invalid_grant", async () => {
    const app = applicationAt(provider, clock, "post");
    const account = accountOf(await signInAt(provider, app));
    const thief = applicationAt(provider, clock, "post");
    thief.getTokenCache().deserialize(app.getTokenCache().serialize());
    await thief.acquireTokenSilent({ scopes, account, forceRefresh: true });
    await expect(app.acquireTokenSilent({ scopes, account, forceRefresh: true })).rejects.toMatchObject({
      errorCode: "invalid_grant",
    });
    await expect(thief.acquireTokenSilent({ scopes, account, forceRefresh: true })).rejects.toMatchObject({
      errorCode: "invalid_grant",
    });
  });
});
