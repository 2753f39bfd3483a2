// A host may have several issuers, told apart by the path alone, and by capitals in it (OpenID Connect Discovery §4.3).
// `sub` is unique within one of them only (OpenID Connect Core §2): the same text at another is another person.
// proves: core/src/cache/provider.ts, core/src/cache/account-provider.ts
import { beforeAll, describe, expect, it } from "@jest/globals";
import { SignJWT } from "jose";
import {
  ConfidentialClientApplication,
  type AccountInfo,
  type AuthenticationResult,
  type SilentFlowRequest,
} from "@tessera/node";
import { scriptedNetwork, type ScriptedNetwork } from "../support/scripted-network.js";
import { rsaKeyPair } from "../support/rsa-keys.mjs";

const clientId = "the-client";
const host = "https://idp.example";
const scopes = ["api"];
const paths = ["/realms/A", "/realms/a", "/realms/B"];
const { publicKey, privateKey } = rsaKeyPair("provider");
let network: ScriptedNetwork;

beforeAll(() => {
  network = scriptedNetwork(
    Object.assign({}, issuer("/oauth2", ""), ...paths.map((path) => issuer(path))) as Record<string, object>,
  );
});

function issuer(path: string, name = path): object {
  const url = `${host}${path}`;
  return {
    [`GET ${url}/.well-known/openid-configuration`]: {
      issuer: `${host}${name}`,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      jwks_uri: `${url}/keys`,
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
    [`GET ${url}/keys`]: { keys: [publicKey.export({ format: "jwk" })] },
    [`POST ${url}/token`]: async (form: Readonly<Record<string, string>>) => ({
      access_token: `access token of ${path}`,
      token_type: "Bearer",
      expires_in: 3600,
      scope: "openid api",
      ...(form["grant_type"] === "client_credentials"
        ? {}
        : { refresh_token: `refresh token of ${path}`, id_token: await idToken(`${host}${name}`) }),
    }),
  };
}

function idToken(iss: string): Promise<string> {
  return new SignJWT({ sub: "1.2", preferred_username: `user of ${iss}` })
    .setProtectedHeader({ alg: "RS256" })
    .setIssuer(iss)
    .setAudience(clientId)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
}

function appAt(path: string): ConfidentialClientApplication {
  return new ConfidentialClientApplication({
    // The client is registered at all of them, with one secret.
    auth: { clientId, clientSecret: "secret", oidcAuthority: `${host}${path}`, knownAuthorities: [host] },
    system: { networkClient: network },
  });
}

async function signIn(app: ConfidentialClientApplication, path: string): Promise<AccountInfo> {
  const request = { scopes, redirectUri: "http://localhost", code: path, authority: `${host}${path}` };
  const { account } = await app.acquireTokenByCode(request);
  if (!account) throw new Error(`nobody signed in at ${path}`);
  return account;
}

function posted(): readonly string[] {
  return network.requests.map(({ line }) => line).filter((line) => line.startsWith("POST"));
}

/** What came of a silent call: the access token, or the error's code. */
async function silently(
  app: ConfidentialClientApplication,
  request: Omit<SilentFlowRequest, "scopes">,
): Promise<string> {
  return app.acquireTokenSilent({ scopes, ...request }).then(
    ({ accessToken }: AuthenticationResult) => accessToken,
    ({ errorCode }: { errorCode: string }) => errorCode,
  );
}

describe.each([
  ["another path", "/realms/A", "/realms/B"],
  ["the same path in capitals", "/realms/a", "/realms/A"],
])("a second issuer with %s", (_, first, second) => {
  it("has app tokens of its own", async () => {
    const app = appAt(first);
    await app.acquireTokenByClientCredential({ scopes });
    const request = { scopes, authority: `${host}${second}` };
    for (const fromCache of [false, true]) {
      const result = await app.acquireTokenByClientCredential(request);
      expect(result).toMatchObject({ accessToken: `access token of ${second}`, fromCache });
    }
  });

  it("has users of its own, also those of the same name", async () => {
    const app = appAt(first);
    const accounts = [await signIn(app, first), await signIn(app, second)];
    const known = await app.getAllAccounts();
    expect(known.map(({ username }) => username)).toEqual(accounts.map(({ username }) => username));
    expect(known.map(({ idTokenClaims }) => idTokenClaims?.iss)).toEqual([
      `${host}${first}`,
      `${host}${second}`,
    ]);
    for (const [index, path] of [first, second].entries()) {
      const request = { account: known[index] as AccountInfo, authority: `${host}${path}` };
      expect(await silently(app, request)).toBe(`access token of ${path}`);
    }
  });

  it("keeps them apart in a cache that is written and read", async () => {
    const app = appAt(first);
    await signIn(app, first);
    await signIn(app, second);
    const reader = appAt(second);
    reader.getTokenCache().deserialize(app.getTokenCache().serialize());
    const accounts = await reader.getAllAccounts();
    expect(accounts.map(({ idTokenClaims }) => idTokenClaims?.iss)).toEqual([
      `${host}${first}`,
      `${host}${second}`,
    ]);
    expect(await silently(reader, { account: accounts[1] as AccountInfo })).toBe(`access token of ${second}`);
  });

  it("is never asked with the tokens of the first", async () => {
    const app = appAt(second);
    const account = await signIn(app, first);
    const sent = posted();
    expect(await silently(app, { account })).toBe("no_tokens_found");
    expect(await silently(app, { account, forceRefresh: true })).toBe("no_tokens_found");
    expect(posted()).toEqual(sent);
  });

  it("keeps its user when the first one's signs out", async () => {
    const app = appAt(first);
    const account = await signIn(app, first);
    const other = await signIn(app, second);
    await app.signOut({ account });
    expect((await app.getAllAccounts()).map(({ username }) => username)).toEqual([other.username]);
    expect(await silently(app, { account: other, authority: `${host}${second}` })).toBe(
      `access token of ${second}`,
    );
    expect(await silently(app, { account })).toBe("no_tokens_found");
  });
});

it("an issuer whose document the app brings itself may have another path than the authority", async () => {
  const authority = `${host}/oauth2`;
  const answers = issuer("/oauth2", "") as Readonly<Record<string, object>>;
  const authorityMetadata = JSON.stringify(answers[`GET ${authority}/.well-known/openid-configuration`]);
  const app = new ConfidentialClientApplication({
    auth: { clientId, clientSecret: "secret", oidcAuthority: authority, authorityMetadata },
    system: { networkClient: network },
  });
  const account = await signIn(app, "/oauth2");
  expect(account.idTokenClaims?.iss).toBe(host);
  for (const forceRefresh of [false, true]) {
    expect(await silently(app, { account, forceRefresh })).toBe("access token of /oauth2");
  }
  await app.signOut({ account });
  expect(app.getTokenCache().stats().tokens).toBe(0);
});

it("a listed user of an issuer with a path has the ID token, as the result of the sign-in had", async () => {
  const app = appAt("/realms/A");
  const account = await signIn(app, "/realms/A");
  expect(await app.getAllAccounts()).toEqual([account]);
  expect(await app.getAccountByHomeId(account.homeAccountId)).toEqual(account);
  expect(account.idToken).toBeDefined();
});
