// External ID is known by its document, and works at its own host, at the tenant's id, and behind a domain of the tenant's.
// proves: core/src/authority/document-issuer.ts, core/src/dialect/external-id.ts
import { beforeAll, describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { peer } from "../support/both-libraries.js";
import { recordedNetwork } from "../support/recorded-network.js";
import { documentAt } from "../support/world-network.js";

const clientId = "the-client";
const scopes = ["api://shop/read"];
const guid = "5f6f5ee1-6e21-4a5d-8ba8-3a5c3b5b4b5a";
const issuer = `https://${guid}.ciamlogin.com/${guid}/v2.0`;
const documentPath = "/.well-known/openid-configuration";
let privateKey: CryptoKey;
let jwk: JWK;

beforeAll(async () => {
  const pair = await generateKeyPair("RS256");
  ({ privateKey } = pair);
  jwk = { ...(await exportJWK(pair.publicKey)), kid: "k", alg: "RS256", use: "sig" };
});

/** A tenant's network: its document goes by the GUID at whatever host it is served, and so do its tokens. */
function stage(
  library: typeof tessera,
  auth: Partial<tessera.NodeAuthOptions>,
  mode: tessera.ProtocolMode,
  tid: string,
) {
  let idToken = "";
  const networkClient = recordedNetwork(({ line, form }) => {
    if (line.endsWith(documentPath))
      return { body: documentAt(line.slice(4, -documentPath.length), { issuer }) };
    if (line.endsWith("/keys")) return { body: { keys: [jwk] } };
    if (!line.startsWith("POST")) return undefined;
    return {
      body: {
        ...{
          token_type: "Bearer",
          expires_in: 3600,
          scope: form.get("scope"),
          refresh_token: "refresh token",
        },
        access_token: `token for ${form.get("grant_type")}`,
        id_token: idToken,
        client_info: Buffer.from(JSON.stringify({ uid: "ada", utid: tid })).toString("base64url"),
      },
    };
  });
  const app = new library.PublicClientApplication({
    auth: { clientId, ...auth },
    system: { networkClient, protocolMode: mode },
  });
  const signIn = async () => {
    idToken = await new SignJWT({ tid, oid: "ada", preferred_username: "ada@contoso.com" })
      .setProtectedHeader({ alg: "RS256", kid: "k" })
      .setIssuer(issuer)
      .setSubject("ada")
      .setAudience(clientId)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(privateKey);
    return app.acquireTokenByCode({ scopes, code: "the-code", redirectUri: "http://localhost" });
  };
  return { app, networkClient, signIn };
}

const knownAuthorities = ["login.contoso.com"];
const byId = "https://login.contoso.com";

/** An authority, its mode, and whether the peer signs in there without being told the issuer's host. */
const authorities: readonly [Partial<tessera.NodeAuthOptions>, tessera.ProtocolMode, boolean][] = [
  [{ authority: `${byId}/${guid}`, knownAuthorities }, "AAD", true],
  [{ authority: `${byId}/${guid}/v2.0`, knownAuthorities }, "AAD", true],
  [{ authority: `${byId}/${guid.toUpperCase()}`, knownAuthorities }, "AAD", true],
  [{ authority: `${byId}/${guid}/v2.0`, knownAuthorities }, "OIDC", true],
  [{ authority: `${byId}/contoso.onmicrosoft.com`, knownAuthorities }, "AAD", false],
  [{ authority: `https://contoso.ciamlogin.com/${guid}` }, "AAD", true],
  [{ authority: "https://contoso.ciamlogin.com" }, "AAD", false],
  [{ authority: "https://contoso.ciamlogin.com/contoso.onmicrosoft.com" }, "AAD", false],
  [{ authority: "https://contoso.ciamlogin.com/shop.example/oauth2/v2.0" }, "AAD", false],
  [{ authority: "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0" }, "OIDC", false],
];

describe.each(authorities)("%j in %s mode", (auth, mode, isPeers) => {
  it("a user signs in, is found silently, and is renewed, by configuration of the host alone", async () => {
    const { app, networkClient, signIn } = stage(tessera, auth, mode, guid);
    const { account } = await signIn();
    expect(account?.environment).toBe(new URL(auth.authority ?? "").host);
    const sent = networkClient.requests.length;
    const [known] = await app.getAllAccounts();
    const request = { scopes, account: known ?? ({} as tessera.AccountInfo) };
    expect(await app.acquireTokenSilent(request)).toMatchObject({ fromCache: true });
    expect(networkClient.requests).toHaveLength(sent);
    const renewed = await app.acquireTokenSilent({ ...request, forceRefresh: true });
    expect(renewed).toMatchObject({ accessToken: "token for refresh_token", fromCache: false });
    expect(await app.acquireTokenSilent(request)).toMatchObject({ accessToken: "token for refresh_token" });
  });

  it("a user of another tenant is refused", async () => {
    const { app, signIn } = stage(tessera, auth, mode, "11111111-aaaa-4aaa-8aaa-111111111111");
    await expect(signIn()).rejects.toMatchObject({ errorCode: "invalid_id_token" });
    expect(await app.getAllAccounts()).toEqual([]);
  });

  it(`the peer ${isPeers ? "signs in as well" : "needs the issuer's host in knownAuthorities"}`, async () => {
    const signedIn = stage(peer, auth, mode, guid).signIn();
    if (isPeers) expect((await signedIn).account?.tenantId).toBe(guid);
    else await expect(signedIn).rejects.toMatchObject({ errorCode: "endpoints_resolution_error" });
  });
});

it("passwords are checked by External ID itself, also behind the tenant's own domain: nobody else is asked", async () => {
  for (const [auth] of authorities.filter(([, mode]) => mode === "AAD")) {
    const { app, networkClient, signIn } = stage(tessera, auth, "AAD", guid);
    await signIn();
    networkClient.clear();
    await app.acquireTokenByUsernamePassword({ scopes, username: "ada@contoso.com", password: "hunter2" });
    expect(networkClient.lines()).toEqual([expect.stringMatching(/^POST .*\/token$/)]);
  }
});
