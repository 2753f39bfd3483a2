import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from "node:crypto";
import { rsaKeyPair } from "./rsa-keys.mjs";

export interface CertificateOrder {
  /** The common name. */
  readonly subject: string;
  /** Who signs; without one the certificate is self-signed. */
  readonly issuer?: MadeCertificate;
  /** How long it is valid from now. A negative number: it expired so many days ago. Default 30. */
  readonly days?: number;
  /** Default `rsa`: 2048 bits. `ec`: P-256. */
  readonly keyType?: "rsa" | "ec";
  /** `true`: it may sign others. Default: only when it is self-signed. */
  readonly authority?: boolean;
  /** DNS names beside the subject. */
  readonly dnsNames?: readonly string[];
  /** Reuses a key: a renewed certificate, or one of somebody else for the same key. PKCS#8 PEM. */
  readonly privateKeyPem?: string;
}

export interface MadeCertificate {
  readonly subject: string;
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly privateKeyPem: string;
  /** Upper-case hexadecimal digits, as portals show them. */
  readonly thumbprintSha1Hex: string;
  readonly thumbprintSha256Hex: string;
}

/**
 * Makes a certificate (RFC 5280) and its key.
 *
 * ```ts
 * const ca = makeCertificate({ subject: "Test CA" });
 * const leaf = makeCertificate({ subject: "app.contoso.example", issuer: ca });
 * const expired = makeCertificate({ subject: "app.contoso.example", issuer: ca, days: -1 });
 * ```
 */
export function makeCertificate(order: CertificateOrder): MadeCertificate {
  const { subject, issuer, days = 30, keyType = "rsa", authority = issuer === undefined } = order;
  const key = order.privateKeyPem === undefined ? newKey(keyType) : createPrivateKey(order.privateKeyPem);
  const signer = issuer === undefined ? key : createPrivateKey(issuer.privateKeyPem);
  const dayMs = 86_400_000;
  const end = Date.now() + days * dayMs;
  const extensions = [
    extension([2, 5, 29, 19], sequence(...(authority ? [tlv(0x01, Buffer.of(0xff))] : []))),
    ...(order.dnsNames === undefined ? [] : [extension([2, 5, 29, 17], alternativeNames(order.dnsNames))]),
  ];
  const unsigned = sequence(
    tlv(0xa0, integer(Buffer.of(2))),
    integer(serialNumber()),
    signatureAlgorithm(signer),
    name(issuer?.subject ?? subject),
    sequence(time(Math.min(Date.now(), end) - dayMs), time(end)),
    name(subject),
    createPublicKey(key).export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...extensions)),
  );
  const der = sequence(unsigned, signatureAlgorithm(signer), bitString(sign("sha256", unsigned, signer)));
  const thumbprint = (algorithm: string) => createHash(algorithm).update(der).digest("hex").toUpperCase();
  return {
    subject,
    certificatePem: pem("CERTIFICATE", der),
    privateKeyPem: key.export({ type: "pkcs8", format: "pem" }).toString(),
    thumbprintSha1Hex: thumbprint("sha1"),
    thumbprintSha256Hex: thumbprint("sha256"),
  };
}

let rsaKeys = 0;

function newKey(keyType: "rsa" | "ec"): KeyObject {
  return keyType === "rsa"
    ? rsaKeyPair(`certificate-${(rsaKeys += 1)}`).privateKey
    : generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

/** X.690: tag, length, content. */
function tlv(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const digits = Buffer.from(body.length.toString(16).replace(/^(..)*.$/, "0$&"), "hex");
  const length = body.length < 128 ? Buffer.of(body.length) : Buffer.of(0x80 | digits.length, ...digits);
  return Buffer.concat([Buffer.of(tag), length, body]);
}

function sequence(...content: readonly Uint8Array[]): Buffer {
  return tlv(0x30, ...content);
}

function integer(value: Uint8Array): Buffer {
  return tlv(0x02, value);
}

function bitString(value: Uint8Array): Buffer {
  return tlv(0x03, Buffer.of(0), value);
}

function objectId([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  const bytes = rest.flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tlv(0x06, Buffer.of(first * 40 + second, ...bytes));
}

function signatureAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === "rsa"
    ? sequence(objectId([1, 2, 840, 113549, 1, 1, 11]), tlv(0x05))
    : sequence(objectId([1, 2, 840, 10045, 4, 3, 2]));
}

function name(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(objectId([2, 5, 4, 3]), tlv(0x0c, Buffer.from(commonName)))));
}

/** UTCTime: two digits of the year. */
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/\D/g, "").slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}

function extension(id: readonly number[], value: Uint8Array): Buffer {
  return sequence(objectId(id), tlv(0x04, value));
}

function alternativeNames(dnsNames: readonly string[]): Buffer {
  return sequence(...dnsNames.map((dnsName) => tlv(0x82, Buffer.from(dnsName))));
}

function serialNumber(): Buffer {
  const [first = 0, ...rest] = randomBytes(16);
  return Buffer.of((first & 0x3f) | 0x40, ...rest);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
