// MSAL Node reads and writes a cache that holds tokens bound to a key: it does not use them, and keeps them.
// proves: core/src/cache/record.ts
import { beforeEach, expect, it } from "@jest/globals";
import { PublicClientApplication as Peer } from "@azure/msal-node";
import { PublicClientApplication, type AccountInfo, type ICachePlugin } from "@tessera/node";
import { SignJWT } from "jose";
import { scriptedNetwork } from "../support/scripted-network.js";
import { rsaKeyPair } from "../support/rsa-keys.mjs";

const bound = { authenticationScheme: "DPoP" } as const;
const clientId = "the-client";
const authority = "https://login.example.com/main";
const scopes = ["api"];
const { publicKey, privateKey } = rsaKeyPair("provider");

/** The type of the next tokens. */
let tokenType = "DPoP";
let issued = 0;
let kept = "";
const networkClient = scriptedNetwork({
  [`GET ${authority}/.well-known/openid-configuration`]: {
    issuer: authority,
    authorization_endpoint: `${authority}/authorize`,
    token_endpoint: `${authority}/token`,
    jwks_uri: `${authority}/keys`,
  },
  [`GET ${authority}/keys`]: { keys: [publicKey.export({ format: "jwk" })] },
  [`POST ${authority}/token`]: async () => {
    issued += 1;
    return {
      token_type: tokenType,
      expires_in: 3600,
      scope: "api openid profile offline_access",
      access_token: `${tokenType} access ${String(issued)}`,
      refresh_token: `${tokenType} refresh ${String(issued)}`,
      id_token: await new SignJWT({ sub: "sub", preferred_username: "ada" })
        .setProtectedHeader({ alg: "RS256" })
        .setIssuer(authority)
        .setAudience(clientId)
        .setIssuedAt()
        .setExpirationTime("1h")
        .sign(privateKey),
    };
  },
});
const cachePlugin: ICachePlugin = {
  beforeCacheAccess: async ({ tokenCache }) => tokenCache.deserialize(kept),
  afterCacheAccess: async ({ tokenCache, cacheHasChanged }) => {
    if (cacheHasChanged) kept = tokenCache.serialize();
  },
};
const configuration = {
  auth: { clientId, authority, knownAuthorities: ["login.example.com"] },
  system: { protocolMode: "OIDC" as const, networkClient },
};
const ours = () => new PublicClientApplication({ ...configuration, cache: { cachePlugin } });
const peer = () => new Peer({ ...configuration, cache: { cachePlugin: cachePlugin } });
const code = { scopes, redirectUri: "http://localhost", code: "code" };

const section = (name: string) =>
  Object.values((JSON.parse(kept) as Record<string, Record<string, object>>)[name] ?? {});
const tokenRequests = () => networkClient.requests.filter(({ line }) => line.startsWith("POST")).length;

let account: AccountInfo;
beforeEach(async () => {
  kept = "";
  tokenType = "DPoP";
  const result = await ours().acquireTokenByCode({ ...code, ...bound });
  if (!result.account) throw new Error("no account");
  account = result.account;
});

it("a bound token and its refresh token are not the peer's, which keeps them and their keys", async () => {
  const fields = {
    key_id: expect.any(String),
    dpop_key: expect.stringContaining('"d"'),
  };
  expect(section("AccessToken")).toEqual([
    expect.objectContaining({
      credential_type: "AccessToken_With_AuthScheme",
      token_type: "DPoP",
      ...fields,
    }),
  ]);
  expect(section("RefreshToken")).toEqual([
    expect.objectContaining({ credential_type: "RefreshToken_With_AuthScheme", ...fields }),
  ]);
  const before = JSON.parse(kept) as object;
  const sent = tokenRequests();
  const theirs = peer();
  const [known] = await theirs.getTokenCache().getAllAccounts();
  expect(known).toMatchObject({ homeAccountId: account.homeAccountId });
  const call = theirs.acquireTokenSilent({ scopes, account: known ?? account });
  await expect(call).rejects.toMatchObject({ errorCode: "no_tokens_found" });
  expect(tokenRequests()).toBe(sent);
  expect(JSON.parse(kept)).toEqual(before);
  const again = await ours().acquireTokenSilent({ scopes, account, ...bound });
  expect(again).toMatchObject({ fromCache: true, tokenType: "DPoP" });
});

it("what the peer writes leaves the bound tokens as they are, and both libraries use their own", async () => {
  tokenType = "Bearer";
  const theirs = await peer().acquireTokenByCode(code);
  const app = ours();
  const dpop = await app.acquireTokenSilent({ scopes, account, ...bound });
  expect(dpop).toMatchObject({ fromCache: true, accessToken: expect.stringMatching(/^DPoP/) });
  const bearer = await app.acquireTokenSilent({ scopes, account });
  expect(bearer).toMatchObject({ fromCache: true, accessToken: theirs?.accessToken });
});
