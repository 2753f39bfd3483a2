import { expect } from "@jest/globals";
import { jwk, keys, clientId, clientSecret } from "../support/fake-provider.js";
import { refusesIdToken, signsIn, type Module } from "./module.js";
import { channelsOf, expectRefused, halfHash, one, type IssuedIdToken } from "./relying-party.js";

const two = jwk(keys.two, { kid: "two", alg: "RS256" });
const signedByTwo: IssuedIdToken = { header: { kid: "two" }, key: keys.two.privateKey };
const unsigned = (idToken: string) => idToken.replace(/[^.]*$/, "");
const forged = (idToken: string) => idToken.replace(/.{8}$/, "AAAAAAAA");
const badSignature = /signature verification failed/;

/** The modules about the ID token and its keys: those of `oidcc-client-test-…`. */
export const openIdModules: Readonly<Record<string, Module>> = {
  "happy-path": signsIn("everything is right"),
  "invalid-iss": refusesIdToken(
    "an ID token names another issuer",
    { claims: { iss: "https://evil.example" } },
    /iss is "https:\/\/evil\.example"/,
  ),
  "missing-sub": refusesIdToken(
    "an ID token names no user",
    { claims: { sub: undefined } },
    /sub is missing/,
  ),
  "invalid-aud": refusesIdToken(
    "an ID token is for another client",
    { claims: { aud: "another-client" } },
    /aud is "another-client"/,
  ),
  "missing-aud": refusesIdToken(
    "an ID token is for no client",
    { claims: { aud: undefined } },
    /aud is undefined/,
  ),
  "missing-iat": refusesIdToken(
    "an ID token does not say when it was issued",
    { claims: { iat: undefined } },
    /iat is missing/,
  ),
  "nonce-invalid": refusesIdToken("an ID token has another nonce", { claims: { nonce: "another" } }, /nonce/),
  "nonce-unless-code-flow": {
    when: "an ID token comes through the browser: the request has a nonce, a new one each time",
    play: async (rp) => {
      await rp.signIn();
      const { nonce: first } = rp.asked;
      await rp.signIn();
      expect(first).toMatch(/^[\w-]{16,}$/);
      expect(rp.asked["nonce"]).toMatch(/^[\w-]{16,}$/);
      expect(rp.asked["nonce"]).not.toBe(first);
    },
  },
  "kid-absent-single-jwks": signsIn("an ID token names no key, and one is published", {
    front: { header: { kid: undefined } },
    back: { header: { kid: undefined } },
  }),
  "kid-absent-multiple-jwks": {
    when: "an ID token names no key, and several are published",
    play: async (rp) => {
      const [channel = "back"] = channelsOf(rp.variant);
      const published = [one, two].map((key) => ({ ...key, kid: undefined }));
      const script = { keys: () => published, [channel]: { header: { kid: undefined } } };
      await expectRefused(rp, script, { says: /multiple/, sendsCode: channel === "back" });
    },
  },
  "idtoken-sig-rs256": signsIn("an ID token is signed with RS256"),
  "idtoken-sig-none": refusesIdToken(
    "an ID token is not signed, although the provider lists that",
    { header: { alg: "none" }, spoil: unsigned },
    /alg is "none"/,
    { metadata: { id_token_signing_alg_values_supported: ["none"] } },
  ),
  "invalid-sig-rs256": refusesIdToken("an RS256 signature is wrong", { spoil: forged }, badSignature),
  "invalid-sig-es256": refusesIdToken(
    "an ES256 signature is wrong",
    { header: { alg: "ES256", kid: "elliptic" }, key: keys.elliptic.privateKey, spoil: forged },
    badSignature,
    {
      keys: () => [jwk(keys.elliptic, { kid: "elliptic" })],
      auth: { clientMetadata: { id_token_signed_response_alg: "ES256" } },
    },
  ),
  "invalid-sig-hs256": {
    when: "an HS256 signature is wrong, or the client has no secret to check it with",
    play: async (rp) => {
      const isPublic = rp.variant.clientAuth === "none";
      const header = { alg: "HS256", kid: undefined };
      const key = new TextEncoder().encode(clientSecret);
      const back = { header, key, ...(isPublic ? {} : { spoil: forged }) };
      const auth = isPublic ? {} : { clientMetadata: { id_token_signed_response_alg: "HS256" } };
      const says = isPublic ? /alg is "HS256"/ : badSignature;
      await expectRefused(rp, { back, auth }, { says, sendsCode: true });
      if (!isPublic) await rp.signIn({ back: { header, key }, auth });
    },
  },
  "invalid-chash": refusesFrontChannel(
    "c_hash is that of another code",
    { claims: { c_hash: halfHash("another code") } },
    /c_hash/,
  ),
  "missing-chash": refusesFrontChannel(
    "c_hash is missing from the ID token beside the code",
    { claims: { c_hash: undefined } },
    /c_hash/,
  ),
  "client-secret-basic": {
    when: "the client is registered with client_secret_basic",
    play: async (rp) => {
      await rp.signIn();
      const [sent] = rp.provider.requests.filter(({ path }) => path === "/token");
      const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
      expect(sent?.headers["authorization"]).toBe(`Basic ${credentials}`);
      expect(sent?.form).not.toHaveProperty("client_secret");
    },
  },
  "discovery-openid-config": {
    when: "the provider publishes a discovery document",
    play: async (rp) => {
      await rp.signIn();
      expect(rp.provider.requests[0]?.path).toBe("/.well-known/openid-configuration");
      expect(rp.provider.count("discovery")).toBe(1);
    },
  },
  "discovery-jwks-uri-keys": {
    when: "the discovery document names the key set",
    play: async (rp) => {
      await rp.signIn();
      expect(rp.provider.count("keys")).toBe(1);
    },
  },
  "discovery-issuer-mismatch": {
    when: "the discovery document is another issuer's: the user is not even sent there",
    play: async (rp) => {
      await expect(rp.signIn({ metadata: { issuer: "https://evil.example" } })).rejects.toMatchObject({
        errorCode: "endpoints_resolution_error",
        cause: { errorCode: "issuer_validation_failed" },
      });
      expect(rp.asked).toEqual({});
      expect(rp.provider.requests.map(({ path }) => path)).toEqual(["/.well-known/openid-configuration"]);
    },
  },
  "signing-key-rotation": {
    when: "the provider signs the second ID token with a new key, and withdraws the first",
    play: async (rp) => {
      await rp.signIn();
      const rotated = { front: signedByTwo, back: signedByTwo, keys: () => [two] };
      expect(await rp.signIn({ ...rotated, again: true })).toMatchObject({ fromCache: false });
      expect(rp.provider.count("keys")).toBe(2);
    },
  },
  "signing-key-rotation-just-before-signing": {
    when: "the provider signs with a key that is newer than the key set a client had just fetched",
    play: async (rp) => {
      await rp.signIn();
      let published: readonly unknown[] = [one];
      const back: IssuedIdToken = {
        ...signedByTwo,
        spoil: (idToken) => {
          published = [two];
          return idToken;
        },
      };
      expect(await rp.signIn({ back, keys: () => published, again: true })).toMatchObject({
        fromCache: false,
      });
    },
  },
  "3rd-party-init-login": {
    when: "another site sends the user to the application, with issuer and login hint",
    play: async (rp) => {
      // The application's page starts a sign-in if the issuer is its own provider's.
      const sent = { iss: rp.provider.url, login_hint: "one@example.org" };
      const started = await rp.signIn({ request: { authority: sent.iss, loginHint: sent.login_hint } });
      expect(started).toMatchObject({ idTokenClaims: { iss: sent.iss } });
      expect(rp.asked).toMatchObject({ login_hint: sent.login_hint });
    },
  },
  "form-post-error": {
    when: "the provider answers an error in a form, since nobody is signed in there",
    play: async (rp) => {
      const request = { maxAge: 0, prompt: "none" };
      const response = ({ state = "" }) => ({ error: "login_required", error_description: "sign in", state });
      const refused = { name: "InteractionRequiredAuthError", errorCode: "login_required" };
      await expect(rp.signIn({ request, response })).rejects.toMatchObject(refused);
      expect(rp.asked).toMatchObject({ response_mode: "form_post", prompt: "none", max_age: "0" });
      expect(rp.provider.count("token")).toBe(0);
    },
  },
};

function refusesFrontChannel(when: string, front: IssuedIdToken, says: RegExp): Module {
  return { when, play: (rp) => expectRefused(rp, { front }, { says }) };
}
