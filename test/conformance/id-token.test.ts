// The modules of the OpenID Foundation's conformance suite for relying parties that apply to the code flow, and what
// OpenID Connect Core §3.1.3.7 and RFC 8725 ask for beyond them.
// proves: core/src/response/verify-id-token.ts, core/src/response/verify-jwt.ts, core/src/response/jwt-kind.ts,
// core/src/response/same-text.ts, core/src/response/response-algorithms.ts, core/src/response/id-token.ts, core/src/hs256-key.ts,
// core/src/encoding.ts, core/src/node-crypto.ts
import { createPublicKey } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ClientAuthError, type NodeAuthOptions } from "@tessera/node";
import { CompactEncrypt } from "jose";
import {
  clientId,
  clientSecret,
  jwk,
  keys,
  redeem,
  secrets,
  startFakeProvider,
  type FakeProvider,
  type IdTokenOptions,
} from "../support/fake-provider.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
});

const now = () => Math.floor(provider.clock.now() / 1000);
const secretKey = new TextEncoder().encode(clientSecret);
const one = jwk(keys.one, { kid: "one" });
const two = jwk(keys.two, { kid: "two" });
const elliptic = jwk(keys.elliptic, { kid: "elliptic" });
const badSignature = /signature verification failed/;
const withEs256: IdTokenOptions = {
  header: { alg: "ES256", kid: "elliptic" },
  key: keys.elliptic.privateKey,
};
const withHs256: IdTokenOptions = { header: { alg: "HS256", kid: undefined }, key: secretKey };

interface Case {
  /** Name of the conformance module, or what the provider does. */
  readonly module: string;
  readonly idToken?: IdTokenOptions | (() => IdTokenOptions);
  /** Spoils the finished ID token. */
  readonly spoil?: (idToken: string) => string | Promise<string>;
  readonly jwks?: readonly unknown[];
  /** `id_token_signing_alg_values_supported` of the provider. */
  readonly listed?: readonly string[];
  /** `id_token_signed_response_alg` of the client's registration. */
  readonly registered?: string;
  readonly client?: "public";
  /** Nonce of the authorization request. */
  readonly sent?: undefined;
}

/** Sets the provider up, and redeems a code there. */
function play({
  idToken = {},
  spoil = (text) => text,
  jwks = [one],
  listed,
  registered,
  client,
  ...request
}: Case) {
  const options = typeof idToken === "function" ? idToken() : idToken;
  const body = async () => provider.tokens({ id_token: await spoil(provider.idToken(options)) });
  provider.answers.token = async () => ({ body: await body() });
  provider.answers.keys = () => ({ body: { keys: jwks } });
  const metadata = provider.metadata(listed && { id_token_signing_alg_values_supported: listed });
  provider.answers.discovery = () => ({ body: metadata });
  const auth: Partial<NodeAuthOptions> = { clientMetadata: { id_token_signed_response_alg: registered } };
  const app = client === "public" ? provider.publicClient({ auth }) : provider.confidential({ auth });
  return { app, result: redeem(app, "sent" in request ? { nonce: undefined } : {}) };
}

describe("an ID token is accepted", () => {
  it.each<Case>([
    { module: "idtoken-sig-rs256" },
    { module: "idtoken-sig-rs256 for a public client", client: "public" },
    { module: "valid-aud-as-array", idToken: { claims: { aud: [clientId] } } },
    { module: "secondary aud with azp", idToken: { claims: { aud: [clientId, "other"], azp: clientId } } },
    { module: "nonce-unless-code-flow", idToken: { claims: { nonce: undefined } }, sent: undefined },
    { module: "kid-absent-single-jwks", idToken: { header: { kid: undefined } } },
    {
      module: "kid absent, and the only other key is for encryption",
      idToken: { header: { kid: undefined } },
      jwks: [one, { ...two, use: "enc" }],
    },
    { module: "several keys, told apart by kid", jwks: [two, elliptic, one] },
    {
      module: "unknown key types beside the key",
      jwks: [{ kty: "LATTICE" }, { kty: "RSA", kid: "half" }, one],
    },
    {
      module: "ES256 that the provider lists",
      idToken: withEs256,
      jwks: [elliptic],
      listed: ["RS256", "ES256"],
    },
    {
      module: "ES256 that the client is registered with",
      idToken: withEs256,
      jwks: [elliptic],
      registered: "ES256",
    },
    { module: "HS256 that the client is registered with", idToken: withHs256, registered: "HS256" },
    { module: "expired no longer than 30 s ago", idToken: () => ({ claims: { exp: now() - 29 } }) },
    { module: "valid not later than in 30 s", idToken: () => ({ claims: { nbf: now() + 30 } }) },
    { module: "claims nobody knows", idToken: { claims: { tid: "", acr: "0", custom: { deep: [1] } } } },
  ])("$module", async (row) => {
    const { app, result } = play(row);
    expect(await result).toMatchObject({
      account: { homeAccountId: "user-1" },
      idTokenClaims: { sub: "user-1" },
    });
    expect(await app.getAllAccounts()).toHaveLength(1);
  });
});

describe("an ID token is refused, and nothing is kept", () => {
  const claims = (over: Record<string, unknown>) => ({ idToken: { claims: over } });
  it.each<Case & { readonly says: RegExp; readonly code?: string }>([
    {
      module: "invalid-iss",
      ...claims({ iss: "https://evil.example" }),
      says: /iss is "https:\/\/evil\.example"/,
    },
    {
      module: "iss with another path",
      idToken: () => ({ claims: { iss: `${provider.url}/` } }),
      says: /iss is /,
    },
    { module: "missing-iss", ...claims({ iss: undefined }), says: /iss is missing/ },
    { module: "invalid-aud", ...claims({ aud: "another-client" }), says: /aud is "another-client"/ },
    { module: "invalid aud in an array", ...claims({ aud: ["x", "y"] }), says: /aud is \["x","y"\]/ },
    { module: "missing-aud", ...claims({ aud: undefined }), says: /aud is undefined/ },
    { module: "invalid-secondary-aud", ...claims({ aud: [clientId, "other"] }), says: /azp is undefined/ },
    { module: "another azp", ...claims({ azp: "another-client" }), says: /azp is "another-client"/ },
    {
      module: "secondary aud with another azp",
      ...claims({ aud: [clientId, "o"], azp: "o" }),
      says: /azp is "o"/,
    },
    { module: "missing-sub", ...claims({ sub: undefined }), says: /sub is missing/ },
    { module: "a sub that is a number", ...claims({ sub: 7 }), says: /sub is missing/ },
    { module: "missing-iat", ...claims({ iat: undefined }), says: /iat is missing/ },
    { module: "missing-exp", ...claims({ exp: undefined }), says: /exp is missing/ },
    { module: "an exp that is a text", ...claims({ exp: "2999-01-01" }), says: /exp is missing/ },
    { module: "invalid-expired-exp", idToken: () => ({ claims: { exp: now() - 30 } }), says: /expired/ },
    {
      module: "nbf in the future",
      idToken: () => ({ claims: { nbf: now() + 31 } }),
      says: /not valid before/,
    },
    { module: "an nbf that is a text", ...claims({ nbf: "tomorrow" }), says: /not valid before/ },
    { module: "nonce-invalid", ...claims({ nonce: "another" }), says: /nonce/, code: "nonce_mismatch" },
    { module: "missing-nonce", ...claims({ nonce: undefined }), says: /nonce/, code: "nonce_mismatch" },
    { module: "a nonce that nobody sent", sent: undefined, says: /nonce/, code: "nonce_mismatch" },
    {
      module: "idtoken-sig-none",
      idToken: { header: { alg: "none" } },
      spoil: unsigned,
      says: /alg is "none"/,
    },
    {
      module: "idtoken-sig-none though the provider lists it",
      idToken: { header: { alg: "none" } },
      spoil: unsigned,
      listed: ["none"],
      says: /alg is "none", allowed: RS256/,
    },
    { module: "an alg in other letters", idToken: { header: { alg: "rs256" } }, says: /alg is "rs256"/ },
    { module: "invalid-null-alg", idToken: { header: { alg: null } }, says: /alg is null/ },
    { module: "invalid-sig-rs256", idToken: { key: keys.two.privateKey }, says: badSignature },
    { module: "claims changed after signing", spoil: forged, says: badSignature },
    { module: "no signature at all", spoil: unsigned, says: badSignature },
    {
      module: "invalid-sig-es256",
      idToken: withEs256,
      jwks: [elliptic],
      registered: "ES256",
      spoil: forged,
      says: badSignature,
    },
    {
      module: "invalid-sig-hs256",
      idToken: withHs256,
      registered: "HS256",
      spoil: forged,
      says: badSignature,
    },
    {
      module: "HS256 with another secret",
      idToken: { ...withHs256, key: Buffer.from("another secret") },
      registered: "HS256",
      says: badSignature,
    },
    { module: "invalid-alternate-alg", registered: "ES256", says: /alg is "RS256", allowed: ES256/ },
    {
      module: "ES256 that the provider does not list",
      idToken: withEs256,
      jwks: [elliptic],
      says: /alg is "ES256"/,
    },
    {
      module: "HS256 for a client registered with RS256",
      idToken: withHs256,
      registered: "RS256",
      says: /alg is "HS256"/,
    },
    {
      module: "HS256 for a public client",
      idToken: { ...withHs256, key: new Uint8Array() },
      listed: ["HS256", "RS256"],
      client: "public",
      says: /alg is "HS256", allowed: RS256/,
    },
    {
      module: "HS256 with the public RSA key as secret, for a public client",
      idToken: { header: { alg: "HS256" }, key: publicPem() },
      listed: ["HS256", "RS256"],
      client: "public",
      says: /alg is "HS256", allowed: RS256/,
    },
    {
      module: "HS256 with the public RSA key as secret, for a confidential client",
      idToken: { header: { alg: "HS256" }, key: publicPem() },
      listed: ["HS256", "RS256"],
      says: badSignature,
    },
    {
      module: "kid-absent-multiple-jwks",
      idToken: { header: { kid: undefined } },
      jwks: [one, two],
      says: /multiple keys, for "RS256"/,
    },
    { module: "a kid that is not there", idToken: { header: { kid: "gone" } }, says: /has no key "gone"/ },
    { module: "a key for encryption", jwks: [{ ...one, use: "enc" }], says: /has no key "one"/ },
    {
      module: "an unknown critical header",
      idToken: { header: { crit: ["b64x"], b64x: true } },
      says: /b64x/,
    },
    ...[["b64"], ["exp"], [], "b64", null].map((crit) => ({
      module: `a critical header, ${JSON.stringify(crit)}`,
      idToken: { header: { crit, b64: true, exp: 1 } },
      says: /crit/,
    })),
    {
      module: "encrypted-idtoken",
      spoil: encrypted,
      says: /it is encrypted, and this client is not configured/,
    },
    {
      module: "a text that is no JWT",
      spoil: () => "eyJ.x",
      says: /not a signed JWT/,
      code: "token_parsing_error",
    },
    {
      module: "claims that are not JSON",
      spoil: () => "eyJ.bm8.x",
      says: /not a signed JWT/,
      code: "token_parsing_error",
    },
  ])("$module", async ({ says, code = "invalid_id_token", ...row }) => {
    const { app, result } = play(row);
    const error: unknown = await result.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClientAuthError);
    expect(error).toMatchObject({ errorCode: code, errorMessage: expect.stringMatching(says) });
    expectNoSecretIn(error, secrets);
    await expectNothingKept(app);
  });
});

function unsigned(idToken: string): string {
  return idToken.replace(/[^.]*$/, "");
}

function forged(idToken: string): string {
  const [header, claims = "", signature] = idToken.split(".");
  const changed = Buffer.from(claims, "base64url").toString().replace('"user-1"', '"root"');
  return [header, Buffer.from(changed).toString("base64url"), signature].join(".");
}

function encrypted(idToken: string): Promise<string> {
  const header = { alg: "RSA-OAEP-256", enc: "A256GCM", cty: "JWT" };
  return new CompactEncrypt(Buffer.from(idToken)).setProtectedHeader(header).encrypt(keys.two.publicKey);
}

function publicPem(): Uint8Array {
  return Buffer.from(createPublicKey(keys.one.privateKey).export({ type: "spki", format: "pem" }));
}
