import { createHash, X509Certificate, type KeyObject } from "node:crypto";
import type { App } from "../config/config.js";
import { refuse } from "../errors/errors.js";
import type { JsonObject } from "../json.js";
import { chainsUpTo, isValidAt, subjectNames } from "./certificate-chain.js";

/** A certificate that the app is allowed to sign with. */
export interface FoundCertificate {
  readonly key: KeyObject;
  /** Describes the certificate in errors. */
  readonly description: string;
}

/**
 * Finds the certificate that a client assertion's header identifies: a registered one by thumbprint (`x5t#S256`, `x5t`), or
 * one with registered subject and issuer by chain (`x5c`).
 * https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 *
 * @param now milliseconds since the epoch
 * @throws {AadstsError} 700027, 700030
 */
export function findCertificate(app: App, header: JsonObject, now: number): FoundCertificate {
  const registered = (app.certificates ?? []).map((pem) => new X509Certificate(pem));
  const certificate =
    registered.find((candidate) => hasThumbprint(candidate, header)) ?? findByChain(app, header, now);
  const description = describe(certificate);
  if (!isValidAt(certificate, now)) {
    throw refuse(700027, {
      summary: "Client assertion contains an invalid signature.",
      reason: `The key used is expired.${description}`,
      clientId: app.clientId,
    });
  }
  return { key: certificate.publicKey, description };
}

function findByChain(app: App, header: JsonObject, now: number): X509Certificate {
  const chain = readChain(header.x5c);
  const [leaf] = chain;
  const { subjectNameIssuer } = app;
  if (leaf === undefined || subjectNameIssuer === undefined) throw unknownCertificate(app, header);
  const names = subjectNames(leaf);
  if (!names.includes(subjectNameIssuer.subject)) {
    throw refuse(700030, {
      names: names
        .slice(0, 10)
        .map((name) => `'${name}'`)
        .join(", "),
    });
  }
  const ca = new X509Certificate(subjectNameIssuer.issuerCa);
  const isNamed =
    header.x5t === undefined && header["x5t#S256"] === undefined ? true : hasThumbprint(leaf, header);
  if (!isNamed || leaf.publicKey.asymmetricKeyType !== "rsa" || !chainsUpTo(chain, ca, now)) {
    throw unknownCertificate(app, header);
  }
  return leaf;
}

/** Parses `x5c`, an array of DER certificates in standard Base64 (RFC 7515 §4.1.6). */
function readChain(x5c: unknown): readonly X509Certificate[] {
  if (!Array.isArray(x5c)) return [];
  try {
    return x5c.map((der) => new X509Certificate(Buffer.from(String(der), "base64")));
  } catch {
    throw refuse(50027, { detail: " The header 'x5c' is not a certificate chain." });
  }
}

function hasThumbprint(certificate: X509Certificate, header: JsonObject): boolean {
  const { x5t, "x5t#S256": x5tS256 } = header;
  if (x5tS256 !== undefined) return thumbprint(certificate, "sha256").equals(decode(x5tS256));
  return x5t !== undefined && thumbprint(certificate, "sha1").equals(decode(x5t));
}

function thumbprint(certificate: X509Certificate, algorithm: "sha1" | "sha256"): Buffer {
  return createHash(algorithm).update(certificate.raw).digest();
}

/** Accepts base64url and standard Base64, as Entra does. */
function decode(thumbprint: unknown): Buffer {
  return Buffer.from(String(thumbprint), "base64");
}

function unknownCertificate(app: App, header: JsonObject) {
  const used = decode(header["x5t#S256"] ?? header.x5t ?? "")
    .toString("hex")
    .toUpperCase();
  return refuse(700027, {
    summary:
      "The certificate with identifier used to sign the client assertion is not registered on application.",
    reason: `The key was not found., Thumbprint of key used by client: '${used}'`,
    clientId: app.clientId,
  });
}

function describe(certificate: X509Certificate): string {
  const used = thumbprint(certificate, "sha1").toString("hex").toUpperCase();
  const { validFrom, validTo } = certificate;
  return `, Thumbprint of key used by client: '${used}', Found key 'Start=${validFrom}, End=${validTo}'`;
}
