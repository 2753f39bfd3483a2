// What binds a Kerberos ticket to a TLS connection: the hash of the server's certificate (RFC 5929 §4.1).
// proves: node/src/http/channel-binding.ts
import { createHash, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { expect, test } from "@jest/globals";
import { channelBinding } from "../../packages/node/src/http/channel-binding.js";
import { makeCertificate } from "../support/certificates.js";

const { certificatePem } = makeCertificate({ subject: "sts.contoso.com" });
const { raw } = new X509Certificate(certificatePem);
const sha256WithRsa = Buffer.from("2a864886f70d01010b", "hex");

/** A connection to a server with a certificate. */
const connection = (certificate: Buffer | undefined): Socket =>
  ({ getPeerCertificate: () => ({ raw: certificate }) }) as unknown as Socket;

/** The certificate, signed with another algorithm: the identifier behind the signed part says which. */
function signedWith(oid: string): Buffer {
  const at = raw.lastIndexOf(sha256WithRsa);
  expect(at).toBeGreaterThan(raw.indexOf(sha256WithRsa));
  return Buffer.concat([
    raw.subarray(0, at),
    Buffer.from(oid, "hex"),
    raw.subarray(at + sha256WithRsa.length),
  ]);
}

test.each([
  ["RSA with MD5", "2a864886f70d010104", "sha256"],
  ["RSA with SHA-1", "2a864886f70d010105", "sha256"],
  ["RSA with SHA-256", "2a864886f70d01010b", "sha256"],
  ["RSA with SHA-384", "2a864886f70d01010c", "sha384"],
  ["RSA with SHA-512", "2a864886f70d01010d", "sha512"],
])("a certificate that is signed by %s binds by its own hash, SHA-256 at least", (_, oid, hash) => {
  const certificate = signedWith(oid);
  const digest = createHash(hash).update(certificate).digest();
  const binding = channelBinding(connection(certificate));
  expect(binding).toEqual(Buffer.concat([Buffer.from("tls-server-end-point:"), digest]));
});

test("so does one with an elliptic curve", () => {
  const { certificatePem: pem } = makeCertificate({ subject: "sts.contoso.com", keyType: "ec" });
  const certificate = new X509Certificate(pem).raw;
  const digest = createHash("sha256").update(certificate).digest();
  expect(channelBinding(connection(certificate))).toEqual(
    Buffer.concat([Buffer.from("tls-server-end-point:"), digest]),
  );
});

test.each([
  ["an algorithm without a hash of its own", connection(signedWith("2a864886f70d01010a"))],
  ["no certificate, as after a resumed session", connection(undefined)],
  ["a certificate that is cut off", connection(raw.subarray(0, 20))],
  ["lengths that lead nowhere", connection(Buffer.from("308400ffffff", "hex"))],
  ["nothing", connection(Buffer.alloc(0))],
  ["no TLS", {} as Socket],
])("a connection with %s binds nothing", (_, socket) => {
  expect(channelBinding(socket)).toBeUndefined();
});
