import { clientAuthError, isAuthError } from "../../errors/errors.js";
import { untilAborted } from "../../flight/until-aborted.js";
import type { Call } from "../../http/transport.js";
import { windowsAuthError } from "./windows-auth-error.js";

/** What a ticket is for. */
export interface TicketContext {
  /** The service, as GSSAPI names it, such as `HTTP@sts.contoso.com`. */
  readonly service: string;
  /**
   * Binds the ticket to the TLS connection (RFC 5929 §4, `tls-server-end-point:` and a hash of the server's certificate), if
   * the HTTP client knows it.
   */
  readonly channelBinding?: Uint8Array;
}

/** Brings a Kerberos ticket for a service: the token of a `Negotiate` header (RFC 4559 §4.1), in base64. */
export type TicketSource = (context: TicketContext) => Promise<string>;

/** The operating system's tickets. */
export interface SystemTickets {
  readonly ticket: TicketSource;
  /** Returns the user principal name of the user who has signed in, or `undefined` if that is not known. */
  principal(): Promise<string | undefined>;
}

/** The endpoint that a ticket is for. */
interface TicketEndpoint {
  readonly url: string;
  readonly channelBinding: Uint8Array | undefined;
}

/** @throws ClientAuthError `missing_user_identifier` */
export async function usersOwnName(system: SystemTickets, call: Call): Promise<string> {
  const name = await untilAborted(system.principal(), call.signal);
  if (name !== undefined) return name;
  throw clientAuthError(
    "missing_user_identifier",
    "username is not set, and the user of the operating system has no user principal name: pass the name with which the user signs in, such as grace@contoso.com.",
    call,
  );
}

/**
 * Returns the ticket for an endpoint.
 *
 * @throws ClientAuthError `integrated_windows_authentication_failed`
 */
export async function ticketFor(
  source: TicketSource,
  { url, channelBinding }: TicketEndpoint,
  call: Call,
): Promise<string> {
  const service = `HTTP@${new URL(url).hostname}`;
  let ticket: unknown;
  try {
    ticket = await untilAborted(
      Promise.resolve(source({ service, ...(channelBinding && { channelBinding }) })),
      call.signal,
    );
  } catch (cause) {
    call.signal?.throwIfAborted();
    if (isAuthError(cause)) throw cause;
    throw windowsAuthError(
      `negotiate brought no ticket for ${service}`,
      "The cause says why; klist shows the user's tickets",
      { ...call, cause },
    );
  }
  if (typeof ticket !== "string" || !/^[A-Za-z\d+/]+={0,2}$/.test(ticket)) {
    throw windowsAuthError(
      `what negotiate brought for ${service} is not base64`,
      "Return the token of a Negotiate header, without the scheme",
      call,
    );
  }
  if (!Buffer.from(ticket, "base64").includes(NTLM)) return ticket;
  throw windowsAuthError(
    `there is no Kerberos ticket for ${service}, and NTLM, which takes its place, is not sent`,
    `Sign in to the domain, and check that an account has the service principal name ${service.replace("@", "/")}`,
    call,
  );
}

/** How a message of NTLM begins, also within SPNEGO. */
const NTLM = "NTLMSSP\0";
