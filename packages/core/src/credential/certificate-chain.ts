import type { X509Certificate } from "node:crypto";
import { clientConfigurationError } from "../errors/errors.js";
import { nodeCrypto } from "../node-crypto.js";
import { pemBlocks } from "./pem.js";

/** Reads all certificates in a PEM string, ignoring surrounding text. There is at least one. */
export function certificatesIn(pem: string, field: string): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = pemBlocks(pem, ["CERTIFICATE"]).filter(({ label }) => label.endsWith("CERTIFICATE"));
  const [first, ...rest] = blocks.map((block) => {
    try {
      return new (nodeCrypto().X509Certificate)(block.text);
    } catch {
      throw invalid(`${field} holds a certificate that cannot be read`);
    }
  });
  if (!first) throw invalid(`${field} holds no PEM certificate (-----BEGIN CERTIFICATE-----)`);
  return [first, ...rest];
}

/** Returns the certificate that has issued none of the others. */
export function leafOf(certificates: readonly [X509Certificate, ...X509Certificate[]]): X509Certificate {
  const hasIssued = (one: X509Certificate): boolean =>
    certificates.some((other) => other !== one && other.checkIssued(one));
  return certificates.find((one) => !hasIssued(one)) ?? certificates[0];
}

/** Orders certificates from the leaf to its issuers. Returns `undefined` if none is the leaf. */
export function chainOf(
  certificates: readonly X509Certificate[],
  isLeaf: (certificate: X509Certificate) => boolean,
): readonly X509Certificate[] | undefined {
  const rest = [...certificates];
  const leafAt = rest.findIndex(isLeaf);
  if (leafAt < 0) return undefined;
  const chain = rest.splice(leafAt, 1);
  for (;;) {
    const last = chain.at(-1);
    const issuerAt = rest.findIndex((candidate) => last?.checkIssued(candidate));
    if (issuerAt < 0) return chain;
    chain.push(...rest.splice(issuerAt, 1));
  }
}

/** The error for a certificate that cannot be used. */
export function invalid(what: string): Error {
  return clientConfigurationError("invalid_certificate", `auth.clientCertificate ${what}.`);
}
