// proves: local-authority/src/client-authentication/assertion.ts,
// local-authority/src/client-authentication/assertion-times.ts,
// local-authority/src/client-authentication/certificate.ts,
// local-authority/src/client-authentication/certificate-chain.ts,
// local-authority/src/client-authentication/own-addresses.ts,
// local-authority/src/client-authentication/own-assertion.ts, local-authority/src/stores/assertion-ids.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority, type Tenant } from "@tessera/local-authority";
import { SignJWT, decodeJwt, exportJWK, generateKeyPair, importPKCS8, type CryptoKey } from "jose";
import { randomUUID } from "node:crypto";
import { makeCertificate, type MadeCertificate } from "../support/certificates.js";
import { post } from "./requests.js";

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const scope = "https://graph.microsoft.com/.default";

const ca = makeCertificate({ subject: "Contoso CA", keyType: "ec" });
const intermediate = makeCertificate({
  subject: "Contoso Issuing CA",
  issuer: ca,
  authority: true,
  keyType: "ec",
});
const strangerCa = makeCertificate({ subject: "Stranger CA", keyType: "ec" });
const own = makeCertificate({ subject: "daemon" });
// Making an RSA key takes a while: where it does not matter whose it is, it is this one.
const { privateKeyPem } = own;
const expired = makeCertificate({ subject: "daemon, last year", days: -1, privateKeyPem });
const stranger = makeCertificate({ subject: "daemon" });
const leafOf = (issuer: MadeCertificate, subject = "app.contoso.example", days = 30) =>
  makeCertificate({ subject, issuer, days, privateKeyPem });
const leaf = leafOf(intermediate);
const subscriber = leafOf(ca, "Contoso Subscriber");

let authority: LocalAuthority;
let tenant: Tenant;
let tokenPath: string;
let tokenEndpoint: string;
let jwksKey: CryptoKey;
let otherKey: CryptoKey;

beforeAll(async () => {
  const [first, second] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
  jwksKey = first.privateKey;
  otherKey = second.privateKey;
  const jwks = { keys: [{ ...(await exportJWK(first.publicKey)), kid: "key-1", alg: "ES256" }] };
  authority = await startLocalAuthority({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "certified", certificates: [expired.certificatePem, own.certificatePem] },
          {
            clientId: "chained",
            subjectNameIssuer: { subject: "app.contoso.example", issuerCa: ca.certificatePem },
          },
          { clientId: "keyed", jwks },
          {
            clientId: "secretive",
            clientSecret: "a-secret-of-at-least-32-characters",
            clientSecretJwt: true,
          },
          { clientId: "plain", clientSecret: "a-secret-of-at-least-32-characters" },
          { clientId: "once", certificates: [own.certificatePem], rejectReplayedAssertions: true },
          { clientId: "public" },
        ],
      },
    ],
  });
  [tenant] = authority.config.tenants as [Tenant];
  tokenPath = `/${tenant.id}/oauth2/v2.0/token`;
  tokenEndpoint = authority.url + tokenPath;
});
afterAll(() => authority.close());

interface AssertionOrder {
  readonly certificate?: MadeCertificate;
  readonly alg?: "RS256" | "PS256" | "RS512" | "ES256" | "HS256";
  /** Names the key; default the SHA-256 thumbprint of the certificate. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: CryptoKey | Uint8Array;
  /** Laid over what a client sends; `undefined` leaves a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

async function sign(clientId: string, order: AssertionOrder = {}): Promise<string> {
  const { certificate = own, alg = "PS256", claims, key } = order;
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    aud: tokenEndpoint,
    iss: clientId,
    sub: clientId,
    jti: randomUUID(),
    nbf: now,
    exp: now + 600,
    ...claims,
  })
    .setProtectedHeader({ alg, typ: "JWT", ...(order.header ?? sha256(certificate)) })
    .sign(key ?? (await importPKCS8(certificate.privateKeyPem, alg)));
}

const base64url = (hex: string) => Buffer.from(hex, "hex").toString("base64url");
const sha256 = ({ thumbprintSha256Hex }: MadeCertificate) => ({ "x5t#S256": base64url(thumbprintSha256Hex) });
const sha1 = ({ thumbprintSha1Hex }: MadeCertificate) => ({ x5t: base64url(thumbprintSha1Hex) });
const chainOf = (...chain: readonly MadeCertificate[]) => ({
  x5c: chain.map(({ certificatePem }) => certificatePem.replace(/-----.*-----|\s/g, "")),
});

function ask(clientId: string, assertion: string, fields: Record<string, string | undefined> = {}) {
  return post(authority, tokenPath, {
    grant_type: "client_credentials",
    client_id: clientId,
    client_assertion: assertion,
    client_assertion_type: assertionType,
    scope,
    ...fields,
  });
}

const askWith = async (clientId: string, order: AssertionOrder) => ask(clientId, await sign(clientId, order));

describe("a certificate", () => {
  const accepted: readonly [string, AssertionOrder][] = [
    ["its SHA-256 thumbprint, PS256", { alg: "PS256", header: sha256(own) }],
    ["its SHA-256 thumbprint, RS256", { alg: "RS256", header: sha256(own) }],
    ["its SHA-1 thumbprint, RS256", { alg: "RS256", header: sha1(own) }],
    ["its SHA-1 thumbprint, PS256", { alg: "PS256", header: sha1(own) }],
    [
      "a thumbprint in the standard alphabet with padding",
      { header: { "x5t#S256": Buffer.from(own.thumbprintSha256Hex, "hex").toString("base64") } },
    ],
    ["a thumbprint beside its chain", { header: { ...sha1(own), ...chainOf(own) } }],
  ];
  it.each(accepted)("is found by %s", async (_, order) => {
    const { status, json } = await askWith("certified", order);
    expect(status).toBe(200);
    expect(decodeJwt(String(json["access_token"]))).toMatchObject({
      azp: "certified",
      azpacr: "2",
      idtyp: "app",
    });
  });

  const addresses: readonly [string, () => unknown][] = [
    ["the token endpoint", () => tokenEndpoint],
    ["the token endpoint by domain", () => `${authority.url}/Contoso.example/oauth2/v2.0/token`],
    ["the token endpoint with a slash", () => `${tokenEndpoint}/`],
    ["the issuer", () => authority.issuer()],
    ["the authority URL", () => authority.authorityUrl()],
    ["the regional token endpoint", () => tokenEndpoint.replace("localhost", "westus2.localhost")],
    ["the loopback address", () => tokenEndpoint.replace("localhost", "127.0.0.1")],
    ["one of several", () => ["https://elsewhere.example", authority.issuer()]],
  ];
  it.each(addresses)("is good for an assertion to %s", async (_, aud) => {
    expect((await askWith("certified", { claims: { aud: aud() } })).status).toBe(200);
  });

  const seconds = () => Math.floor(Date.now() / 1000);
  const refusals: readonly [string, () => AssertionOrder, number][] = [
    ["a certificate that is not registered", () => ({ certificate: stranger }), 700027],
    ["the key of another certificate", () => ({ certificate: stranger, header: sha256(own) }), 700027],
    ["a certificate that has expired", () => ({ certificate: expired }), 700027],
    [
      "a chain where only certificates are registered",
      () => ({ certificate: leaf, header: chainOf(leaf) }),
      700027,
    ],
    ["a chain that is none", () => ({ header: { x5c: ["AAAA"] } }), 50027],
    ["no thumbprint", () => ({ header: {} }), 50027],
    ["an algorithm Entra does not take", () => ({ alg: "RS512" }), 5002738],
    [
      "a secret in the place of the key",
      () => ({ alg: "HS256", key: Buffer.from("x".repeat(32)), header: {} }),
      5002738,
    ],
    ["another audience", () => ({ claims: { aud: "https://login.microsoftonline.com/common" } }), 700023],
    [
      "the audience of another tenant",
      () => ({ claims: { aud: `${authority.url}/fabrikam.example/v2.0` } }),
      700023,
    ],
    ["no audience", () => ({ claims: { aud: undefined } }), 700023],
    ["another issuer and subject", () => ({ claims: { iss: "plain", sub: "plain" } }), 700021],
    ["another subject", () => ({ claims: { sub: "plain" } }), 700021],
    ["an assertion that has expired", () => ({ claims: { exp: seconds() - 1 } }), 700024],
    [
      "one that is not valid yet",
      () => ({ claims: { nbf: seconds() + 900, exp: seconds() + 1500 } }),
      700024,
    ],
    ["one that is valid for years", () => ({ claims: { exp: seconds() * 1000 } }), 700024],
    ["one without expiry", () => ({ claims: { exp: undefined } }), 50027],
  ];
  // parity: Apps | Assertions with a certificate: by thumbprint and by chain, with Entra's refusals | entra same
  it.each(refusals)("is refused as Entra refuses %s", async (_, order, code) => {
    const { status, json } = await askWith("certified", order());
    const error = code === 50027 ? "invalid_request" : "invalid_client";
    expect(json).toMatchObject({ error, error_codes: [code] });
    expect(status).toBe(error === "invalid_client" ? 401 : 400);
  });

  it("is named in the error, as is what is registered", async () => {
    const { json } = await askWith("certified", { certificate: stranger });
    expect(json["error_description"]).toContain(
      `Thumbprint of key used by client: '${stranger.thumbprintSha256Hex}'`,
    );
    const old = await askWith("certified", { certificate: expired });
    expect(old.json["error_description"]).toMatch(/The key used is expired.*Found key 'Start=/);
  });

  it("expires by the clock of the authority", async () => {
    authority.advanceClock(601);
    expect((await askWith("certified", {})).json["error_codes"]).toEqual([700024]);
    authority.advanceClock(31 * 86_400);
    const now = Math.floor(Date.now() / 1000) + 31 * 86_400 + 601;
    const { json } = await askWith("certified", { claims: { nbf: now, exp: now + 600 } });
    expect(json["error_codes"]).toEqual([700027]);
    authority.advanceClock(-31 * 86_400 - 601);
  });
});

describe("a certificate by subject name and issuer", () => {
  const accepted: readonly [string, MadeCertificate, readonly MadeCertificate[]][] = [
    ["the whole chain", leaf, [leaf, intermediate, ca]],
    ["a chain without the authority itself", leaf, [leaf, intermediate]],
    ["a certificate that is new to the app", leafOf(ca), []],
  ];
  it.each(accepted)("is taken with %s", async (_, certificate, chain) => {
    const sent = chain.length === 0 ? [certificate] : chain;
    for (const header of [sha256(certificate), {}]) {
      const { status } = await askWith("chained", {
        certificate,
        header: { ...header, ...chainOf(...sent) },
      });
      expect(status).toBe(200);
    }
  });

  it("is taken by its DNS name", async () => {
    const certificate = makeCertificate({
      subject: "anything",
      issuer: ca,
      privateKeyPem,
      dnsNames: ["app.contoso.example"],
    });
    expect((await askWith("chained", { certificate, header: chainOf(certificate) })).status).toBe(200);
  });

  const refusals: readonly [string, MadeCertificate, readonly MadeCertificate[], number][] = [
    ["another subject", leafOf(ca, "other.contoso.example"), [], 700030],
    ["the same subject from another authority", leafOf(strangerCa), [strangerCa], 700027],
    [
      "an authority of the same name",
      leafOf(makeCertificate({ subject: "Contoso CA", keyType: "ec" })),
      [],
      700027,
    ],
    ["a chain with a gap", leaf, [], 700027],
    ["a link that may not sign", leafOf(subscriber), [subscriber], 700027],
    ["an expired certificate", leafOf(ca, "app.contoso.example", -1), [], 700027],
    [
      "the subject alone, self-signed",
      makeCertificate({ subject: "app.contoso.example", privateKeyPem }),
      [],
      700027,
    ],
    [
      "a key that is not RSA",
      makeCertificate({ subject: "app.contoso.example", issuer: ca, keyType: "ec" }),
      [],
      700027,
    ],
  ];
  it.each(refusals)("is refused with %s", async (_, certificate, rest, code) => {
    const isRsa = certificate.privateKeyPem.length > 1000;
    const key = isRsa ? {} : { key: (await generateKeyPair("PS256")).privateKey };
    const header = { ...sha256(certificate), ...chainOf(certificate, ...rest) };
    const { json } = await askWith("chained", { certificate, header, ...key });
    expect(json).toMatchObject({ error: "invalid_client", error_codes: [code] });
  });

  it("is refused when somebody else signs, or names another thumbprint", async () => {
    const header = chainOf(leaf, intermediate);
    const forged = await askWith("chained", { certificate: stranger, header });
    expect(forged.json["error_codes"]).toEqual([700027]);
    const misnamed = await askWith("chained", {
      certificate: leaf,
      header: { ...header, ...sha256(stranger) },
    });
    expect(misnamed.json["error_codes"]).toEqual([700027]);
    expect((await askWith("chained", { certificate: leaf })).json["error_codes"]).toEqual([700027]);
  });
});

describe("a registered key (private_key_jwt)", () => {
  const header = { kid: "key-1" };
  // parity: Apps | `private_key_jwt` with a key instead of a certificate is refused: here an app can have `jwks` | entra differs
  it("is taken with any of its algorithms", async () => {
    expect((await askWith("keyed", { alg: "ES256", key: jwksKey, header })).status).toBe(200);
    expect((await askWith("keyed", { alg: "ES256", key: jwksKey, header: {} })).status).toBe(200);
  });

  it.each([
    ["another key", async () => ({ alg: "ES256", key: otherKey, header }) as const, 700027],
    [
      "a key that is not there",
      async () => ({ alg: "ES256", key: jwksKey, header: { kid: "key-2" } }) as const,
      700027,
    ],
    ["another algorithm", async () => ({ alg: "PS256", header }) as const, 700027],
    ["a certificate nobody registered", async () => ({ alg: "PS256" }) as const, 700027],
    ["a secret", async () => ({ alg: "HS256", key: Buffer.from("x".repeat(32)), header }) as const, 5002738],
  ])("is not replaced by %s", async (_, order, code) => {
    expect((await askWith("keyed", await order())).json["error_codes"]).toEqual([code]);
  });
});

describe("an assertion signed with the secret (client_secret_jwt)", () => {
  const key = Buffer.from("a-secret-of-at-least-32-characters");
  it("is taken where the app allows it", async () => {
    expect((await askWith("secretive", { alg: "HS256", key, header: {} })).status).toBe(200);
    const wrong = await askWith("secretive", { alg: "HS256", key: Buffer.from("x".repeat(32)), header: {} });
    expect(wrong.json["error_codes"]).toEqual([700027]);
    expect((await askWith("plain", { alg: "HS256", key, header: {} })).json["error_codes"]).toEqual([
      5002738,
    ]);
  });
});

describe("an assertion", () => {
  // parity: Apps | An assertion can be used again until it expires | entra same
  it("can be used again until it expires, as at Entra", async () => {
    const assertion = await sign("certified");
    expect((await ask("certified", assertion)).status).toBe(200);
    expect((await ask("certified", assertion)).status).toBe(200);
  });

  it("is good for one request where the app says so", async () => {
    const assertion = await sign("once");
    const answers = await Promise.all([ask("once", assertion), ask("once", assertion)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    expect((await askWith("once", {})).status).toBe(200);
    expect((await askWith("once", { claims: { jti: undefined } })).json["error_codes"]).toEqual([700027]);
  });

  it("names the client, so that client_id may be left out (RFC 7521 §4.2)", async () => {
    expect((await ask("certified", await sign("certified"), { client_id: undefined })).status).toBe(200);
  });

  const secret = "a-secret-of-at-least-32-characters";
  const basic = `Basic ${Buffer.from(`plain:${secret}`).toString("base64")}`;
  it.each([
    ["a secret beside it", "certified", { client_secret: secret }, {}, 9002313, "invalid_request"],
    ["HTTP Basic beside it", "plain", {}, { authorization: basic }, 9002313, "invalid_request"],
    ["no type", "certified", { client_assertion_type: undefined }, {}, 900144, "invalid_request"],
    ["another type", "certified", { client_assertion_type: "urn:saml" }, {}, 9002313, "invalid_request"],
    ["a public client", "public", {}, {}, 700025, "invalid_client"],
    ["an unknown client", "nobody", {}, {}, 700016, "unauthorized_client"],
    ["what is no JWT", "certified", { client_assertion: "a.b.c" }, {}, 50027, "invalid_request"],
  ])("is refused with %s", async (_, clientId, fields, headers, code, error) => {
    const form = {
      grant_type: "client_credentials",
      client_id: clientId,
      client_assertion: await sign(clientId),
      client_assertion_type: assertionType,
      scope,
      ...fields,
    };
    const { json } = await post(authority, tokenPath, form, headers);
    expect(json).toMatchObject({ error, error_codes: [code] });
  });

  it("is what an app with a certificate has to send: it has no secret", async () => {
    const form = { grant_type: "client_credentials", client_id: "certified", scope };
    expect((await post(authority, tokenPath, form)).json["error_codes"]).toEqual([7000218]);
    const withSecret = await post(authority, tokenPath, { ...form, client_secret: "guess" });
    expect(withSecret.json["error_codes"]).toEqual([7000215]);
  });
});
