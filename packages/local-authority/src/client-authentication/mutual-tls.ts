import { createHash, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { AuthorityConfig, TlsClientAuth } from "../config/config.js";
import { chainsUpTo, isValidAt, subjectNames } from "./certificate-chain.js";

/** Whether any app uses a TLS client certificate, which requires a server that requests one. */
export function usesMutualTls({ tenants }: AuthorityConfig): boolean {
  return tenants.some(({ apps }) => apps.some(({ tlsClientAuth }) => tlsClientAuth !== undefined));
}

/** Node.js returns the issuers only to the first question about a connection. */
const presented = new WeakMap<TLSSocket, readonly X509Certificate[]>();

/**
 * Returns the certificates from the TLS handshake, the client's own first; empty if the server did not request one.
 */
export function presentedCertificates(socket: Socket): readonly X509Certificate[] {
  if (!(socket instanceof TLSSocket)) return [];
  const known = presented.get(socket);
  if (known) return known;
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && !chain.some(({ fingerprint256 }) => fingerprint256 === next?.fingerprint256)) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  presented.set(socket, chain);
  return chain;
}

/**
 * Whether a certificate authenticates the app: it is the registered one (`self_signed_tls_client_auth`, RFC 8705 §2.2), or
 * has the registered subject and CA (`tls_client_auth`, §2.1).
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

/** Returns the certificate's hash, `x5t#S256` (RFC 8705 §3.1). */
export function certificateHash(certificate: X509Certificate): string {
  return createHash("sha256").update(certificate.raw).digest("base64url");
}
