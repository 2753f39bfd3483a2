// The local authority under `openid-client`, a certified relying party that knows nothing of Microsoft: sign-in with every
// check of the specification, renewal, user info, and the endpoints that Microsoft's providers do not have.
// proves: local-authority/src/endpoints/userinfo.ts, local-authority/src/endpoints/other-configurations.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type App, type LocalAuthority, type User } from "@tessera/local-authority";
import * as openid from "openid-client";
import { Agent, fetch } from "undici";
import { signIn } from "../support/sign-in.js";

const redirectUri = "http://localhost:3000/redirect";

let authority: LocalAuthority;
let dispatcher: Agent;
let web: App;
let alice: User;
beforeAll(async () => {
  authority = await startLocalAuthority();
  dispatcher = new Agent({ connect: { ca: authority.caPem } });
  const [tenant] = authority.config.tenants;
  [web] = tenant?.apps as [App];
  [alice] = tenant?.users as [User];
});
afterAll(async () => {
  await dispatcher.close();
  await authority.close();
});

/** Where both publish their document. */
const issuers = {
  Entra: () => `${authority.authorityUrl()}/v2.0`,
  "AD FS": () => authority.authorityUrl("adfs"),
};

function discover(issuer: string): Promise<openid.Configuration> {
  const trusting: openid.CustomFetch = (url, { body = null, ...options }) =>
    fetch(url, { ...options, body, dispatcher });
  return openid.discovery(new URL(issuer), web.clientId, web.clientSecret, undefined, {
    [openid.customFetch]: trusting,
  });
}

/** A sign-in with code, PKCE, state and nonce, each of which `openid-client` checks. */
async function signedIn(config: openid.Configuration, scope: string) {
  const codeVerifier = openid.randomPKCECodeVerifier();
  const [state, nonce] = [openid.randomState(), openid.randomNonce()];
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    state,
    nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: "S256",
  });
  const callback = await signIn(url.href, { ...alice, ca: authority.caPem });
  return openid.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: codeVerifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
}

describe.each(Object.entries(issuers))("%s", (name, issuer) => {
  it("signs a user in, tells who that is, and renews the tokens", async () => {
    const config = await discover(issuer());
    const tokens = await signedIn(config, "openid profile email offline_access");
    const subject = tokens.claims()?.sub ?? "";
    expect(await openid.fetchUserInfo(config, tokens.access_token, subject)).toEqual(
      name === "AD FS"
        ? { sub: subject }
        : {
            sub: subject,
            name: "Alice Archer",
            given_name: "Alice",
            family_name: "Archer",
            email: alice.email,
          },
    );
    const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? "");
    expect(renewed.claims()?.sub).toBe(subject);
    expect(await openid.fetchUserInfo(config, renewed.access_token, subject)).toMatchObject({ sub: subject });
  });

  it("has no introspection and no revocation, as at Microsoft's", async () => {
    const config = await discover(issuer());
    const metadata = config.serverMetadata();
    expect(metadata.userinfo_endpoint).toMatch(/\/userinfo$/);
    expect(metadata).not.toHaveProperty("introspection_endpoint");
    expect(metadata).not.toHaveProperty("revocation_endpoint");
    const missing = { code: "OAUTH_MISSING_SERVER_METADATA" };
    await expect(openid.tokenIntrospection(config, "a-token")).rejects.toMatchObject({ cause: missing });
    await expect(openid.tokenRevocation(config, "a-token")).rejects.toMatchObject({ cause: missing });
  });
});
