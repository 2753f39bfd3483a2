import {
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
  type webcrypto,
} from "node:crypto";
import { bitString, integer, objectId, octetString, sequence, tlv, utcTime, utf8String, yes } from "./der.js";

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
  const [caKeys, serverKeys] = [generateKeys(), generateKeys()];
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
  return {
    caPem: pem("CERTIFICATE", ca),
    certPem: pem("CERTIFICATE", server),
    keyPem: serverKeys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Creates a self-signed certificate (DER) for the token signing key, an RSA key, as AD FS does. */
export async function createSigningCertificate(keys: {
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: webcrypto.CryptoKey;
}): Promise<Uint8Array> {
  const subject = "Tessera local authority, token signing";
  const rsa: Keys = {
    spki: new Uint8Array(await subtle.exportKey("spki", keys.publicKey)),
    // sha256WithRSAEncryption, whose parameters are NULL.
    algorithm: sequence(objectId("1.2.840.113549.1.1.11"), tlv(0x05)),
    sign: async (data) => new Uint8Array(await subtle.sign("RSASSA-PKCS1-v1_5", keys.privateKey, data)),
  };
  return issue({ subject, issuer: subject, keys: rsa, signer: rsa, use: "signing" });
}

interface Keys {
  readonly spki: Uint8Array;
  /** Of the signatures. */
  readonly algorithm: Uint8Array;
  sign(data: Uint8Array): Promise<Uint8Array> | Uint8Array;
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
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
} as const;

function generateKeys(): Keys & { readonly privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    spki: publicKey.export({ type: "spki", format: "der" }),
    algorithm: sequence(objectId(oid.ecdsaWithSha256)),
    sign: (data) => sign("sha256", data, privateKey),
    privateKey,
  };
}

async function issue({
  subject,
  issuer,
  keys,
  signer,
  use,
  dnsNames = [],
}: CertificateInput): Promise<Uint8Array> {
  const isAuthority = use === "authority";
  const extensions = [
    extension(oid.basicConstraints, sequence(...(isAuthority ? [yes] : [])), true),
    // RFC 5280 §4.2.1.3: keyCertSign and cRLSign, or digitalSignature.
    extension(
      oid.keyUsage,
      isAuthority ? bitString(Buffer.of(0b0000_0110), 1) : bitString(Buffer.of(0b1000_0000), 7),
      true,
    ),
    extension(oid.subjectKeyIdentifier, octetString(keyId(keys))),
    extension(oid.authorityKeyIdentifier, sequence(tlv(0x80, keyId(signer)))),
  ];
  if (use === "server") {
    const names = [
      ...dnsNames.map((value) => tlv(0x82, Buffer.from(value))),
      tlv(0x87, Buffer.of(127, 0, 0, 1)),
      tlv(0x87, Buffer.alloc(15), Buffer.of(1)),
    ];
    extensions.push(
      extension(oid.extKeyUsage, sequence(objectId(oid.serverAuth))),
      extension(oid.subjectAltName, sequence(...names)),
    );
  }
  // RFC 5280 §4.1: version 3, which is encoded as 2.
  const unsigned = sequence(
    tlv(0xa0, integer(Buffer.of(2))),
    integer(serialNumber()),
    signer.algorithm,
    commonName(issuer),
    sequence(utcTime(Date.now() - dayMs), utcTime(Date.now() + 365 * dayMs)),
    commonName(subject),
    keys.spki,
    tlv(0xa3, sequence(...extensions)),
  );
  return sequence(unsigned, signer.algorithm, bitString(await signer.sign(unsigned)));
}

function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  return sequence(objectId(id), ...(critical ? [yes] : []), octetString(value));
}

function commonName(name: string): Uint8Array {
  return sequence(tlv(0x31, sequence(objectId(oid.commonName), utf8String(name))));
}

function keyId({ spki }: Keys): Uint8Array {
  return createHash("sha256").update(spki).digest().subarray(0, 20);
}

/** Positive, without a leading zero, at most 20 octets (RFC 5280 §4.1.2.2). */
function serialNumber(): Uint8Array {
  const [first = 0, ...rest] = randomBytes(16);
  return Uint8Array.of((first & 0x3f) | 0x40, ...rest);
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
