// proves: local-authority/src/grants/refresh-token.ts, local-authority/src/stores/refresh-tokens.ts,
// local-authority/src/crypto/opaque.ts
import { describe, expect, it } from "@jest/globals";
import type { App } from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { alice, appNamed, authority, desktop, getCode, redeem, refresh, tenant } from "./token-stage.js";

describe("refresh token", () => {
  const signInTo = async (app: App) => (await redeem(app, await getCode(app))).json;

  // parity: Tokens | A refresh token stays valid after it is redeemed, and each refresh returns a new one | entra same, external same
  it("stays good after it was redeemed, as at Entra, and gives a new one every time", async () => {
    const first = (await signInTo(desktop))["refresh_token"];
    const second = (await refresh(desktop, first)).json["refresh_token"];
    expect(second).not.toBe(first);
    expect((await refresh(desktop, first)).status).toBe(200);
    expect((await refresh(desktop, second)).status).toBe(200);
  });

  it("is revoked at once when its app rotates strictly: of two redemptions at a time one wins", async () => {
    const strict = appNamed("strict");
    const token = (await signInTo(strict))["refresh_token"];
    const answers = await Promise.all([refresh(strict, token), refresh(strict, token)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    const loser = answers.find(({ status }) => status === 400);
    expect(loser?.json).toMatchObject({ error: "invalid_grant", error_codes: [50173] });
    const next = answers.find(({ status }) => status === 200)?.json["refresh_token"];
    expect((await refresh(strict, next)).status).toBe(200);
  });

  it("survives a request that was refused", async () => {
    const strict = appNamed("strict");
    const token = (await signInTo(strict))["refresh_token"];
    expect((await refresh(strict, token, { scope: "https://" })).status).toBe(400);
    expect((await refresh(strict, token)).status).toBe(200);
  });

  // parity: Tokens | A refresh token is good for every resource | entra same
  it("is good for every resource, and without scope for the first one", async () => {
    const token = (await signInTo(desktop))["refresh_token"];
    const other = await refresh(desktop, token, {
      scope: "offline_access https://vault.example/user_impersonation",
    });
    expect(other.json).toMatchObject({ scope: "https://vault.example/user_impersonation" });
    expect(decodeJwt(String(other.json["access_token"])).aud).toBe("https://vault.example");
    const same = await refresh(desktop, token, { scope: undefined });
    expect(decodeJwt(String(same.json["access_token"])).aud).toBe("https://graph.microsoft.com");
  });

  it("names all permissions and .default itself when .default is asked for", async () => {
    const token = (await signInTo(desktop))["refresh_token"];
    const { json } = await refresh(desktop, token, { scope: "openid api://orders/.default" });
    expect(json["scope"]).toBe("api://orders/Orders.Read api://orders/.default");
    expect(decodeJwt(String(json["access_token"]))["scp"]).toBe("Orders.Read");
  });

  it("can be redeemed by another member of the client family, and by no other client", async () => {
    const token = (await signInTo(appNamed("family-one")))["refresh_token"];
    const sibling = await refresh(appNamed("family-two"), token);
    expect(sibling.json).toMatchObject({ foci: "1" });
    expect((await refresh(desktop, token)).json).toMatchObject({
      error: "invalid_grant",
      suberror: "client_mismatch",
    });
  });

  // parity: Tokens | A refresh token expires, and ends with the user's sessions, account and password | entra same
  it("expires, is revoked with the user's sessions, and stops with the account", async () => {
    const expired = (await signInTo(desktop))["refresh_token"];
    authority.advanceClock(authority.config.lifetimes.refreshToken);
    expect((await refresh(desktop, expired)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [700082],
    });

    const revoked = (await signInTo(desktop))["refresh_token"];
    authority.revokeSignInSessions(alice.username);
    expect((await refresh(desktop, revoked)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [50173],
      suberror: "bad_token",
    });

    const disabled = (await signInTo(desktop))["refresh_token"];
    authority.disableUser(alice.username);
    expect((await refresh(desktop, disabled)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [50057],
    });
    authority.disableUser(alice.username, false);
    expect((await refresh(desktop, disabled)).status).toBe(200);

    authority.expirePassword(alice.username);
    expect((await refresh(desktop, disabled)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [50055],
      suberror: "user_password_expired",
    });
    await expect(signInTo(desktop)).rejects.toThrow(/AADSTS50055/);
    authority.expirePassword(alice.username, false);
    expect((await refresh(desktop, disabled)).status).toBe(200);
    expect(() => authority.expirePassword("nobody@contoso.example")).toThrow(RangeError);
  });

  it("needs the user's consent for what an app had not asked before", async () => {
    const consent = tenant.apps.find(({ requiresConsent }) => requiresConsent) as App;
    const token = (await signInTo(consent))["refresh_token"];
    expect((await refresh(consent, token)).status).toBe(200);
    expect((await refresh(consent, token, { scope: "Mail.Read" })).json).toMatchObject({
      error: "invalid_grant",
      suberror: "consent_required",
      error_codes: [65001],
    });
  });

  it("is refused at the tenant of others", async () => {
    const token = (await signInTo(desktop))["refresh_token"];
    const answer = await refresh(desktop, token, {}, "/fabrikam.example/oauth2/v2.0/token");
    expect(answer.json).toMatchObject({ error: "invalid_grant", error_codes: [50020] });
  });
});
