// An app of the public cloud may also have users of a sovereign one. Their tokens are there, and only there.
// proves: core/src/flows/account-authority.ts
import { beforeEach, expect, it } from "@jest/globals";
import * as msal from "@azure/msal-node";
import * as tessera from "@tessera/node";
import { scriptedNetwork, type ScriptedNetwork } from "../support/scripted-network.js";

const clientId = "the-client";
const scopes = ["User.Read"];
const tenant = "11111111-2222-4333-8444-555555555555";
const there = "https://login.microsoftonline.us/organizations";
let network: ScriptedNetwork;

beforeEach(() => {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { oid: "oid", tid: tenant, sub: "sub", aud: clientId, preferred_username: "ada@contoso.us" };
  const now = Math.floor(Date.now() / 1000);
  const answer = ({ grant_type }: Readonly<Record<string, string>>): object => ({
    token_type: "Bearer",
    scope: `User.Read openid profile offline_access`,
    expires_in: 3600,
    access_token: `access token for ${String(grant_type)}`,
    refresh_token: "refresh token",
    id_token: `${encode({ alg: "none" })}.${encode({ ...claims, iat: now, exp: now + 3600, iss: `https://login.microsoftonline.us/${tenant}/v2.0` })}.`,
    client_info: encode({ uid: "oid", utid: tenant }),
  });
  network = scriptedNetwork({
    [`POST ${there}/oauth2/v2.0/token`]: answer,
    // The peer asks who the host is.
    "GET https://login.microsoftonline.us/common/discovery/instance": {
      tenant_discovery_endpoint: `${there}/v2.0/.well-known/openid-configuration`,
      metadata: [],
    },
  });
});

async function signedIn(library: typeof tessera | typeof msal) {
  const authority = "https://login.microsoftonline.com/organizations";
  const app = new library.PublicClientApplication({
    auth: { clientId, authority },
    system: { networkClient: network },
  });
  const request = { scopes, redirectUri: "http://localhost", code: "code", authority: there };
  const { account } = (await app.acquireTokenByCode(request)) ?? {};
  if (!account) throw new Error("nobody signed in");
  return { app, account };
}

it.each<[string, typeof tessera | typeof msal]>([
  ["Tessera", tessera],
  ["msal-node", msal],
])("%s: a token in the cache is found without naming the cloud", async (_, library) => {
  const { app, account } = await signedIn(library);
  const result = await app.acquireTokenSilent({ scopes, account });
  expect(result).toMatchObject({ accessToken: "access token for authorization_code", fromCache: true });
});

it("a refresh goes to the cloud of the account", async () => {
  const { app, account } = await signedIn(tessera);
  const result = await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
  expect(result).toMatchObject({ accessToken: "access token for refresh_token", authority: `${there}/` });
  expect(network.requests.at(-1)).toMatchObject({
    line: `POST ${there}/oauth2/v2.0/token`,
    form: { refresh_token: "refresh token" },
  });
});

it("an authority that the request names is asked, and never with the refresh token of another cloud", async () => {
  const { app, account } = await signedIn(tessera);
  const sent = network.requests.length;
  const authority = "https://login.microsoftonline.com/organizations";
  await expect(
    app.acquireTokenSilent({ scopes, account, authority, forceRefresh: true }),
  ).rejects.toMatchObject({
    errorCode: "no_tokens_found",
  });
  expect(network.requests).toHaveLength(sent);
});
