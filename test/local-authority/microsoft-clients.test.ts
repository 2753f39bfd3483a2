// proves: local-authority/src/crypto/jwt.ts, local-authority/src/dialects/dialect.ts,
// local-authority/src/dialects/dialects.ts, local-authority/src/dialects/entra.ts,
// local-authority/src/dialects/sign-tokens.ts, local-authority/src/tokens/claims-parameter.ts,
// local-authority/src/tokens/tokens.ts
import { ClientSecretCredential } from "@azure/identity";
import {
  ConfidentialClientApplication,
  CryptoProvider,
  PublicClientApplication,
  type AuthenticationResult,
  type INetworkModule,
} from "@azure/msal-node";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { createRemoteJWKSet, customFetch, decodeJwt, jwtVerify } from "jose";
import { Agent, fetch } from "undici";
import { createBrowser } from "../support/browser.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { signIn } from "../support/sign-in.js";
import { azureIdentityClient } from "./azure-identity.js";

const redirectUri = "http://localhost:3000/auth/callback";
const graph = ["https://graph.microsoft.com/User.Read"];

let authority: LocalAuthority;
let network: PeerNetwork;
let tenant: Tenant;
let web: App;
let desktop: App;
let alice: User;

beforeAll(async () => {
  authority = await startLocalAuthority({
    tenants: [
      {
        domain: "contoso.example",
        apps: [{ clientId: "family-member", familyId: "1", redirectUris: ["http://localhost/*"] }],
      },
    ],
  });
  network = peerNetwork(authority.caPem);
  [tenant] = authority.config.tenants as [Tenant];
  [web, desktop] = tenant.apps as [App, App];
  [alice] = tenant.users as [User];
});

afterAll(async () => {
  await network.close();
  await authority.close();
});

function configuration(
  app: App,
  authorityUrl = authority.authorityUrl(),
  networkClient: INetworkModule = network,
) {
  return {
    auth: {
      clientId: app.clientId,
      ...(app.clientSecret === undefined ? {} : { clientSecret: app.clientSecret }),
      authority: authorityUrl,
      knownAuthorities: [new URL(authority.url).host],
    },
    system: { networkClient },
  };
}

async function signInWith(
  client: ConfidentialClientApplication | PublicClientApplication,
  scopes: string[],
  user = alice,
): Promise<AuthenticationResult> {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const url = await client.getAuthCodeUrl({
    scopes,
    redirectUri,
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
    nonce: "nonce-1",
    state: "state-1",
  });
  const { username, password } = user;
  const answer = await signIn(url, { username, password, ca: authority.caPem });
  expect(answer.searchParams.get("state")).toBe("state-1");
  const code = answer.searchParams.get("code") ?? "";
  return client.acquireTokenByCode({ scopes, redirectUri, code, codeVerifier: verifier, nonce: "nonce-1" });
}

/** What an API does with a token: fetches the keys that discovery names, and checks everything. */
async function verify(jwt: string, audience: string) {
  const dispatcher = new Agent({ connect: { ca: authority.caPem }, pipelining: 0 });
  const trusting = (url: string) => fetch(url, { dispatcher }) as unknown as Promise<Response>;
  const keySet = createRemoteJWKSet(new URL(`${authority.authorityUrl()}/discovery/v2.0/keys`), {
    [customFetch]: trusting,
  });
  return (await jwtVerify(jwt, keySet, { issuer: authority.issuer(), audience, algorithms: ["RS256"] }))
    .payload;
}

describe("msal-node, confidential client", () => {
  // parity: Apps | Client credentials with a secret, in the body and as HTTP Basic | entra same
  it("gets an app token with its secret, and the token verifies against the published keys", async () => {
    const client = new ConfidentialClientApplication(configuration(web));
    const result = await client.acquireTokenByClientCredential({
      scopes: ["https://graph.microsoft.com/.default"],
    });
    const claims = await verify(result?.accessToken ?? "", "https://graph.microsoft.com");
    expect(claims).toMatchObject({
      azp: web.clientId,
      appid: web.clientId,
      idtyp: "app",
      tid: tenant.id,
      ver: "2.0",
    });
    expect(claims["roles"]).toEqual(web.roles);
    expect(claims["scp"]).toBeUndefined();
    expect(result?.fromCache).toBe(false);
    const again = await client.acquireTokenByClientCredential({
      scopes: ["https://graph.microsoft.com/.default"],
    });
    expect(again?.fromCache).toBe(true);
  });

  // parity: Signing in | Authorization code with PKCE; the account and the tokens verify | entra same
  it("signs a user in by authorization code with PKCE and gets an account and verified tokens", async () => {
    const result = await signInWith(new ConfidentialClientApplication(configuration(web)), graph);
    expect(result.account).toMatchObject({
      homeAccountId: `${alice.oid}.${tenant.id}`,
      tenantId: tenant.id,
      username: alice.username,
      name: alice.name,
    });
    expect(result.scopes).toEqual(expect.arrayContaining([...graph, "openid", "profile"]));
    expect(result.scopes).not.toContain("offline_access");
    const idToken = await verify(result.idToken, web.clientId);
    expect(idToken).toMatchObject({
      nonce: "nonce-1",
      oid: alice.oid,
      tid: tenant.id,
      preferred_username: alice.username,
    });
    const accessToken = await verify(result.accessToken, "https://graph.microsoft.com");
    expect(String(accessToken["scp"]).split(" ")).toContain("User.Read");
    expect(idToken.sub).not.toBe(alice.oid);
  });

  it("finds the token it asked for in its cache, whether asked by short name, full name or .default", async () => {
    for (const scopes of [
      ["User.Read"],
      graph,
      ["https://graph.microsoft.com/.default"],
      [`${web.identifierUri}/x`],
    ]) {
      const client = new ConfidentialClientApplication(configuration(web));
      const { account } = await signInWith(client, scopes);
      if (account === null) throw new Error("no account");
      expect(await client.acquireTokenSilent({ account, scopes })).toMatchObject({ fromCache: true });
    }
  });

  // parity: Tokens | Client capabilities become the claim `xms_cc` | entra same
  it("reflects client capabilities into the access token", async () => {
    const { auth, system } = configuration(web);
    const client = new ConfidentialClientApplication({
      auth: { ...auth, clientCapabilities: ["CP1"] },
      system,
    });
    const result = await client.acquireTokenByClientCredential({
      scopes: ["https://graph.microsoft.com/.default"],
    });
    expect(decodeJwt(result?.accessToken ?? "")["xms_cc"]).toEqual(["CP1"]);
  });

  it("is told, as a ServerError with Entra's code, that its secret is wrong", async () => {
    const client = new ConfidentialClientApplication(configuration({ ...web, clientSecret: "wrong" }));
    await expect(
      client.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] }),
    ).rejects.toMatchObject({ name: "ServerError", errorCode: "invalid_client", errorNo: 7000215 });
  });
});

describe("msal-node, public client", () => {
  it("signs in through common, and its account belongs to the user's own tenant", async () => {
    const client = new PublicClientApplication(configuration(desktop, authority.authorityUrl("common")));
    const result = await signInWith(client, graph);
    expect(result.account).toMatchObject({ homeAccountId: `${alice.oid}.${tenant.id}`, tenantId: tenant.id });
  });

  it("renews silently, and gets a token for another resource with the same refresh token", async () => {
    const client = new PublicClientApplication(configuration(desktop));
    const { account, accessToken } = await signInWith(client, graph);
    if (account === null) throw new Error("no account");
    const renewed = await client.acquireTokenSilent({ account, scopes: graph, forceRefresh: true });
    expect(renewed.fromCache).toBe(false);
    expect(renewed.accessToken).not.toBe(accessToken);
    const other = await client.acquireTokenSilent({
      account,
      scopes: [`${web.identifierUri}/access_as_user`],
    });
    expect(decodeJwt(other.accessToken)).toMatchObject({ aud: web.clientId, scp: "access_as_user" });
  });

  it("has to ask the user again once the refresh token has expired", async () => {
    const own = await startLocalAuthority({ lifetimes: { accessToken: 60, refreshToken: 3600 } });
    const ownNetwork = peerNetwork(own.caPem);
    const client = new PublicClientApplication({
      auth: {
        clientId: desktop.clientId,
        authority: own.authorityUrl(),
        knownAuthorities: [new URL(own.url).host],
      },
      system: { networkClient: ownNetwork },
    });
    const url = await client.getAuthCodeUrl({ scopes: graph, redirectUri });
    const answer = await signIn(url, { ...alice, ca: own.caPem });
    const code = answer.searchParams.get("code") ?? "";
    const { account } = await client.acquireTokenByCode({ scopes: graph, redirectUri, code });
    if (account === null) throw new Error("no account");

    own.advanceClock(3000);
    expect(await client.acquireTokenSilent({ account, scopes: graph })).toMatchObject({ fromCache: false });
    own.advanceClock(3601);
    await expect(client.acquireTokenSilent({ account, scopes: graph })).rejects.toMatchObject({
      errorCode: "invalid_grant",
      errorNo: 700082,
    });
    await ownNetwork.close();
    await own.close();
  });

  // parity: Tokens | Apps of a family redeem each other's refresh tokens (`foci`) | entra same
  it("learns that its app belongs to a family of client ids", async () => {
    const family = tenant.apps.find(({ familyId }) => familyId === "1") as App;
    expect(await signInWith(new PublicClientApplication(configuration(family)), graph)).toMatchObject({
      familyId: "1",
    });
  });

  it("is sent straight back by a browser that is still signed in, and shown the form for another user", async () => {
    const client = new PublicClientApplication(configuration(desktop));
    const browser = createBrowser({ ca: authority.caPem });
    await signIn(await client.getAuthCodeUrl({ scopes: graph, redirectUri }), { ...alice, browser });
    const isReturn = (url: string) => url.startsWith(redirectUri);
    const silent = await browser.open(
      await client.getAuthCodeUrl({ scopes: graph, redirectUri, prompt: "none" }),
      isReturn,
    );
    expect(new URL(silent.url).searchParams.get("code")).toBeTruthy();
    const loginHint = tenant.users[1]?.username ?? "";
    const other = await browser.open(
      await client.getAuthCodeUrl({ scopes: graph, redirectUri, loginHint }),
      isReturn,
    );
    expect(other.left).toBe(false);
    expect(other.html).toContain(`value="${loginHint}"`);
  });
});

describe("@azure/identity", () => {
  it("gets an app token", async () => {
    const credential = new ClientSecretCredential(tenant.id, web.clientId, web.clientSecret ?? "", {
      authorityHost: authority.url,
      disableInstanceDiscovery: true,
      httpClient: azureIdentityClient(authority.caPem),
    });
    const { token, expiresOnTimestamp } = await credential.getToken("https://graph.microsoft.com/.default");
    expect(decodeJwt(token)).toMatchObject({ azp: web.clientId, idtyp: "app" });
    expect(expiresOnTimestamp).toBeGreaterThan(Date.now());
  });
});
