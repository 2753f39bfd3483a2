// A client proves itself at Entra with a certificate, in every form that one comes in (RFC 7523 §2.2).
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { NodeAuthOptions } from "@tessera/node";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { startEntra, type Entra } from "../support/entra.js";
import { expectNothingKept } from "../support/nothing-kept.js";
import { makePfx } from "../support/pfx.js";

const scopes = ["https://graph.microsoft.com/.default"];
const ca = makeCertificate({ subject: "Contoso CA" });
const issuing = makeCertificate({ subject: "Issuing CA", issuer: ca, authority: true });
const leaf = makeCertificate({ subject: "app.contoso.example", issuer: issuing });
const own = makeCertificate({ subject: "daemon" });
const chain = [ca, leaf, issuing].map((one) => `Subject: ${one.subject}\n${one.certificatePem}`).join("\n");
const sha256 = (hex: string) => ({ alg: "PS256", "x5t#S256": Buffer.from(hex, "hex").toString("base64url") });
const sha1 = (hex: string) => ({ alg: "RS256", x5t: Buffer.from(hex, "hex").toString("base64url") });

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "certified", certificates: [own.certificatePem] },
          {
            clientId: "chained",
            subjectNameIssuer: { subject: "app.contoso.example", issuerCa: ca.certificatePem },
          },
        ],
      },
    ],
  });
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());

const app = (clientId: string, auth: Partial<NodeAuthOptions>) =>
  entra.confidential({ auth: { clientId, clientSecret: undefined, ...auth } });
const forms = () =>
  entra.authority.requests.filter(({ endpoint }) => endpoint === "token").map(({ form }) => form);
const lastHeader = () => decodeProtectedHeader(forms().at(-1)?.["client_assertion"] ?? "");

describe("a certificate", () => {
  const { privateKeyPem: privateKey } = own;
  const pfx = { pfx: makePfx(leaf, "open", "aes256", [issuing, ca]), passphrase: "open" };
  const thumbprints = { sha256: sha256(own.thumbprintSha256Hex), sha1: sha1(own.thumbprintSha1Hex) };
  it.each<[string, string, NodeAuthOptions["clientCertificate"], object, number]>([
    [
      "by SHA-256 thumbprint",
      "certified",
      { privateKey, thumbprintSha256: own.thumbprintSha256Hex },
      thumbprints.sha256,
      0,
    ],
    [
      "by SHA-1 thumbprint",
      "certified",
      { privateKey, thumbprint: own.thumbprintSha1Hex },
      thumbprints.sha1,
      0,
    ],
    [
      "by both, SHA-256 preferred",
      "certified",
      { privateKey, thumbprint: own.thumbprintSha1Hex, thumbprintSha256: own.thumbprintSha256Hex },
      thumbprints.sha256,
      0,
    ],
    ["as it is", "certified", { privateKey, publicCertificate: own.certificatePem }, thumbprints.sha256, 0],
    [
      "with its chain in any order, text around it",
      "chained",
      { privateKey: leaf.privateKeyPem, x5c: chain },
      sha256(leaf.thumbprintSha256Hex),
      3,
    ],
    [
      "with the chain of the public certificate",
      "chained",
      { privateKey: leaf.privateKeyPem, publicCertificate: chain, sendX5c: true },
      sha256(leaf.thumbprintSha256Hex),
      3,
    ],
    ["in a PFX, with its chain", "chained", { ...pfx, sendX5c: true }, sha256(leaf.thumbprintSha256Hex), 3],
    [
      "in a PFX",
      "certified",
      { pfx: makePfx(own, "open", "3des"), passphrase: "open" },
      thumbprints.sha256,
      0,
    ],
    [
      "from a function",
      "certified",
      async () => ({ privateKey, publicCertificate: own.certificatePem }),
      thumbprints.sha256,
      0,
    ],
  ])("%s", async (_, clientId, clientCertificate, header, chainLength) => {
    const { accessToken } = await app(clientId, { clientCertificate }).acquireTokenByClientCredential({
      scopes,
    });
    expect(decodeJwt(accessToken)).toMatchObject({ azp: clientId, azpacr: "2" });
    expect(lastHeader()).toMatchObject({ typ: "JWT", ...header });
    const sent = lastHeader().x5c ?? [];
    expect(sent).toHaveLength(chainLength);
    // RFC 7515 §4.1.6: the certificate of the key comes first, and each next one certifies the one before.
    if (chainLength > 0) {
      const order = [leaf, issuing, ca].map(({ certificatePem }) =>
        certificatePem.replace(/-----.*-----|\s/g, ""),
      );
      expect(sent).toEqual(order);
    }
    expect(forms()).toHaveLength(1);
    expect(forms()[0]?.["client_secret"]).toBeUndefined();
  });

  it("signs for the token endpoint, for ten minutes, and with an id of its own", async () => {
    const client = app("certified", {
      clientCertificate: { privateKey, publicCertificate: own.certificatePem },
    });
    await client.acquireTokenByClientCredential({ scopes });
    const now = Math.floor(entra.clock.now() / 1000);
    const { jti, ...claims } = decodeJwt(forms()[0]?.["client_assertion"] ?? "");
    expect(jti).toMatch(/^[\da-f-]{36}$/);
    expect(claims).toEqual({
      aud: `${entra.authority.authorityUrl()}/oauth2/v2.0/token`,
      iss: "certified",
      sub: "certified",
      iat: now,
      nbf: now,
      exp: now + 600,
    });
  });

  it("that the server does not know is an invalid_client, and nothing is kept", async () => {
    const stranger = makeCertificate({ subject: "stranger" });
    const clientCertificate = {
      privateKey: stranger.privateKeyPem,
      publicCertificate: stranger.certificatePem,
    };
    const client = app("certified", { clientCertificate });
    await expect(client.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
      name: "ServerError",
      errorCode: "invalid_client",
      errorNo: 700027,
      status: 401,
    });
    await expectNothingKept(client);
  });
});
