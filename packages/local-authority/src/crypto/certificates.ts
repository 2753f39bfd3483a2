import { randomBytes, type webcrypto } from "node:crypto";

/** Certificate and key of a TLS server, and the CA certificate that clients must trust. */
export interface ServerCertificate {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/**
 * Creates a CA, and a certificate for `localhost`, `127.0.0.1` and `::1` signed by it (RFC 5280). The CA's private key is
 * discarded, so nothing else can be signed with it.
 *
 * @param otherHosts additional DNS names for the certificate
 */
export async function createServerCertificate(
  otherHosts: readonly string[] = [],
): Promise<ServerCertificate> {
  const [caKeys, serverKeys] = await Promise.all([generateKeys(), generateKeys()]);
  // A unique name, so that a client that trusts several of these CAs can tell them apart.
  const caName = `Tessera local authority ${randomBytes(4).toString("hex")}`;
  const ca = await issue({ subject: caName, issuer: caName, keys: caKeys, signer: caKeys, use: "authority" });
  const server = await issue({
    subject: "localhost",
    issuer: caName,
    keys: serverKeys,
    signer: caKeys,
    use: "server",
    dnsNames: ["localhost", ...otherHosts],
  });
  const key = await subtle.exportKey("pkcs8", serverKeys.privateKey);
  return {
    caPem: pem("CERTIFICATE", ca),
    certPem: pem("CERTIFICATE", server),
    keyPem: pem("PRIVATE KEY", key),
  };
}

/** Creates a self-signed certificate (DER) for the token signing key, as AD FS does. */
export function createSigningCertificate(keys: Keys): Promise<ArrayBuffer> {
  const subject = "Tessera local authority, token signing";
  return issue({ subject, issuer: subject, keys, signer: keys, use: "signing" });
}

interface Keys {
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: webcrypto.CryptoKey;
}

interface CertificateInput {
  readonly subject: string;
  readonly issuer: string;
  readonly keys: Keys;
  readonly signer: Keys;
  readonly use: "authority" | "server" | "signing";
  readonly dnsNames?: readonly string[];
}

const { subtle } = globalThis.crypto;
const dayMs = 86_400_000;

const oid = {
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

function generateKeys() {
  return subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
}

let libraries: ReturnType<typeof importLibraries> | undefined;

// Imported on first use, since CommonJS cannot require them.
export function loadCertificateLibraries() {
  libraries ??= importLibraries();
  return libraries;
}

async function importLibraries() {
  // Sequentially, since Jest's loader fails when two imports share modules.
  const pki = await import("pkijs");
  const asn1 = await import("asn1js");
  return { pki, asn1 };
}

async function issue({
  subject,
  issuer,
  keys,
  signer,
  use,
  dnsNames = [],
}: CertificateInput): Promise<ArrayBuffer> {
  const { pki, asn1 } = await loadCertificateLibraries();
  const certificate = new pki.Certificate();
  certificate.version = 2;
  certificate.serialNumber = new asn1.Integer({ valueHex: serialNumber() });
  const commonName = (value: string) =>
    new pki.AttributeTypeAndValue({ type: oid.commonName, value: new asn1.Utf8String({ value }) });
  certificate.issuer.typesAndValues.push(commonName(issuer));
  certificate.subject.typesAndValues.push(commonName(subject));
  certificate.notBefore.value = new Date(Date.now() - dayMs);
  certificate.notAfter.value = new Date(Date.now() + 365 * dayMs);
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey);

  const extension = (extnID: string, critical: boolean, value: { toBER(): ArrayBuffer }) =>
    new pki.Extension({ extnID, critical, extnValue: value.toBER() });
  const bits = (byte: number, unusedBits: number) =>
    new asn1.BitString({ valueHex: Uint8Array.of(byte).buffer, unusedBits });
  const octets = (valueHex: ArrayBuffer) => new asn1.OctetString({ valueHex });
  const address = (...bytes: number[]) =>
    new pki.GeneralName({ type: 7, value: octets(Uint8Array.from(bytes).buffer) });

  certificate.extensions = [
    extension(oid.basicConstraints, true, new pki.BasicConstraints({ cA: use === "authority" }).toSchema()),
    // RFC 5280 §4.2.1.3: keyCertSign and cRLSign, or digitalSignature.
    extension(oid.keyUsage, true, use === "authority" ? bits(0b0000_0110, 1) : bits(0b1000_0000, 7)),
    extension(oid.subjectKeyIdentifier, false, octets(await keyId(keys))),
    extension(
      oid.authorityKeyIdentifier,
      false,
      new pki.AuthorityKeyIdentifier({ keyIdentifier: octets(await keyId(signer)) }).toSchema(),
    ),
  ];
  if (use === "server") {
    const names = [
      ...dnsNames.map((value) => new pki.GeneralName({ type: 2, value })),
      address(127, 0, 0, 1),
      address(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
    ];
    certificate.extensions.push(
      extension(oid.extKeyUsage, false, new pki.ExtKeyUsage({ keyPurposes: [oid.serverAuth] }).toSchema()),
      extension(oid.subjectAltName, false, new pki.GeneralNames({ names }).toSchema()),
    );
  }
  await certificate.sign(signer.privateKey, "SHA-256");
  return certificate.toSchema(true).toBER();
}

async function keyId(keys: Keys): Promise<ArrayBuffer> {
  const digest = await subtle.digest("SHA-256", await subtle.exportKey("spki", keys.publicKey));
  return digest.slice(0, 20);
}

/** Positive, without a leading zero, at most 20 octets (RFC 5280 §4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const [first = 0, ...rest] = randomBytes(16);
  return Uint8Array.of((first & 0x3f) | 0x40, ...rest).buffer;
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
