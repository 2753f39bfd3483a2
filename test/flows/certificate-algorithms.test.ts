// Which algorithm signs, and which thumbprint names the certificate: each kind of identity provider knows others.
// proves: core/src/dialect/assertion-header.ts, core/src/dialect/dialect.ts, core/src/dialect/dialects.ts
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type ClientCertificate, type NodeAuthOptions } from "@tessera/node";
import { compactVerify, decodeJwt, decodeProtectedHeader } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { scriptedNetwork } from "../support/scripted-network.js";

const own = makeCertificate({ subject: "daemon" });
const { privateKeyPem: privateKey, certificatePem: publicCertificate } = own;
const base64Url = (hex: string) => Buffer.from(hex, "hex").toString("base64url");
const x5t = base64Url(own.thumbprintSha1Hex);
const x5tS256 = base64Url(own.thumbprintSha256Hex);
const whole = { privateKey, publicCertificate };

const pem = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();
const elliptic = (namedCurve: string) => pem(generateKeyPairSync("ec", { namedCurve }).privateKey);
const ed25519 = pem(generateKeyPairSync("ed25519").privateKey);

interface Provider {
  readonly auth: Pick<NodeAuthOptions, "authority" | "oidcAuthority" | "knownAuthorities">;
  readonly issuer: string;
  readonly audience: string;
}
const tokenEndpointOf = (issuer: string) => `${issuer}/token`;
const providers = {
  entra: {
    auth: { authority: "https://login.microsoftonline.com/contoso.example" },
    issuer: "https://login.microsoftonline.com/contoso.example/v2.0",
    audience: "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
  },
  adfs: {
    auth: { authority: "https://sts.contoso.example/adfs", knownAuthorities: ["sts.contoso.example"] },
    issuer: "https://sts.contoso.example/adfs",
    audience: tokenEndpointOf("https://sts.contoso.example/adfs"),
  },
  oidc: {
    auth: { oidcAuthority: "https://idp.example" },
    issuer: "https://idp.example",
    audience: "https://idp.example",
  },
} as const satisfies Readonly<Record<string, Provider>>;

/** The assertion that is sent to a provider which lists these algorithms. */
async function assertionFor(
  { auth, issuer }: Provider,
  clientCertificate: ClientCertificate,
  algorithms?: readonly string[],
): Promise<string> {
  const answer = { access_token: "t", token_type: "Bearer", expires_in: 3600 };
  const network = scriptedNetwork({
    [`GET ${issuer}/.well-known/openid-configuration`]: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: tokenEndpointOf(issuer),
      jwks_uri: `${issuer}/keys`,
      ...(algorithms ? { token_endpoint_auth_signing_alg_values_supported: algorithms } : {}),
    },
    [`POST ${tokenEndpointOf(issuer)}`]: answer,
    [`POST ${providers.entra.audience}`]: answer,
  });
  const app = new ConfidentialClientApplication({
    auth: { clientId: "daemon", ...auth, clientCertificate },
    system: { networkClient: network },
  });
  await app.acquireTokenByClientCredential({ scopes: ["https://api.example/.default"] });
  return network.requests.at(-1)?.form["client_assertion"] ?? "";
}

interface Case {
  readonly provider: Provider;
  readonly certificate: ClientCertificate;
  /** What the provider lists; nothing by default. */
  readonly algorithms?: readonly string[];
  readonly header: Readonly<Record<string, string>>;
}
const { entra, adfs, oidc } = providers;
const sha1 = { privateKey, thumbprint: own.thumbprintSha1Hex };
const sha256 = { privateKey, thumbprintSha256: own.thumbprintSha256Hex };
const rsa = { privateKey, kid: "r" };
const key = (pem: string) => ({ privateKey: pem, kid: "k" });
const cases: Readonly<Record<string, Case>> = {
  Entra: { provider: entra, certificate: whole, header: { alg: "PS256", "x5t#S256": x5tS256 } },
  "Entra, SHA-1 only": { provider: entra, certificate: sha1, header: { alg: "RS256", x5t } },
  "AD FS": { provider: adfs, certificate: whole, header: { alg: "RS256", x5t } },
  "AD FS, SHA-256 only": {
    provider: adfs,
    certificate: sha256,
    header: { alg: "RS256", "x5t#S256": x5tS256 },
  },
  "a provider that lists none": {
    provider: oidc,
    certificate: whole,
    header: { alg: "RS256", "x5t#S256": x5tS256 },
  },
  "a provider of PS256": {
    provider: oidc,
    certificate: rsa,
    algorithms: ["ES256", "PS256"],
    header: { alg: "PS256", kid: "r" },
  },
  "a provider of RS512": {
    provider: oidc,
    certificate: rsa,
    algorithms: ["RS512"],
    header: { alg: "RS512" },
  },
  "a key on P-256": { provider: oidc, certificate: key(elliptic("prime256v1")), header: { alg: "ES256" } },
  "a key on P-384": { provider: oidc, certificate: key(elliptic("secp384r1")), header: { alg: "ES384" } },
  "a key on P-521": { provider: oidc, certificate: key(elliptic("secp521r1")), header: { alg: "ES512" } },
  "an Ed25519 key": { provider: oidc, certificate: key(ed25519), header: { alg: "EdDSA", kid: "k" } },
  "an Ed25519 key, by its newer name (RFC 9864)": {
    provider: oidc,
    certificate: key(ed25519),
    algorithms: ["Ed25519"],
    header: { alg: "Ed25519" },
  },
};

it.each(Object.entries(cases))("%s", async (_, { provider, certificate, algorithms, header }) => {
  const assertion = await assertionFor(provider, certificate, algorithms);
  const { alg = "", ...rest } = decodeProtectedHeader(assertion);
  expect({ alg, ...rest }).toMatchObject(header);
  // Named in one way only: AD FS does not know the other thumbprint.
  expect(["x5t", "x5t#S256"].filter((name) => name in rest).length).toBeLessThanOrEqual(1);
  expect(decodeJwt(assertion).aud).toBe(provider.audience);
  await compactVerify(assertion, createPublicKey(certificate.privateKey ?? ""), { algorithms: [alg] });
});
