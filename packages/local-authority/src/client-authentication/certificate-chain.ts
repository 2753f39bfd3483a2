import type { X509Certificate } from "node:crypto";

/**
 * Whether a chain leads from its first certificate to a CA: each certificate is signed by the next, and all are valid (RFC
 * 5280 §6.1, without revocation and policies).
 *
 * @param chain the end entity's certificate first; may include the CA
 * @param now milliseconds since the epoch
 */
export function chainsUpTo(chain: readonly X509Certificate[], ca: X509Certificate, now: number): boolean {
  const [first, ...rest] = chain;
  let current = first;
  const left = new Set(rest);
  while (current !== undefined && isValidAt(current, now)) {
    if (isSignedBy(current, ca)) return isValidAt(ca, now);
    const link: X509Certificate = current;
    const next = [...left].find((candidate) => candidate.ca && isSignedBy(link, candidate));
    if (next !== undefined) left.delete(next);
    current = next;
  }
  return false;
}

/** Whether a certificate is valid. @param now milliseconds since the epoch */
export function isValidAt({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now < Date.parse(validTo);
}

/** Returns the names of a certificate: its full subject (`O=Contoso, CN=app`), common name and DNS names. */
export function subjectNames(certificate: X509Certificate): readonly string[] {
  const attributes = certificate.subject.split("\n");
  const commonNames = attributes.filter((text) => text.startsWith("CN=")).map((text) => text.slice(3));
  const alternatives = (certificate.subjectAltName ?? "").split(", ");
  const dnsNames = alternatives.filter((text) => text.startsWith("DNS:")).map((text) => text.slice(4));
  return [attributes.join(", "), ...commonNames, ...dnsNames];
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
