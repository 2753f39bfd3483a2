// How a client proves itself at an OpenID Provider nobody here wrote (OpenID Connect Core §9, RFC 8705).
// proves: core/src/dialect/auth-methods.ts, core/src/credential/client-credential.ts
import { createPublicKey, randomUUID, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { ConfidentialClientApplication, type ClientCertificate, type NodeAuthOptions } from "@tessera/node";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { ClientMetadata, KoaContextWithOIDC, Provider } from "oidc-provider";
import { makeCertificate, type MadeCertificate } from "../support/certificates.js";

const ca = makeCertificate({ subject: "Test CA", keyType: "ec" });
const server = makeCertificate({ subject: "localhost", issuer: ca, keyType: "ec", dnsNames: ["localhost"] });
const rsa = makeCertificate({ subject: "rsa client" });
const ec = makeCertificate({ subject: "ec client", keyType: "ec" });
const named = makeCertificate({
  subject: "app.example",
  issuer: ca,
  keyType: "ec",
  dnsNames: ["app.example"],
});
const secret = `${randomUUID()} +/%:&= ${randomUUID()}`;
const scopes = ["reports:read"];

interface Sent {
  readonly form: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly port: number | undefined;
}

let provider: Provider;
let url: string;
let mtlsPort: number;
const servers: Server[] = [];
const sent: Sent[] = [];

const jwkOf = ({ certificatePem }: MadeCertificate, over: object) => ({
  ...createPublicKey(certificatePem).export({ format: "jwk" }),
  use: "sig",
  ...over,
});
const x5c = ({ certificatePem }: MadeCertificate) => ({
  x5c: [new X509Certificate(certificatePem).raw.toString("base64")],
});
const registration = (client_id: string, over: Partial<ClientMetadata>): ClientMetadata => ({
  client_id,
  grant_types: ["client_credentials"],
  response_types: [],
  redirect_uris: [],
  scope: "reports:read",
  ...over,
});
const bound = { tls_client_certificate_bound_access_tokens: true };
const clients = [
  registration("app: basic", { client_secret: secret, token_endpoint_auth_method: "client_secret_basic" }),
  registration("post", { client_secret: secret, token_endpoint_auth_method: "client_secret_post" }),
  registration("secret-jwt", { client_secret: secret, token_endpoint_auth_method: "client_secret_jwt" }),
  registration("rsa", {
    token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [jwkOf(rsa, { kid: "r1" })] },
  }),
  registration("ps256", {
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: "RS256",
    jwks: { keys: [jwkOf(rsa, x5c(rsa))] },
  }),
  registration("ec", {
    token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [jwkOf(ec, { kid: "e1" })] },
  }),
  registration("self-signed", {
    token_endpoint_auth_method: "self_signed_tls_client_auth",
    jwks: { keys: [jwkOf(rsa, x5c(rsa)), jwkOf(ec, x5c(ec))] },
    ...bound,
  }),
  registration("by-name", {
    token_endpoint_auth_method: "tls_client_auth",
    tls_client_auth_san_dns: "app.example",
    ...bound,
  }),
];

beforeAll(async () => {
  // The provider tells whoever starts it what to change before it serves real users.
  for (const level of ["info", "warn"] as const)
    jest.spyOn(console, level).mockImplementation(() => undefined);
  const tls = { key: server.privateKeyPem, cert: server.certificatePem, ca: ca.certificatePem };
  const listen = async (options: object): Promise<number> => {
    const listener = createServer({ ...tls, ...options }, (request, response) => {
      void provider.callback()(request, response);
    }).listen(0, "localhost");
    servers.push(listener);
    await once(listener, "listening");
    return (listener.address() as AddressInfo).port;
  };
  url = `https://localhost:${await listen({})}`;
  mtlsPort = await listen({ requestCert: true, rejectUnauthorized: false });
  const socketOf = (context: KoaContextWithOIDC) => context.socket as TLSSocket;
  const certificateOf = (context: KoaContextWithOIDC) => socketOf(context).getPeerX509Certificate?.();
  const { Provider } = await import("oidc-provider");
  // Jest's structuredClone makes objects of another realm, which the provider takes for no plain ones.
  const clone = jest
    .spyOn(globalThis, "structuredClone")
    .mockImplementation(<T>(value: T) => JSON.parse(JSON.stringify(value)) as T);
  provider = new Provider(url, {
    clients,
    scopes: ["reports:read"],
    discovery: { mtls_endpoint_aliases: { token_endpoint: `https://localhost:${mtlsPort}/token` } },
    clientAuthMethods: [
      "client_secret_basic",
      "client_secret_post",
      "client_secret_jwt",
      "private_key_jwt",
      "tls_client_auth",
      "self_signed_tls_client_auth",
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: (context) => certificateOf(context)?.toString(),
        certificateAuthorized: (context) => socketOf(context).authorized,
        certificateSubjectMatches: (context, _, expected) =>
          certificateOf(context)?.subjectAltName?.split(", ").includes(`DNS:${expected}`) ?? false,
      },
    },
  });
  clone.mockRestore();
  provider.use(async (context: KoaContextWithOIDC, next) => {
    await next();
    if (context.path !== "/token") return;
    const form = { ...(context.oidc?.body as Sent["form"]) };
    sent.push({
      form,
      authorization: context.get("authorization") || undefined,
      port: context.socket.localPort,
    });
  });
});
afterAll(async () => {
  for (const listener of servers) {
    listener.closeAllConnections();
    listener.close();
    await once(listener, "close");
  }
});
beforeEach(() => {
  sent.length = 0;
});

const app = (clientId: string, auth: Partial<NodeAuthOptions>, method?: string) =>
  new ConfidentialClientApplication({
    auth: {
      clientId,
      oidcAuthority: url,
      ...auth,
      ...(method === undefined ? {} : { clientMetadata: { token_endpoint_auth_method: method } }),
    },
    system: { ca: ca.certificatePem, proxy: false },
  });
const options = (
  { privateKeyPem: privateKey, certificatePem }: MadeCertificate,
  kid?: string,
): ClientCertificate => ({
  privateKey,
  publicCertificate: certificatePem,
  ...(kid === undefined ? {} : { kid }),
});
/** What the client sent beside what it asked for. */
const proof = ({ form }: Sent) => Object.keys(form).filter((name) => /^client_/.test(name));

describe("a secret", () => {
  it("goes by HTTP Basic, form-encoded first (RFC 6749 §2.3.1)", async () => {
    const client = app("app: basic", { clientSecret: secret }, "client_secret_basic");
    expect(await client.acquireTokenByClientCredential({ scopes })).toMatchObject({ tokenType: "Bearer" });
    const [id, password] = Buffer.from(sent[0]?.authorization?.split(" ")[1] ?? "", "base64")
      .toString()
      .split(":");
    expect([id, password]).toEqual(["app%3A+basic", new URLSearchParams({ "": secret }).toString().slice(1)]);
    expect(sent[0]?.form["client_secret"]).toBeUndefined();
  });

  it("goes into the body when the configuration says so", async () => {
    await app("post", { clientSecret: secret }, "client_secret_post").acquireTokenByClientCredential({
      scopes,
    });
    expect(sent[0]).toMatchObject({ authorization: undefined, form: { client_secret: secret } });
  });

  it("signs with client_secret_jwt: it is not sent itself, and each assertion is good once", async () => {
    const client = app("secret-jwt", { clientSecret: secret }, "client_secret_jwt");
    for (const _ of [1, 2]) await client.acquireTokenByClientCredential({ scopes, skipCache: true });
    const assertions = sent.map(({ form }) => form["client_assertion"] ?? "");
    expect(assertions.map((one) => decodeProtectedHeader(one).alg)).toEqual(["HS256", "HS256"]);
    expect(new Set(assertions.map((one) => decodeJwt(one).jti)).size).toBe(2);
    expect(JSON.stringify(sent)).not.toContain(JSON.stringify(secret).slice(1, -1));
  });
});

describe("private_key_jwt", () => {
  it.each<[string, string, () => ClientCertificate, object]>([
    ["an RSA key", "rsa", () => options(rsa, "r1"), { alg: "RS256", kid: "r1" }],
    [
      "an RSA key without certificate",
      "rsa",
      () => ({ privateKey: rsa.privateKeyPem, kid: "r1" }),
      { alg: "RS256" },
    ],
    ["a certificate, known by its thumbprint", "ps256", () => options(rsa), { alg: "RS256" }],
    ["an elliptic key", "ec", () => options(ec, "e1"), { alg: "ES256", kid: "e1" }],
  ])("with %s, for the issuer, again and again", async (_, clientId, clientCertificate, header) => {
    const client = app(clientId, { clientCertificate: clientCertificate() });
    // The provider takes each assertion once (OpenID Connect Core §9).
    for (const _ of [1, 2, 3]) await client.acquireTokenByClientCredential({ scopes, skipCache: true });
    expect(sent).toHaveLength(3);
    for (const request of sent) {
      const assertion = request.form["client_assertion"] ?? "";
      expect(decodeProtectedHeader(assertion)).toMatchObject(header);
      expect(decodeJwt(assertion)).toMatchObject({ iss: clientId, sub: clientId, aud: url });
      expect(proof(request).sort()).toEqual(["client_assertion", "client_assertion_type", "client_id"]);
    }
  });

  it("with another key is an invalid_client", async () => {
    const call = app("ec", { clientCertificate: options(named, "e1") });
    await expect(call.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
      name: "ServerError",
      errorCode: "invalid_client",
      status: 401,
    });
  });
});

describe("mutual TLS", () => {
  const thumbprint = ({ thumbprintSha256Hex }: MadeCertificate) =>
    Buffer.from(thumbprintSha256Hex, "hex").toString("base64url");

  it.each<[string, string, MadeCertificate]>([
    ["self_signed_tls_client_auth", "self-signed", rsa],
    ["self_signed_tls_client_auth", "self-signed", ec],
    ["tls_client_auth", "by-name", named],
  ])("%s (%s): a token bound to the certificate, from the alias", async (method, clientId, one) => {
    const client = app(clientId, { clientCertificate: options(one) }, method);
    const { accessToken } = await client.acquireTokenByClientCredential({ scopes });
    const kept = await provider.ClientCredentials.find(accessToken);
    expect(kept).toMatchObject({ clientId, "x5t#S256": thumbprint(one) });
    expect(sent[0]).toMatchObject({ port: mtlsPort, authorization: undefined });
    expect(sent.flatMap(proof)).toEqual(["client_id"]);
  });

  it.each<[string, string, MadeCertificate]>([
    ["self_signed_tls_client_auth", "self-signed", named],
    ["tls_client_auth", "by-name", ec],
  ])("%s (%s) with another certificate is an invalid_client", async (method, clientId, one) => {
    const call = app(clientId, { clientCertificate: options(one) }, method);
    await expect(call.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
      errorCode: "invalid_client",
    });
  });
});
