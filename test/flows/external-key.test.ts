// A key that cannot be exported signs by a callback, and does everything that a private key does.
// proves: core/src/credential/external-signature.ts, core/src/credential/certificate-chain.ts
import { constants, createHash, sign as signWith } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  type ConfidentialClientApplication,
  type ClientCertificate,
  type NodeAuthOptions,
} from "@tessera/node";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { startEntra, type Entra } from "../support/entra.js";
import { opensslKey, vaultKey, type Sign } from "../support/external-keys.js";

const ca = makeCertificate({ subject: "ca", authority: true });
const own = makeCertificate({ subject: "daemon", issuer: ca });
const renewed = makeCertificate({ subject: "daemon" });
const other = makeCertificate({ subject: "other" });
const ec = makeCertificate({ subject: "ec", keyType: "ec" });
const { certificatePem: publicCertificate, privateKeyPem } = own;
const openssl = opensslKey(privateKeyPem);
const base64Url = (hex: string) => Buffer.from(hex, "hex").toString("base64url");
const derOf = ({ certificatePem }: typeof own) => certificatePem.replace(/-----.*-----|\s/g, "");

let entra: Entra;
beforeAll(async () => {
  const certificates = [own.certificatePem, renewed.certificatePem];
  const daemon = { clientId: "daemon", certificates };
  entra = await startEntra({ tenants: [{ domain: "contoso.example", apps: [daemon] }] });
});
afterAll(async () => {
  openssl.remove();
  await entra.close();
});
beforeEach(() => entra.authority.clearRequests());

type Auth = Partial<NodeAuthOptions>;
const app = (clientCertificate: Auth["clientCertificate"], over: Auth = {}) =>
  entra.confidential({ auth: { clientId: "daemon", clientSecret: undefined, clientCertificate, ...over } });
const ask = (client: ConfidentialClientApplication, resource = "graph.microsoft.com") =>
  client.acquireTokenByClientCredential({ scopes: [`https://${resource}/.default`] });
const assertions = () => entra.authority.requests.flatMap(({ form }) => form["client_assertion"] ?? []);
const header = () => decodeProtectedHeader(assertions().at(-1) ?? "");

describe.each<[string, Sign]>([
  ["this process", vaultKey(privateKeyPem)],
  ["OpenSSL", openssl.sign],
])("a key that %s holds", (_, sign) => {
  const sha256 = { alg: "PS256", "x5t#S256": base64Url(own.thumbprintSha256Hex) };
  const chain = `${ca.certificatePem}${own.certificatePem}`;
  it.each<[string, Omit<ClientCertificate, "sign">, object]>([
    ["named by the thumbprint of its certificate", { publicCertificate }, sha256],
    ["among the certificates of its chain", { publicCertificate: chain }, sha256],
    ["with the chain", { publicCertificate: chain, sendX5c: true }, { ...sha256, x5c: [own, ca].map(derOf) }],
    ["with a chain of its own", { publicCertificate, x5c: chain }, { x5c: [own, ca].map(derOf) }],
    ["with the chain alone", { x5c: chain }, { ...sha256, x5c: [own, ca].map(derOf) }],
    [
      "with thumbprints that match",
      { publicCertificate, thumbprintSha256: own.thumbprintSha256Hex, thumbprint: own.thumbprintSha1Hex },
      sha256,
    ],
    ["with a key ID", { publicCertificate, kid: "k1" }, { ...sha256, kid: "k1" }],
  ])("signs in, %s", async (_name, certificate, expected) => {
    const { accessToken } = await ask(app({ ...certificate, sign }));
    expect(decodeJwt(accessToken)).toMatchObject({ azp: "daemon", azpacr: "2" });
    expect(header()).toMatchObject({ typ: "JWT", ...expected });
  });

  it("signs with RS256 for AD FS", async () => {
    const client = app({ publicCertificate, sign }, { authority: entra.authority.authorityUrl("adfs") });
    await ask(client);
    expect(header()).toMatchObject({ alg: "RS256", x5t: base64Url(own.thumbprintSha1Hex) });
  });
});

describe("a signature", () => {
  it("is made once for all requests until a minute before the assertion expires", async () => {
    const sign = jest.fn(vaultKey(privateKeyPem));
    const client = app({ publicCertificate, sign });
    await Promise.all(Array.from({ length: 20 }, (_, index) => ask(client, `r${index}.example`)));
    expect([assertions().length, sign.mock.calls.length]).toEqual([20, 1]);
    entra.clock.advance(540);
    await ask(client, "later.example");
    expect(sign.mock.calls.length).toBe(2);
    const [data, algorithm] = sign.mock.calls[1] ?? [];
    const last = assertions().at(-1) ?? "";
    expect(Buffer.from(data ?? []).toString()).toBe(last.slice(0, last.lastIndexOf(".")));
    expect(algorithm).toBe("PS256");
  });

  it("is made by the current key of a function, with the callback that it returned last", async () => {
    let current = own;
    let calls = 0;
    const signed: string[] = [];
    const client = app(async () => {
      const { certificatePem, privateKeyPem: key, thumbprintSha256Hex } = current;
      calls += 1;
      const name = `${base64Url(thumbprintSha256Hex)} ${calls}`;
      return {
        publicCertificate: certificatePem,
        sign: (data, algorithm) => {
          signed.push(name);
          return vaultKey(key)(data, algorithm);
        },
      };
    });
    await ask(client, "one.example");
    await ask(client, "two.example");
    entra.clock.advance(540);
    await ask(client, "three.example");
    current = renewed;
    await ask(client, "four.example");
    const [first, second] = [own, renewed].map(({ thumbprintSha256Hex }) => base64Url(thumbprintSha256Hex));
    expect(signed).toEqual([`${first} 1`, `${first} 3`, `${second} 4`]);
    expect(header()["x5t#S256"]).toBe(second);
  });

  it("that fails ends the call with the error of the callback, and the next call signs again", async () => {
    const failure = new Error("the vault is shut");
    const sign = jest.fn(vaultKey(privateKeyPem)).mockRejectedValueOnce(failure);
    const client = app({ publicCertificate, sign });
    await expect(ask(client)).rejects.toBe(failure);
    expect(assertions()).toEqual([]);
    await ask(client);
    expect(sign).toHaveBeenCalledTimes(2);
  });

  const pss = (saltLength: number): Sign => {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return async (data) => signWith("sha256", data, { key: privateKeyPem, padding, saltLength });
  };
  const hashed: Sign = async (data, algorithm) =>
    vaultKey(privateKeyPem)(createHash("sha256").update(data).digest(), algorithm);
  it.each<[string, (data: Uint8Array, algorithm: string) => unknown, RegExp]>([
    ["by another key", vaultKey(other.privateKeyPem), /256 bytes that are not a signature by the key of/],
    [
      "with another algorithm",
      (data) => vaultKey(privateKeyPem)(data, "RS256"),
      /with PS256 \(but with RS256\): sign the data itself, not its hash, with PS256/,
    ],
    ["of the hash", hashed, /sign the data itself, not its hash/],
    ["with a salt of another length", pss(20), /not a signature/],
    [
      "in too few bytes",
      async (data, alg) => (await vaultKey(privateKeyPem)(data, alg)).subarray(1),
      /255 bytes/,
    ],
    ["that is empty", async () => new Uint8Array(), /0 bytes/],
    ["in base64", async () => "c2lnbmF0dXJl", /did not return bytes: return the signature as a Uint8Array/],
    ["of a client library, as it is", async () => ({ result: new Uint8Array(256) }), /did not return bytes/],
    ["that is missing", async () => undefined, /did not return bytes/],
  ])("%s is refused, and nothing is sent", async (_, sign, message) => {
    await expect(ask(app({ publicCertificate, sign: sign as Sign }))).rejects.toMatchObject({
      name: "ClientConfigurationError",
      errorCode: "invalid_certificate",
      message: expect.stringMatching(message),
    });
    expect(assertions()).toEqual([]);
  });

  it("may be a view into other memory", async () => {
    const sign: Sign = async (data, algorithm) => {
      const signature = await vaultKey(privateKeyPem)(data, algorithm);
      const memory = new Uint8Array(1000).fill(7);
      memory.set(signature, 100);
      return memory.subarray(100, 100 + signature.length);
    };
    await expect(ask(app({ publicCertificate, sign }))).resolves.toMatchObject({ fromCache: false });
  });
});

describe("a configuration", () => {
  const sign = vaultKey(privateKeyPem);
  const mutualTls = { clientMetadata: { token_endpoint_auth_method: "tls_client_auth" } };
  const weak = makeCertificate({ subject: "expired", days: -1 });
  it.each<[string, ClientCertificate, Auth, RegExp]>([
    ["no certificate", { sign }, {}, /has sign without publicCertificate/],
    [
      "a thumbprint alone",
      { sign, thumbprintSha256: own.thumbprintSha256Hex },
      {},
      /without publicCertificate/,
    ],
    ["a private key as well", { sign, publicCertificate, privateKey: privateKeyPem }, {}, /only one of them/],
    [
      "something that does not sign",
      { sign: "key" as never, publicCertificate },
      {},
      /sign is not a function/,
    ],
    ["a chain of another certificate", { sign, publicCertificate, x5c: other.certificatePem }, {}, /x5c/],
    [
      "another thumbprint",
      { sign, publicCertificate, thumbprint: other.thumbprintSha1Hex },
      {},
      /does not match the certificate/,
    ],
    ["an expired certificate", { sign, publicCertificate: weak.certificatePem }, {}, /expired on/],
    ["no PEM", { sign, publicCertificate: "-----BEGIN X-----" }, {}, /holds no PEM certificate/],
    [
      "mutual TLS",
      { sign, publicCertificate },
      { ...mutualTls, authority: undefined, oidcAuthority: "https://issuer.example" },
      /mutual TLS, which needs the private key: set privateKey, or use private_key_jwt/,
    ],
  ])("with %s is refused", (_, clientCertificate, over, message) => {
    expect(() => app(clientCertificate, over)).toThrow(
      expect.objectContaining({ errorCode: "invalid_certificate", message: expect.stringMatching(message) }),
    );
  });

  it("with an elliptic-curve key is refused for Entra, which takes none", async () => {
    const client = app({ publicCertificate: ec.certificatePem, sign: vaultKey(ec.privateKeyPem) });
    await expect(ask(client)).rejects.toThrow("does not have an RSA key, which Entra requires");
  });
});
