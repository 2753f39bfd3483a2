import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/**
 * Returns what a Kerberos ticket can be bound to: the hash of the server's certificate (RFC 5929 §4.1). A certificate whose
 * signature has no hash of its own, such as Ed25519, has none.
 */
export function channelBinding(socket: Socket | TLSSocket): Uint8Array | undefined {
  // Missing if a TLS session was resumed.
  const certificate =
    "getPeerCertificate" in socket ? (socket.getPeerCertificate()?.raw as Buffer | undefined) : undefined;
  const hash = certificate && hashOf(signatureAlgorithm(certificate));
  if (!certificate || !hash) return undefined;
  // Loaded on first use: a program whose tokens are cached does not need it.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const digest = createHash(hash).update(certificate).digest();
  return Buffer.concat([Buffer.from("tls-server-end-point:", "latin1"), digest]);
}

/** The hash of a signature algorithm, by the content of its object identifier. MD5 and SHA-1 are replaced with SHA-256. */
function hashOf(oid: string | undefined): string | undefined {
  return HASHES.find(([algorithms]) => oid !== undefined && algorithms.includes(oid))?.[1];
}

const RSA = "2a864886f70d0101";
const ECDSA = "2a8648ce3d04";
const HASHES: readonly (readonly [readonly string[], string])[] = [
  [[`${RSA}04`, `${RSA}05`, `${RSA}0b`, `${ECDSA}01`, `${ECDSA}0302`], "sha256"],
  [[`${RSA}0c`, `${ECDSA}0303`], "sha384"],
  [[`${RSA}0d`, `${ECDSA}0304`], "sha512"],
];

/** Reads `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … }` (RFC 5280 §4.1). */
function signatureAlgorithm(certificate: Buffer): string | undefined {
  const content = valueAt(certificate, 0);
  const signed = content && valueAt(certificate, content.start);
  const algorithm = signed && valueAt(certificate, signed.end);
  const oid = algorithm && valueAt(certificate, algorithm.start);
  return oid && certificate.toString("hex", oid.start, oid.end);
}

/** Where the value of a DER element begins and ends. */
function valueAt(der: Buffer, at: number): { readonly start: number; readonly end: number } | undefined {
  const first = der[at + 1];
  if (first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + lengthBytes;
  if (lengthBytes > 4 || start > der.length) return undefined;
  const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes);
  return start + length <= der.length ? { start, end: start + length } : undefined;
}
