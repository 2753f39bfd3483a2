// An OpenID Provider whose ID tokens name a tenant: MSAL keeps its tokens under that name, Tessera under the issuer's path.
import { expect, it } from "@jest/globals";
import { ConfidentialClientApplication as Peer } from "@azure/msal-node";
import { ConfidentialClientApplication, type AccountInfo } from "@tessera/node";
import { SignJWT } from "jose";
import { scriptedNetwork } from "../support/scripted-network.js";
import { rsaKeyPair } from "../support/rsa-keys.mjs";

const clientId = "the-client";
const tid = "11111111-2222-4333-8444-555555555555";
const authority = `https://login.example.com/${tid}/v2.0`;
const scopes = ["api"];
const { publicKey, privateKey } = rsaKeyPair("provider");

it("takes over what msal-node has kept: the tokens, the rotation, the account, and their end", async () => {
  let issued = 0;
  const networkClient = scriptedNetwork({
    [`GET ${authority}/.well-known/openid-configuration`]: {
      issuer: authority,
      authorization_endpoint: `${authority}/authorize`,
      token_endpoint: `${authority}/token`,
      jwks_uri: `${authority}/keys`,
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
    [`GET ${authority}/keys`]: { keys: [publicKey.export({ format: "jwk" })] },
    [`POST ${authority}/token`]: async () => {
      issued += 1;
      return {
        token_type: "Bearer",
        expires_in: 3600,
        scope: "api openid profile offline_access",
        access_token: `access ${String(issued)}`,
        refresh_token: `refresh ${String(issued)}`,
        id_token: await new SignJWT({ sub: "sub", oid: "oid", tid, preferred_username: "ada" })
          .setProtectedHeader({ alg: "RS256" })
          .setIssuer(authority)
          .setAudience(clientId)
          .setIssuedAt()
          .setExpirationTime("1h")
          .sign(privateKey),
      };
    },
  });
  const configuration = {
    auth: { clientId, clientSecret: "secret", authority, knownAuthorities: ["login.example.com"] },
    system: { protocolMode: "OIDC" as const, networkClient },
  };
  const code = { scopes, redirectUri: "http://localhost", code: "code" };
  const peer = new Peer(configuration);
  await peer.acquireTokenByCode(code);

  const app = new ConfidentialClientApplication(configuration);
  app.getTokenCache().deserialize(peer.getTokenCache().serialize());
  const [account] = (await app.getAllAccounts()) as [AccountInfo];
  expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({
    accessToken: "access 1",
    fromCache: true,
  });

  for (const round of [2, 3]) {
    const renewed = await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
    expect(renewed.accessToken).toBe(`access ${String(round)}`);
    const sent = networkClient.requests.filter(({ line }) => line.startsWith("POST")).at(-1);
    expect(sent?.form["refresh_token"]).toBe(`refresh ${String(round - 1)}`);
  }
  await app.acquireTokenByCode(code);
  expect(await app.getAllAccounts()).toHaveLength(1);

  await app.signOut({ account });
  expect(await app.getAllAccounts()).toEqual([]);
  expect(app.getTokenCache().stats().tokens).toBe(0);
});
