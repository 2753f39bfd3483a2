import { expect } from "@jest/globals";
import { createAuthenticatedFetch } from "@tessera/node";
import { decodeJwt, type JWTPayload } from "jose";
import { clientId, keys } from "../support/fake-provider.js";
import { CERTIFICATE_HEADER } from "../support/tls-front.js";
import { refusesIdToken, signsIn, type Module } from "./module.js";
import { openIdModules } from "./modules-openid.js";
import type { Variant } from "./plans.js";
import {
  expectRefused,
  proofIn,
  type IssuedIdToken,
  type RelyingParty,
  type Script,
} from "./relying-party.js";

const unsigned = (jwt: string) => jwt.replace(/[^.]*$/, "");
const now = ({ provider }: RelyingParty) => Math.floor(provider.clock.now() / 1000);
const without =
  (name: string): NonNullable<Script["response"]> =>
  ({ [name]: _, ...rest }) =>
    rest;

/** The modules of `fapi2-security-profile-final-client-test-…` for a variant. */
export function fapi2Modules(variant: Variant): Readonly<Record<string, Module>> {
  return {
    ...openIdModules,
    ...idTokens,
    ...(variant.responseMode === "jwt" ? jarmResponses : plainResponses),
    ...others,
    ...(variant.senderConstrain === "dpop" ? proofs : noProofs),
  };
}

const idTokens: Readonly<Record<string, Module>> = {
  "invalid-missing-iss": refusesIdToken(
    "an ID token names no issuer",
    { claims: { iss: undefined } },
    /iss is missing/,
  ),
  "invalid-missing-aud": refusesIdToken(
    "an ID token is for no client",
    { claims: { aud: undefined } },
    /aud is undefined/,
  ),
  "invalid-missing-exp": refusesIdToken(
    "an ID token does not say when it expires",
    { claims: { exp: undefined } },
    /exp is missing/,
  ),
  "invalid-expired-exp": refusesIdToken(
    "an ID token expired more than five minutes ago",
    (rp) => ({ claims: { exp: now(rp) - 301 } }),
    /expired/,
  ),
  "invalid-missing-nonce": refusesIdToken(
    "an ID token has no nonce",
    { claims: { nonce: undefined } },
    /nonce/,
  ),
  "invalid-nonce": refusesIdToken("an ID token has another nonce", { claims: { nonce: "another" } }, /nonce/),
  "invalid-secondary-aud": refusesIdToken(
    "an ID token is for another client, too",
    { claims: { aud: [clientId, "another-client"] } },
    /azp is undefined/,
  ),
  "invalid-null-alg": refusesIdToken(
    "an ID token is not signed",
    { header: { alg: "none" }, spoil: unsigned },
    /alg is "none"/,
  ),
  "invalid-alternate-alg": refusesIdToken(
    "an ID token is signed with RS256",
    { header: { alg: "RS256" } },
    /alg is "RS256", allowed: PS256/,
  ),
  "valid-aud-as-array": signsIn("an ID token is for a list of one client", {
    back: { claims: { aud: [clientId] } },
  }),
};

const plainResponses: Readonly<Record<string, Module>> = {
  "invalid-authorization-response-iss": refusesResponse(
    "the response names another issuer (RFC 9207)",
    (sent) => ({ ...sent, iss: "https://evil.example" }),
    /issued by "https:\/\/evil\.example"/,
  ),
  "remove-authorization-response-iss": refusesResponse(
    "the response names no issuer, though the provider promises it (RFC 9207)",
    without("iss"),
    /RFC 9207/,
  ),
};

const inJwt = { doesNotApply: "the issuer of a signed response is that of its JWT: see ensure-jarm-…-iss" };
const jarmResponses: Readonly<Record<string, Module>> = {
  "invalid-authorization-response-iss": inJwt,
  "remove-authorization-response-iss": inJwt,
  "ensure-jarm-without-iss-fails": refusesJwt("no issuer", { claims: { iss: undefined } }, /iss/),
  "ensure-jarm-with-invalid-iss-fails": refusesJwt(
    "another issuer",
    { claims: { iss: "https://evil.example" } },
    /iss/,
  ),
  "ensure-jarm-without-aud-fails": refusesJwt("no audience", { claims: { aud: undefined } }, /aud/),
  "ensure-jarm-with-invalid-aud-fails": refusesJwt("another audience", { claims: { aud: "another" } }, /aud/),
  "ensure-jarm-without-exp-fails": refusesJwt("no expiry", { claims: { exp: undefined } }, /exp/),
  "ensure-jarm-with-expired-exp-fails": refusesJwt(
    "an expiry in the past",
    { claims: { exp: 1 } },
    /expired/,
  ),
  "ensure-jarm-with-invalid-sig-fails": refusesJwt(
    "a wrong signature",
    { key: keys.two.privateKey },
    /signature verification failed/,
  ),
  "ensure-jarm-signature-is-not-none": refusesJwt(
    "no signature",
    { header: { alg: "none" }, spoil: unsigned },
    /alg is "none"/,
  ),
};

const others: Readonly<Record<string, Module>> = {
  "happy-path": {
    when: "everything is right: the request is pushed, with PKCE, the client's authentication, and a signature if it signs",
    play: async (rp) => {
      expect(await rp.signIn()).toMatchObject({ idTokenClaims: { sub: "user-1" } });
      const [pushed] = rp.provider.requests.filter(({ path }) => path === "/par");
      const [token] = rp.provider.requests.filter(({ path }) => path === "/token");
      expect(rp.asked).toMatchObject({ code_challenge_method: "S256", response_type: "code" });
      expect(token?.form["code_verifier"]).toMatch(/^[\w-]{43,128}$/);
      expect(pushed?.form["request"] !== undefined).toBe(rp.variant.responseMode === "jwt");
      for (const sent of [pushed, token]) {
        expect(sent?.form).not.toHaveProperty("client_secret");
        if (rp.variant.clientAuth === "private_key_jwt") {
          // A string, not a list (FAPI 2.0 Security Profile §5.3.2.1).
          const claims = decodeJwt(sent?.form["client_assertion"] ?? "");
          expect(claims).toMatchObject({ iss: clientId, sub: clientId, aud: rp.provider.url });
        } else expect(sent?.headers).toHaveProperty(CERTIFICATE_HEADER);
      }
    },
  },
  "ensure-authorization-response-with-invalid-state-fails": refusesResponse(
    "the response has another state",
    (sent) => ({ ...sent, state: "another" }),
    /state/,
  ),
  "ensure-authorization-response-with-invalid-missing-state-fails": refusesResponse(
    "the response has no state",
    without("state"),
    /state/,
  ),
  "token-endpoint-response-without-expires_in": signsIn("the token response has no lifetime", {
    tokens: { expires_in: undefined },
  }),
  "refresh-token-test": {
    when: "the API refuses the token twice: each time the refresh token brings another, and is replaced itself",
    play: async (rp) => {
      const { account } = await rp.signIn();
      if (!account) throw new Error("no account");
      const idToken = { header: { alg: "PS256" }, claims: { nonce: undefined } };
      const sent: (string | undefined)[] = [];
      rp.answerToken(({ form }) => {
        sent.push(form["refresh_token"]);
        return { refresh_token: `renewed-${sent.length}`, id_token: rp.provider.idToken(idToken) };
      });
      for (const _ of [1, 2])
        await rp.app.acquireTokenSilent({ scopes: ["email"], account, forceRefresh: true, ...rp.bound });
      expect(sent).toEqual(["a-refresh-token", "renewed-1"]);
    },
  },
};

const bearer = { doesNotApply: "tokens are bound to the client's certificate in this variant, not by DPoP" };
const noProofs: Readonly<Record<string, Module>> = {
  "token-type-case-insensitivity": signsIn("the token type is in other letters", {
    tokens: { token_type: "bEARER" },
  }),
  "rs-dpop-auth-scheme-case-insensitivity": bearer,
  "happy-path-no-dpop-nonce": bearer,
};

const proofs: Readonly<Record<string, Module>> = {
  "token-type-case-insensitivity": signsIn("the token type is in other letters", {
    tokens: { token_type: "dpOp" },
  }),
  "happy-path-no-dpop-nonce": {
    when: "no server wants a nonce in proofs",
    play: async (rp) => {
      const response = await callApi(rp, { noNonce: true });
      expect(response.status).toBe(200);
      const proofs = proofsAt(rp, ["/token", "/api"]);
      expect(proofs.map(({ nonce }) => nonce)).toEqual([undefined, undefined]);
      expect(proofs.map(({ htm, htu }) => `${String(htm)} ${String(htu)}`)).toEqual([
        expect.stringMatching(/^POST http.*\/token$/),
        expect.stringMatching(/^GET http.*\/api$/),
      ]);
      expect(proofs.at(-1)).toHaveProperty("ath");
    },
  },
  "rs-dpop-auth-scheme-case-insensitivity": {
    when: "the API wants a nonce, and spells the scheme of its challenge in other letters",
    play: async (rp) => {
      const apiNonce = "a-nonce-of-the-api";
      rp.provider.answers.api = (request) =>
        proofIn(request)?.["nonce"] === apiNonce
          ? { body: { answer: 42 } }
          : {
              status: 401,
              headers: { "www-authenticate": 'dPoP error="use_dpop_nonce"', "dpop-nonce": apiNonce },
              body: {},
            };
      const response = await callApi(rp);
      expect(response.status).toBe(200);
      const nonces = proofsAt(rp, ["/api"]).map(({ nonce }) => nonce);
      expect(nonces).toHaveLength(2);
      expect(nonces.indexOf(apiNonce)).toBe(1);
    },
  },
};

/** Signs in, and calls an API with a bound token. */
async function callApi(rp: RelyingParty, script: Script = {}): Promise<Response> {
  const { account } = await rp.signIn(script);
  if (!account) throw new Error("no account");
  const call = createAuthenticatedFetch(rp.app, { scopes: ["email"], account, ...rp.bound });
  return call(`${rp.provider.url}/api`);
}

function proofsAt({ provider }: RelyingParty, paths: readonly string[]): readonly JWTPayload[] {
  return provider.requests
    .filter(({ path }) => paths.includes(path))
    .map((request) => proofIn(request) ?? {});
}

function refusesResponse(when: string, response: NonNullable<Script["response"]>, says: RegExp): Module {
  return { when, play: (rp) => expectRefused(rp, { response }, { says }) };
}

function refusesJwt(what: string, jarm: IssuedIdToken, says: RegExp): Module {
  return {
    when: `the signed response has ${what}`,
    play: (rp) => expectRefused(rp, { jarm }, { says }),
  };
}
