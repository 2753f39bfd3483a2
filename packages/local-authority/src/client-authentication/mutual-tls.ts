import { createHash, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { AuthorityConfig, TlsClientAuth } from "../config.js";
import { chainsUpTo, isValidAt, subjectNames } from "./certificate-chain.js";

/** Whether any app authenticates by TLS, so that clients have to be asked for certificates somewhere. */
export function usesMutualTls({ tenants }: AuthorityConfig): boolean {
  return tenants.some(({ apps }) => apps.some(({ tlsClientAuth }) => tlsClientAuth !== undefined));
}

/** The certificates a client showed in the TLS handshake, first its own; none when it was not asked. */
export function presentedCertificates(socket: Socket): readonly X509Certificate[] {
  if (!(socket instanceof TLSSocket)) return [];
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && !chain.some(({ fingerprint256 }) => fingerprint256 === next?.fingerprint256)) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

/**
 * Whether the certificate is the app's: the registered one (`self_signed_tls_client_auth`, RFC 8705 §2.2), or one with
 * the registered subject from the registered authority (`tls_client_auth`, §2.1).
 *
 * @param now milliseconds since the epoch
 */
export function isOwnCertificate(
  registered: TlsClientAuth,
  chain: readonly X509Certificate[],
  now: number,
): boolean {
  const [leaf] = chain;
  if (leaf === undefined) return false;
  if ("certificate" in registered) {
    return new X509Certificate(registered.certificate).raw.equals(leaf.raw) && isValidAt(leaf, now);
  }
  return (
    subjectNames(leaf).includes(registered.subject) &&
    chainsUpTo(chain, new X509Certificate(registered.issuerCa), now)
  );
}

/** RFC 8705 §3.1: `x5t#S256`. */
export function certificateHash(certificate: X509Certificate): string {
  return createHash("sha256").update(certificate.raw).digest("base64url");
}
