// RFC 8705: the client proves itself in the TLS handshake, and its tokens are bound to its certificate.
// proves: core/src/exchange/client-form.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ClientCertificate, NodeAuthOptions } from "@tessera/node";
import { decodeJwt } from "jose";
import { makeCertificate, type MadeCertificate } from "../support/certificates.js";
import { startEntra, type Entra } from "../support/entra.js";
import { scriptedNetwork } from "../support/scripted-network.js";

const scopes = ["https://graph.microsoft.com/.default"];
const ca = makeCertificate({ subject: "Contoso CA", keyType: "ec" });
const issuing = makeCertificate({ subject: "Issuing CA", issuer: ca, authority: true, keyType: "ec" });
const leaf = makeCertificate({ subject: "app.contoso.example", issuer: issuing, keyType: "ec" });
const nextLeaf = makeCertificate({ subject: "app.contoso.example", issuer: issuing });
const self = makeCertificate({ subject: "self" });

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          {
            clientId: "by-subject",
            tlsClientAuth: { subject: "app.contoso.example", issuerCa: ca.certificatePem },
          },
          { clientId: "by-certificate", tlsClientAuth: { certificate: self.certificatePem } },
        ],
      },
    ],
  });
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());

const options = (one: MadeCertificate, ...chain: readonly MadeCertificate[]): ClientCertificate => ({
  privateKey: one.privateKeyPem,
  publicCertificate: [one, ...chain].map(({ certificatePem }) => certificatePem).join(""),
});
const app = (clientId: string, clientCertificate: NodeAuthOptions["clientCertificate"], method: string) =>
  entra.confidential({
    auth: {
      clientId,
      clientSecret: undefined,
      clientCertificate,
      clientMetadata: { token_endpoint_auth_method: method },
    },
  });
const boundTo = ({ thumbprintSha256Hex }: MadeCertificate) => ({
  "x5t#S256": Buffer.from(thumbprintSha256Hex, "hex").toString("base64url"),
});
const tokenRequests = () => entra.authority.requests.filter(({ endpoint }) => endpoint === "token");

describe("mutual TLS", () => {
  it.each<[string, string, MadeCertificate, readonly MadeCertificate[]]>([
    ["tls_client_auth", "by-subject", leaf, [issuing]],
    ["tls_client_auth", "by-subject", nextLeaf, [issuing, ca]],
    ["self_signed_tls_client_auth", "by-certificate", self, []],
  ])(
    "%s: a bound token from the alias, with nothing but the client id in the form",
    async (method, id, one, rest) => {
      const { accessToken } = await app(id, options(one, ...rest), method).acquireTokenByClientCredential({
        scopes,
      });
      expect(decodeJwt(accessToken)).toMatchObject({ azp: id, azpacr: "2", cnf: boundTo(one) });
      const [request, ...others] = tokenRequests();
      expect(others).toEqual([]);
      expect(request?.form["client_id"]).toBe(id);
      expect(Object.keys(request?.form ?? {}).filter((name) => /secret|assertion/.test(name))).toEqual([]);
      // RFC 8705 §5: the alias of the discovery document, which is on another port.
      expect(request?.host).not.toBe(new URL(entra.authority.url).host);
    },
  );

  it("goes on with the next certificate when the function returns another one", async () => {
    let current = leaf;
    const client = app("by-subject", () => options(current, issuing), "tls_client_auth");
    const bound = async () => {
      const { accessToken } = await client.acquireTokenByClientCredential({ scopes, skipCache: true });
      return decodeJwt(accessToken)["cnf"];
    };
    expect(await bound()).toEqual(boundTo(leaf));
    current = nextLeaf;
    expect(await bound()).toEqual(boundTo(nextLeaf));
    current = leaf;
    expect(await bound()).toEqual(boundTo(leaf));
  });

  it("with a certificate that is not registered is an invalid_client", async () => {
    const stranger = makeCertificate({ subject: "self" });
    const call = app("by-certificate", options(stranger), "self_signed_tls_client_auth");
    await expect(call.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
      errorCode: "invalid_client",
      errorNo: 700027,
    });
  });

  it("needs the certificate itself: a thumbprint is not enough", async () => {
    const thumbprintOnly = { privateKey: self.privateKeyPem, thumbprintSha256: self.thumbprintSha256Hex };
    const refused = {
      errorCode: "invalid_certificate",
      message: expect.stringContaining("publicCertificate is missing"),
    };
    const make = () => app("by-certificate", thumbprintOnly, "tls_client_auth");
    expect(make).toThrow(expect.objectContaining(refused));
    const rotated = app("by-certificate", () => thumbprintOnly, "tls_client_auth");
    await expect(rotated.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject(refused);
    expect(tokenRequests()).toEqual([]);
  });

  it.each<[string, Partial<NodeAuthOptions>, string]>([
    ["a secret", { clientSecret: "s" }, "with this credential (secret) use client_secret_post"],
    ["an assertion", { clientAssertion: "a.b.c" }, "with this credential (assertion) use private_key_jwt"],
  ])("cannot be done with %s", (_, auth, message) => {
    const clientMetadata = { token_endpoint_auth_method: "tls_client_auth" };
    const make = () => entra.confidential({ auth: { clientSecret: undefined, ...auth, clientMetadata } });
    expect(make).toThrow(expect.objectContaining({ errorCode: "invalid_option" }));
    expect(make).toThrow(message);
  });

  it("cannot be done with the app's own network client, which presents no certificate", () => {
    const configuration = entra.configuration("confidential", {
      auth: {
        clientSecret: undefined,
        clientCertificate: options(self),
        clientMetadata: { token_endpoint_auth_method: "self_signed_tls_client_auth" },
      },
      system: { networkClient: scriptedNetwork({}) },
    });
    expect(() => entra.confidential(configuration)).toThrow("with system.networkClient");
  });
});
