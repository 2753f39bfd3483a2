// proves: local-authority/src/client-authentication/mutual-tls.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority, type Tenant } from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { Agent, request } from "undici";
import { makeCertificate, type MadeCertificate } from "../support/certificates.js";
import { get } from "./requests.js";

const ca = makeCertificate({ subject: "Contoso CA", keyType: "ec" });
const intermediate = makeCertificate({ subject: "Issuing CA", issuer: ca, authority: true, keyType: "ec" });
const leafOf = (issuer: MadeCertificate, subject = "app.contoso.example", days = 30) =>
  makeCertificate({ subject, issuer, days, keyType: "ec" });
const selfSigned = makeCertificate({ subject: "self", keyType: "ec" });

let authority: LocalAuthority;
let tenant: Tenant;
let mtlsEndpoint: string;

beforeAll(async () => {
  authority = await startLocalAuthority({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          {
            clientId: "by-subject",
            tlsClientAuth: { subject: "app.contoso.example", issuerCa: ca.certificatePem },
          },
          { clientId: "by-certificate", tlsClientAuth: { certificate: selfSigned.certificatePem } },
          { clientId: "by-secret", clientSecret: "secret" },
        ],
      },
    ],
  });
  [tenant] = authority.config.tenants as [Tenant];
  const { json } = await get(authority, `/${tenant.id}/v2.0/.well-known/openid-configuration`);
  expect(json).toMatchObject({
    token_endpoint_auth_methods_supported: expect.arrayContaining([
      "tls_client_auth",
      "self_signed_tls_client_auth",
    ]),
    tls_client_certificate_bound_access_tokens: true,
  });
  mtlsEndpoint = (json["mtls_endpoint_aliases"] as { token_endpoint: string }).token_endpoint;
});
afterAll(() => authority.close());

async function ask(
  clientId: string,
  certificate: MadeCertificate | undefined,
  {
    chain = [],
    url = mtlsEndpoint,
    ...fields
  }: { chain?: MadeCertificate[]; url?: string; client_secret?: string } = {},
) {
  const dispatcher = new Agent({
    pipelining: 0,
    connect: {
      ca: authority.caPem,
      cert: certificate && [certificate, ...chain].map(({ certificatePem }) => certificatePem).join(""),
      key: certificate?.privateKeyPem,
    },
  });
  const { statusCode, body } = await request(url, {
    dispatcher,
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      scope: "https://graph.microsoft.com/.default",
      ...fields,
    }).toString(),
  });
  return { status: statusCode, json: (await body.json()) as Record<string, unknown> };
}

const hashOf = ({ thumbprintSha256Hex }: MadeCertificate) =>
  Buffer.from(thumbprintSha256Hex, "hex").toString("base64url");

describe("mutual TLS", () => {
  const direct = leafOf(ca);
  const indirect = leafOf(intermediate);
  // parity: Apps | Mutual TLS (RFC 8705) is refused: here an app can have `tlsClientAuth` | entra differs
  it.each([
    ["by-subject", direct, []],
    ["by-subject", indirect, [intermediate]],
    ["by-certificate", selfSigned, []],
  ])("authenticates %s, and binds the token to the certificate", async (clientId, certificate, chain) => {
    const { status, json } = await ask(clientId, certificate, { chain });
    expect(status).toBe(200);
    expect(decodeJwt(String(json["access_token"]))).toMatchObject({
      azp: clientId,
      azpacr: "2",
      cnf: { "x5t#S256": hashOf(certificate) },
    });
  });

  it.each([
    ["no certificate", "by-subject", undefined, 7000218],
    ["another subject", "by-subject", leafOf(ca, "other.contoso.example"), 700027],
    [
      "another authority",
      "by-subject",
      leafOf(makeCertificate({ subject: "Contoso CA", keyType: "ec" })),
      700027,
    ],
    ["an authority it does not know of", "by-subject", indirect, 700027],
    ["an expired certificate", "by-subject", leafOf(ca, "app.contoso.example", -1), 700027],
    [
      "another certificate of that name",
      "by-certificate",
      makeCertificate({ subject: "self", keyType: "ec" }),
      700027,
    ],
    ["a certificate in the place of a secret", "by-secret", direct, 7000218],
  ])("refuses %s", async (_, clientId, certificate, code) => {
    const { status, json } = await ask(clientId, certificate);
    expect(status).toBe(401);
    expect(json).toMatchObject({ error: "invalid_client", error_codes: [code] });
  });

  it("binds the token of a client that proves itself otherwise", async () => {
    const { json } = await ask("by-secret", direct, { client_secret: "secret" });
    expect(decodeJwt(String(json["access_token"]))).toMatchObject({
      azpacr: "1",
      cnf: { "x5t#S256": hashOf(direct) },
    });
  });

  it("is asked for at the alias only: elsewhere nobody is asked for a certificate", async () => {
    const url = `${authority.authorityUrl()}/oauth2/v2.0/token`;
    expect((await ask("by-certificate", selfSigned, { url })).json["error_codes"]).toEqual([7000218]);
    const { json } = await ask("by-secret", selfSigned, { url, client_secret: "secret" });
    expect(decodeJwt(String(json["access_token"]))["cnf"]).toBeUndefined();
  });

  it("is not announced where no app uses it", async () => {
    const plain = await startLocalAuthority();
    const { json } = await get(plain, `/${tenant.id}/v2.0/.well-known/openid-configuration`);
    expect(json["mtls_endpoint_aliases"]).toBeUndefined();
    await plain.close();
  });

  it.each([
    ["tlsClientAuth.certificate", { certificate: "no certificate" }],
    ["tlsClientAuth.subject", { issuerCa: ca.certificatePem }],
    ["tlsClientAuth.issuerCa", { subject: "a" }],
    ["tlsClientAuth", "yes"],
  ])("is refused in the configuration for its %s", async (field, tlsClientAuth) => {
    const options: object = {
      tenants: [{ domain: "contoso.example", apps: [{ clientId: "a", tlsClientAuth }] }],
    };
    await expect(startLocalAuthority(options)).rejects.toMatchObject({
      field: `tenants[0].apps[0].${field}`,
    });
  });

  it("needs TLS", async () => {
    const options = {
      http: true,
      tenants: [
        {
          domain: "contoso.example",
          apps: [{ clientId: "a", tlsClientAuth: { certificate: selfSigned.certificatePem } }],
        },
      ],
    };
    await expect(startLocalAuthority(options)).rejects.toMatchObject({ field: "http" });
  });
});
