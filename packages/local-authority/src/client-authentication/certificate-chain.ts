import type { X509Certificate } from "node:crypto";

/**
 * Whether a chain leads from its first certificate to a certificate authority: every link signed by the next, all of
 * them valid now (RFC 5280 §6.1, without revocation and policies).
 *
 * @param chain first the end entity; the authority itself may be among the rest
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

/** @param now milliseconds since the epoch */
export function isValidAt({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now < Date.parse(validTo);
}

/** The names that stand for a certificate: its whole subject (`O=Contoso, CN=app`), its common name, its DNS names. */
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
