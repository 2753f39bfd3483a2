// Refreshing: RFC 6749 §6, OpenID Connect Core §12.
// proves: core/src/flows/refresh-token.ts, core/src/exchange/accept-tokens.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AccountInfo, ConfidentialClientApplication } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { keys, redeem, scopes, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";

let provider: FakeProvider;
let app: ConfidentialClientApplication;
let account: AccountInfo;

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  provider.reset();
  app = provider.confidential();
  account = accountOf(await redeem(app));
  provider.clock.advance(3600);
});

const renew = () => app.acquireTokenSilent({ scopes, account });
const sentRefreshTokens = () => provider.requests.flatMap(({ form }) => form["refresh_token"] ?? []);

describe("a refresh", () => {
  it("that brings no ID token keeps the user, and is in the cache from then on", async () => {
    provider.answers.token = () => ({
      body: provider.tokens({ access_token: "second", id_token: undefined }),
    });
    const renewed = await renew();
    expect(renewed).toMatchObject({ accessToken: "second", account: { homeAccountId: "user-1" } });
    expect(renewed.idTokenClaims).toMatchObject({ sub: "user-1" });
    expect(await renew()).toMatchObject({ fromCache: true, accessToken: "second" });
    expect(await app.getAllAccounts()).toHaveLength(1);
  });

  it("that brings no new refresh token goes on with the old one", async () => {
    provider.answers.token = () => ({ body: provider.tokens({ refresh_token: undefined }) });
    for (const _ of [1, 2]) {
      expect((await renew()).fromCache).toBe(false);
      provider.clock.advance(3600);
    }
    expect(sentRefreshTokens()).toEqual(["a-refresh-token", "a-refresh-token"]);
  });

  it("that brings a new refresh token uses that one from then on", async () => {
    let count = 1;
    provider.answers.token = () => ({
      body: provider.tokens({ refresh_token: `refresh-token-${(count += 1)}` }),
    });
    for (const _ of [1, 2, 3]) {
      await renew();
      provider.clock.advance(3600);
    }
    expect(sentRefreshTokens()).toEqual(["a-refresh-token", "refresh-token-2", "refresh-token-3"]);
  });

  it("brings an ID token without nonce, or with the first one (OpenID Connect Core §12.2)", async () => {
    provider.answers.token = () => ({ body: provider.tokens({}, { claims: { nonce: undefined } }) });
    expect((await renew()).fromCache).toBe(false);
    provider.clock.advance(3600);
    provider.answers.token = () => ({ body: provider.tokens() });
    expect((await renew()).fromCache).toBe(false);
  });

  it.each<[string, object, RegExp]>([
    ["another user's", { claims: { sub: "user-2" } }, /./],
    ["another issuer's", { claims: { iss: "https://evil.example" } }, /iss is/],
    ["another client's", { claims: { aud: "another" } }, /aud is/],
    ["expired", { claims: { exp: 1 } }, /expired/],
    ["badly signed", { key: keys.two.privateKey }, /signature/],
  ])(
    "that brings an ID token that is %s is refused, and leaves the cache as it was",
    async (_, idToken, says) => {
      const before = app.getTokenCache().serialize();
      provider.answers.token = () => ({
        body: provider.tokens({ access_token: "of-someone-else" }, idToken),
      });
      await expect(renew()).rejects.toMatchObject({
        name: "ClientAuthError",
        message: expect.stringMatching(says),
      });
      expect(app.getTokenCache().serialize()).toBe(before);
      provider.answers.token = () => ({ body: provider.tokens({ access_token: "good" }) });
      expect(await renew()).toMatchObject({ accessToken: "good", account: { homeAccountId: "user-1" } });
    },
  );

  it("that the provider refuses leaves the cache as it was", async () => {
    const before = app.getTokenCache().serialize();
    provider.answers.token = () => ({ status: 400, body: { error: "invalid_grant" } });
    await expect(renew()).rejects.toMatchObject({ name: "ServerError", errorCode: "invalid_grant" });
    expect(app.getTokenCache().serialize()).toBe(before);
  });

  it("does not bring back a user who has signed out meanwhile", async () => {
    provider.answers.token = async () => {
      await app.signOut({ account });
      return { body: provider.tokens() };
    };
    await renew();
    expect(await app.getAllAccounts()).toEqual([]);
    expect(app.getTokenCache().serialize()).not.toContain("a-refresh-token");
  });
});
