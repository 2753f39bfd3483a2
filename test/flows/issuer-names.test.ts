// Issuers and endpoints as providers name them: Oracle, PingAM, OpenLiberty (`:443`), FusionAuth (no URL), Cognito, Slack.
// proves: core/src/authority/same-origin.ts, core/src/authority/issuer.ts, core/src/authority/document-issuer.ts
import { describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type NodeAuthOptions } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { sign } from "../support/fake-provider.js";
import { expectNothingKept } from "../support/nothing-kept.js";
import { recordedNetwork } from "../support/recorded-network.js";
import { createTestClock } from "../support/test-clock.js";

const clientId = "the-client";
const clientSecret = "the-secret-of-the-client-0123456789";
const scopes = ["openid", "api"];
const code = {
  scopes,
  redirectUri: "http://localhost/signed-in",
  code: "c",
  nonce: "n",
  codeVerifier: "v".repeat(43),
};

interface Case {
  readonly authority: string;
  /** Issuer of the document. */
  readonly issuer: string;
  /** Issuer of the tokens, if it is spelled otherwise. */
  readonly iss?: string;
  /** Where the endpoints are. */
  readonly endpoints?: string;
  /** The metadata are given by hand. */
  readonly byHand?: boolean;
}

function stage({ authority, issuer, iss = issuer, endpoints = "https://op.example", byHand }: Case) {
  const clock = createTestClock();
  const metadata = {
    issuer,
    authorization_endpoint: `${endpoints}/authorize`,
    token_endpoint: `${endpoints}/token`,
    jwks_uri: `${endpoints}/keys`,
    id_token_signing_alg_values_supported: ["HS256"],
  };
  const network = recordedNetwork(({ line }) => {
    if (line.endsWith("/openid-configuration")) return { body: metadata };
    if (line !== `POST ${endpoints}/token`) return undefined;
    const now = Math.floor(clock.now() / 1000);
    const claims = { iss, sub: "user-1", aud: clientId, iat: now, exp: now + 3600, nonce: "n" };
    const id_token = sign(claims, { alg: "HS256" }, new TextEncoder().encode(clientSecret));
    const tokens = { access_token: "an-access-token", refresh_token: "a-refresh-token", id_token };
    return { body: { ...tokens, token_type: "Bearer", expires_in: 3600 } };
  });
  const given: Partial<NodeAuthOptions> = byHand ? { authorityMetadata: JSON.stringify(metadata) } : {};
  const app = () =>
    new ConfidentialClientApplication({
      auth: { clientId, clientSecret, oidcAuthority: authority, ...given },
      system: { networkClient: network, clock },
    });
  return { app, network, clock };
}

const https = "https://op.example/oauth2";

describe("a user signs in, is found, renewed and signed out", () => {
  it.each<[string, Case]>([
    ["whose document names the default port", { authority: https, issuer: "https://op.example:443/oauth2" }],
    ["whose document has capitals in the host", { authority: https, issuer: "https://OP.Example/oauth2" }],
    ["whose document has capitals in the scheme", { authority: https, issuer: "HTTPS://op.example/oauth2/" }],
    ["whose authority names the port", { authority: "https://OP.example:443/oauth2", issuer: https }],
    ["whose tokens name the port", { authority: https, issuer: https, iss: "https://op.example:443/oauth2" }],
    [
      "whose document names the port, and whose tokens do not",
      { authority: https, issuer: "https://op.example:443/oauth2", iss: https },
    ],
    [
      "whose endpoints are on another host",
      { authority: https, issuer: https, endpoints: "https://auth.example" },
    ],
    ["whose issuer is no URL", { authority: https, issuer: "acme.com", byHand: true }],
    ["whose issuer is free text", { authority: https, issuer: "Acme Corp. (test)", byHand: true }],
    [
      "whose issuer is at another host",
      { authority: https, issuer: "https://identity.example/", byHand: true },
    ],
  ])("%s", async (_, row) => {
    const { app, network, clock } = stage(row);
    const first = app();
    const account = accountOf(await first.acquireTokenByCode(code));
    const second = app();
    second.getTokenCache().deserialize(first.getTokenCache().serialize());
    for (const some of [account, { ...account, idTokenClaims: undefined, idToken: undefined }]) {
      expect(await second.acquireTokenSilent({ scopes, account: some })).toMatchObject({ fromCache: true });
      expect(
        await second.acquireTokenSilent({ scopes, account: some, authority: row.authority }),
      ).toMatchObject({ fromCache: true });
    }
    expect(await second.getTokenCache().getAccounts({ authority: row.authority })).toHaveLength(1);
    clock.advance(3600);
    expect(await second.acquireTokenSilent({ scopes, account })).toMatchObject({
      fromCache: false,
      account: { homeAccountId: "user-1" },
    });
    expect(network.requests.at(-1)?.form.get("refresh_token")).toBe("a-refresh-token");
    expect(await second.getAllAccounts()).toHaveLength(1);
    await second.signOut({ account });
    await expectNothingKept(second);
  });
});

describe("an issuer is another one, and refused", () => {
  it.each<[string, Case]>([
    ["at another port", { authority: https, issuer: "https://op.example:444/oauth2" }],
    ["at the port of another scheme", { authority: https, issuer: "https://op.example:80/oauth2" }],
    ["with another path", { authority: https, issuer: "https://op.example/OAuth2" }],
    ["with a user name", { authority: https, issuer: "https://op.example@evil.example/oauth2" }],
    ["in a token, with another path", { authority: https, issuer: https, iss: "https://op.example/Oauth2" }],
    ["in a token, with a slash more", { authority: https, issuer: https, iss: `${https}/` }],
    ["in a token, that is no URL", { authority: https, issuer: "acme.com", iss: "ACME.com", byHand: true }],
  ])("%s", async (_, row) => {
    const { app } = stage(row);
    const one = app();
    await expect(one.acquireTokenByCode(code)).rejects.toMatchObject({
      errorCode: expect.stringMatching(/^(endpoints_resolution_error|invalid_id_token)$/),
    });
    await expectNothingKept(one);
  });
});
