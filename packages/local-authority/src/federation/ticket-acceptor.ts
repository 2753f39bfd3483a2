import { createHash, X509Certificate } from "node:crypto";
import type { LocalAuthorityOptions } from "../config/options.js";
import type { AuthorityState } from "../state.js";

/**
 * Tells the app's acceptor what a ticket may be bound to: the hash of the server's certificate, which is signed with SHA-256
 * (RFC 5929 §4.1).
 *
 * @param certPem the server's certificate; absent with plain HTTP
 */
export function ticketAcceptor(
  acceptTicket: LocalAuthorityOptions["acceptTicket"],
  certPem: string | undefined,
): Pick<AuthorityState, "acceptTicket"> {
  if (acceptTicket === undefined) return {};
  if (certPem === undefined) return { acceptTicket: (token) => acceptTicket({ token }) };
  const hash = createHash("sha256").update(new X509Certificate(certPem).raw).digest();
  const channelBinding = Buffer.concat([Buffer.from("tls-server-end-point:"), hash]);
  return { acceptTicket: (token) => acceptTicket({ token, channelBinding }) };
}
