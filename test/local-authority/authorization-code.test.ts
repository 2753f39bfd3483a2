// proves: local-authority/src/grants/authorization-code.ts, local-authority/src/stores/codes.ts,
// local-authority/src/tokens/scopes.ts
import { describe, expect, it } from "@jest/globals";
import type { App } from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { post } from "./requests.js";
import {
  alice,
  authority,
  desktop,
  getCode,
  redeem,
  redirectUri,
  scope,
  tenant,
  verifier,
  web,
} from "./token-stage.js";

describe("authorization code", () => {
  // parity: Signing in | A code is redeemed once, by its client, for its address, with its verifier | entra same
  it("is redeemed once, by the client, for the address and with the verifier of its request", async () => {
    const code = await getCode(web);
    const wrong: readonly [Record<string, string | undefined>, number, string][] = [
      [{ redirect_uri: "http://localhost:3000/other" }, 500112, "invalid_client"],
      [{ code_verifier: "a".repeat(43) }, 501481, "invalid_grant"],
      [{ code_verifier: undefined }, 50148, "invalid_grant"],
      [{ redirect_uri: undefined }, 900144, "invalid_request"],
      [{ code: "made-up" }, 9002313, "invalid_grant"],
      [{ client_id: desktop.clientId, client_secret: undefined }, 70000, "invalid_grant"],
    ];
    for (const [fields, errorCode, error] of wrong) {
      expect((await redeem(web, code, fields)).json).toMatchObject({ error, error_codes: [errorCode] });
    }
    const answers = await Promise.all([redeem(web, code), redeem(web, code)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect((await redeem(web, code)).json).toMatchObject({ error: "invalid_grant", error_codes: [54005] });
  });

  it("expires", async () => {
    const code = await getCode(desktop);
    authority.advanceClock(600);
    expect((await redeem(desktop, code)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [70008],
    });
  });

  it("is bound to its tenant", async () => {
    const answer = await post(authority, "/fabrikam.example/oauth2/v2.0/token", {
      grant_type: "authorization_code",
      client_id: desktop.clientId,
      code: await getCode(desktop),
      redirect_uri: redirectUri,
      code_verifier: verifier,
    });
    expect(answer.json).toMatchObject({ error: "invalid_grant", error_codes: [700005] });
  });

  // parity: Signing in | PKCE with `plain` is accepted | entra same
  it("takes the plain challenge too, as Entra does", async () => {
    const code = await getCode(desktop, { code_challenge: verifier, code_challenge_method: "plain" });
    expect((await redeem(desktop, code)).status).toBe(200);
  });

  it("answers with the tokens and fields that were asked for, and no others", async () => {
    const full = await redeem(desktop, await getCode(desktop), { client_info: "1", scope: `${scope} email` });
    expect(full.json).toMatchObject({ scope: "User.Read openid profile email", expires_in: 3599 });
    const info = JSON.parse(Buffer.from(String(full.json["client_info"]), "base64url").toString());
    expect(info).toEqual({ uid: alice.oid, utid: tenant.id });
    expect(decodeJwt(String(full.json["id_token"]))).toMatchObject({
      email: alice.email,
      aud: desktop.clientId,
    });

    const bare = await redeem(desktop, await getCode(desktop), { scope: "User.Read" });
    expect(Object.keys(bare.json)).toEqual([
      "token_type",
      "scope",
      "expires_in",
      "ext_expires_in",
      "access_token",
    ]);
  });

  // parity: Tokens | The parameter `claims` adds claims to the ID token | entra same
  it("puts the claims that were asked for into the ID token", async () => {
    const claims = JSON.stringify({
      id_token: { auth_time: { essential: true }, login_hint: null, sid: null },
    });
    const { json } = await redeem(desktop, await getCode(desktop, { claims }), {});
    expect(decodeJwt(String(json["id_token"]))).toMatchObject({
      auth_time: expect.any(Number),
      login_hint: expect.any(String),
      sid: expect.any(String),
    });
  });

  // parity: Tokens | `sub` differs from app to app, `oid` does not | entra same
  it("gives another subject to every app", async () => {
    const subject = async (app: App) =>
      decodeJwt(String((await redeem(app, await getCode(app))).json["id_token"])).sub;
    expect(await subject(web)).toBe(await subject(web));
    expect(await subject(web)).not.toBe(await subject(desktop));
  });

  const scopes: readonly [string, string, number, string][] = [
    ["an unknown permission of a known API", "api://orders/Orders.Write", 650053, "invalid_client"],
    ["permissions of two resources", "User.Read api://orders/Orders.Read", 28000, "invalid_request"],
    [
      ".default beside another permission",
      "api://orders/.default api://orders/Orders.Read",
      70011,
      "invalid_scope",
    ],
    ["a malformed scope", "User.Read https://", 70011, "invalid_scope"],
    ["no scope at all", " ", 900144, "invalid_request"],
  ];
  it.each(scopes)("refuses %s", async (_, wanted, code, error) => {
    const answer = await redeem(desktop, await getCode(desktop), { scope: wanted });
    expect(answer.json).toMatchObject({ error, error_codes: [code] });
  });

  // parity: Errors | `resource` (RFC 8707) has to be that of the scopes: AADSTS9010010 | entra same
  it.each([
    ["its identifier", "api://orders", "api://orders/Orders.Read", 200],
    ["its client ID", "api", "api://orders/Orders.Read", 200],
    ["another API", "https://graph.microsoft.com", "api://orders/Orders.Read", 400],
    ["a URL that nobody has registered", "https://mcp.example/mcp", "api://orders/Orders.Read", 400],
    ["nothing to compare it with", "https://mcp.example/mcp", "openid", 200],
  ])("compares resource with the API of the scopes: %s", async (_, resource, scope, status) => {
    const answer = await redeem(desktop, await getCode(desktop), { scope, resource });
    expect(answer.status).toBe(status);
    if (status === 400)
      expect(answer.json).toMatchObject({ error: "invalid_target", error_codes: [9010010] });
  });
});
