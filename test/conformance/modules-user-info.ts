import { expect } from "@jest/globals";
import { registerClient, registeredClient } from "@tessera/node";
import { clientId, clientSecret, keys, sign } from "../support/fake-provider.js";
import { CERTIFICATE_HEADER } from "../support/tls-front.js";
import type { Module } from "./module.js";
import { channelsOf, redirectUri, type RelyingParty, type Script } from "./relying-party.js";

/** The modules about user info, renewal and where requests go: those of `oidcc-client-test-…`. */
export const userInfoModules: Readonly<Record<string, Module>> = {
  "userinfo-bearer-header": {
    when: "user info is requested: the access token stands in the Authorization header, and nowhere else",
    play: async (rp) => {
      await claimsOf(rp);
      const [sent] = rp.provider.requests.filter(({ path }) => path === "/userinfo");
      expect(sent).toMatchObject({ method: "GET", query: {}, text: "" });
      expect(sent?.headers["authorization"]).toBe("Bearer an-access-token");
    },
  },
  "userinfo-invalid-sub": {
    when: "user info is another user's",
    play: async (rp) => {
      const call = claimsOf(rp, { userInfo: () => ({ body: { sub: "user-2", name: "Mallory" } }) });
      await expect(call).rejects.toMatchObject({
        name: "ClientAuthError",
        errorMessage: expect.stringMatching(/sub/),
      });
    },
  },
  "userinfo-signed": {
    when: "user info is a signed JWT, as the client is registered; one that others signed is refused",
    play: async (rp) => {
      const auth = { clientMetadata: { userinfo_signed_response_alg: "RS256" } };
      const claims = { iss: rp.provider.url, aud: clientId, sub: "user-1", name: "User One" };
      const answer = (key = keys.one.privateKey): Script => ({
        auth,
        userInfo: () => ({
          headers: { "content-type": "application/jwt" },
          body: sign(claims, { alg: "RS256", kid: "one" }, key),
        }),
      });
      expect(await claimsOf(rp, answer())).toMatchObject({ sub: "user-1", name: "User One" });
      await expect(claimsOf(rp, answer(keys.two.privateKey))).rejects.toMatchObject({
        errorMessage: expect.stringMatching(/signature/),
      });
      const plain = claimsOf(rp, { auth, userInfo: () => ({ body: { sub: "user-1" } }) });
      await expect(plain).rejects.toMatchObject({ errorMessage: expect.stringMatching(/not a JWT/) });
    },
  },
  "scope-userinfo-claims": {
    when: "scopes ask for claims: they come from user info, or in the ID token where no access token is issued",
    play: async (rp) => {
      const claims = { name: "User One", email: "one@example.org", email_verified: true };
      if (!channelsOf(rp.variant).includes("back")) {
        const { idTokenClaims } = await rp.signIn({ front: { claims } });
        expect(idTokenClaims).toMatchObject(claims);
      } else {
        const userInfo = () => ({ body: { sub: "user-1", ...claims } });
        expect(await claimsOf(rp, { userInfo })).toEqual({ sub: "user-1", ...claims });
      }
      expect(rp.asked["scope"]?.split(" ")).toEqual(expect.arrayContaining(["openid", "profile", "email"]));
    },
  },
  "aggregated-claims": {
    when: "user info has claims of a third party: they come through as they are, and are not taken for the provider's",
    play: async (rp) => {
      const aggregated = {
        _claim_names: { address: "src1" },
        _claim_sources: { src1: { JWT: sign({ address: "Elsewhere 1" }, { alg: "RS256" }) } },
      };
      const claims = await claimsOf(rp, { userInfo: () => ({ body: { sub: "user-1", ...aggregated } }) });
      expect(claims).toEqual({ sub: "user-1", ...aggregated });
    },
  },
  "refresh-token": {
    when: "the access token has expired: the refresh token brings another, which the user info request carries",
    play: async (rp) => {
      const { account } = await rp.signIn();
      if (!account) throw new Error("no account");
      rp.provider.clock.advance(3600);
      const idToken = rp.provider.idToken({ claims: { nonce: undefined } });
      rp.provider.answers.token = ({ form }) => ({
        body: rp.provider.tokens({
          access_token: form["refresh_token"] && "a-renewed-token",
          id_token: idToken,
        }),
      });
      expect(await rp.app.userInfo({ account })).toMatchObject({ sub: "user-1" });
      const sent = rp.provider.requests.filter(({ path }) => path === "/userinfo");
      expect(sent.map(({ headers }) => headers["authorization"])).toEqual(["Bearer a-renewed-token"]);
    },
  },
  "refresh-token-invalid-issuer": refusesRenewed("another issuer's", { iss: "https://evil.example" }),
  "refresh-token-invalid-sub": refusesRenewed("another user's", { sub: "user-2" }),
  "dynamic-registration": {
    when: "the client registers itself, and then signs a user in with what it was given",
    play: async (rp) => {
      const { provider } = rp;
      const metadata = { redirect_uris: [redirectUri], token_endpoint_auth_method: rp.variant.clientAuth };
      provider.answers.discovery = () => ({
        body: provider.metadata({ registration_endpoint: `${provider.url}/register` }),
      });
      provider.answers.registration = ({ text }) => ({
        status: 201,
        body: {
          ...(JSON.parse(text) as object),
          client_id: clientId,
          client_secret: clientSecret,
          client_secret_expires_at: 0,
        },
      });
      const system = { clock: provider.clock };
      const registration = await registerClient({ authority: provider.url, metadata, system });
      expect(await rp.signIn({ auth: registeredClient(registration) })).toMatchObject({ fromCache: false });
    },
  },
  "mtls-endpoint-aliases": {
    when: "the client proves itself in TLS: the token request goes to the alias, with the certificate",
    play: async (rp) => {
      await rp.signIn();
      const [sent] = rp.provider.requests.filter(({ path }) => path === "/token");
      expect(sent?.headers).toHaveProperty(CERTIFICATE_HEADER);
      expect(sent?.form).not.toHaveProperty("client_assertion");
    },
  },
};

/** Signs in, and requests the user's claims. */
async function claimsOf(rp: RelyingParty, script: Script = {}) {
  const { account, accessToken } = await rp.signIn(script);
  if (!account) throw new Error("no account");
  return rp.app.userInfo({ account, accessToken });
}

function refusesRenewed(whose: string, claims: Readonly<Record<string, unknown>>): Module {
  return {
    when: `a refresh brings an ID token that is ${whose}: the cache stays as it was`,
    play: async (rp) => {
      const { account } = await rp.signIn();
      if (!account) throw new Error("no account");
      rp.provider.clock.advance(3600);
      const before = rp.app.getTokenCache().serialize();
      rp.provider.answers.token = () => ({
        body: rp.provider.tokens({ access_token: "another" }, { claims: { nonce: undefined, ...claims } }),
      });
      const renewed = rp.app.acquireTokenSilent({ scopes: ["email"], account });
      await expect(renewed).rejects.toMatchObject({ name: "ClientAuthError" });
      expect(rp.app.getTokenCache().serialize()).toBe(before);
    },
  };
}
