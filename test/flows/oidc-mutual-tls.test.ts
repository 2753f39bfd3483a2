// RFC 8705 at a certified provider: the client proves itself in TLS, and its tokens are bound to its certificate.
// proves: core/src/exchange/client-form.ts
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type NodeAuthOptions } from "@tessera/node";
import type { ClientMetadata, Configuration } from "oidc-provider";
import { makeCertificate, type MadeCertificate } from "../support/certificates.js";
import { accountOf } from "../support/entra.js";
import { scopes, signInAt } from "../support/oidc-applications.js";
import { ACCESS_TOKEN_LIFETIME, startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";
import { CERTIFICATE_HEADER, startTlsFront, type TlsFront } from "../support/tls-front.js";

const ca = makeCertificate({ subject: "Contoso CA", keyType: "ec" });
const issued = makeCertificate({ subject: "app.contoso.example", issuer: ca, keyType: "ec" });
const self = makeCertificate({ subject: "self", keyType: "ec" });
const stranger = makeCertificate({ subject: "self", keyType: "ec" });

let provider: OpenIdProvider;
let front: TlsFront;
let clock: TestClock;
beforeAll(async () => {
  front = await startTlsFront(() => provider.url);
  provider = await startOpenIdProvider({ configure: (usual) => withMutualTls(usual, front) });
});
afterAll(() => Promise.all([front.close(), provider.close()]));
beforeEach(() => {
  clock = createTestClock();
  provider.clearRequests();
});

function withMutualTls(usual: Configuration, { url }: TlsFront): Configuration {
  const certificateIn = (context: { get(name: string): string }) =>
    decodeURIComponent(context.get(CERTIFICATE_HEADER)) || undefined;
  const client = (client_id: string, over: Partial<ClientMetadata>): ClientMetadata => ({
    client_id,
    application_type: "native",
    grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    redirect_uris: ["http://localhost/signed-in"],
    tls_client_certificate_bound_access_tokens: true,
    ...over,
  });
  const { kty, crv, x, y } = new X509Certificate(self.certificatePem).publicKey.export({ format: "jwk" });
  const x5c = [new X509Certificate(self.certificatePem).raw.toString("base64")];
  return {
    ...usual,
    clients: [
      client("by-subject", {
        token_endpoint_auth_method: "tls_client_auth",
        tls_client_auth_subject_dn: "CN=app.contoso.example",
      }),
      client("by-certificate", {
        token_endpoint_auth_method: "self_signed_tls_client_auth",
        jwks: { keys: [{ kty: kty as "EC", crv, x, y, x5c }] },
      }),
    ],
    clientAuthMethods: ["tls_client_auth", "self_signed_tls_client_auth"],
    features: {
      ...usual.features,
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: certificateIn,
        certificateAuthorized: (context) =>
          new X509Certificate(certificateIn(context) ?? "").checkIssued(
            new X509Certificate(ca.certificatePem),
          ),
        certificateSubjectMatches: (context, _property, expected) =>
          new X509Certificate(certificateIn(context) ?? "").subject === expected,
      },
    },
    discovery: { mtls_endpoint_aliases: { token_endpoint: `${url}/token` } },
  };
}

const app = (clientId: string, { privateKeyPem, certificatePem }: MadeCertificate, method: string) => {
  const auth: NodeAuthOptions = {
    clientId,
    oidcAuthority: provider.url,
    clientCertificate: { privateKey: privateKeyPem, publicCertificate: certificatePem },
    clientMetadata: { token_endpoint_auth_method: method },
  };
  return new ConfidentialClientApplication({ auth, system: { clock, ca: front.ca } });
};

describe.each<[string, string, MadeCertificate]>([
  ["tls_client_auth", "by-subject", issued],
  ["self_signed_tls_client_auth", "by-certificate", self],
])("%s", (method, clientId, certificate) => {
  it("signs a user in at the alias, renews there, and needs no secret", async () => {
    const client = app(clientId, certificate, method);
    const account = accountOf(await signInAt(provider, client));
    clock.advance(ACCESS_TOKEN_LIFETIME);
    expect(await client.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: false });
    const sent = provider.tokenRequests();
    expect(sent.map(({ status }) => status)).toEqual([200, 200]);
    for (const { form, headers } of sent) {
      expect(headers).toHaveProperty(CERTIFICATE_HEADER);
      expect(Object.keys(form).filter((name) => /secret|assertion/.test(name))).toEqual([]);
    }
  });

  it("acquires tokens for the app itself", async () => {
    const client = app(clientId, certificate, method);
    const { accessToken } = await client.acquireTokenByClientCredential({ scopes: ["reports:read"] });
    expect(accessToken).toMatch(/./);
  });

  it("is refused with another's certificate", async () => {
    const client = app(clientId, stranger, method);
    const call = client.acquireTokenByClientCredential({ scopes: ["reports:read"] });
    await expect(call).rejects.toMatchObject({ errorCode: "invalid_client" });
  });
});
