import { windowsAuthError, type SystemTickets, type TicketContext } from "@tessera/core/internal";
import type { GssapiLibrary, GssBuffer, Handle } from "./gssapi-library.js";
import { inBackground, type Koffi } from "./load-koffi.js";
import { userPrincipalName } from "./user-principal-name.js";

/** Object identifiers, as they stand in a `gss_OID_desc`. */
const OIDS = {
  /** 1.3.6.1.5.5.2 (RFC 4178): what a `Negotiate` header has. */
  spnego: objectIdentifier("2b0601050502"),
  /** 1.2.840.113554.1.2.1.4 (RFC 2743 §4.1): `service@host`. */
  hostBasedService: objectIdentifier("2a864886f71201020104"),
};

/** Bits of a major status that say that a call has failed (RFC 2744 §3.9.1). */
const FAILURES = 0xffff0000;
/** Kinds of a status, for `gss_display_status`. */
const [MAJOR, MINOR] = [1, 2];
/** Where there is no more to say about a status, or no room for it. */
const MOST_MESSAGES = 5;

/** The tickets in the user's credential cache, by GSSAPI. */
export function gssapiTickets(library: GssapiLibrary, { decode }: Pick<Koffi, "decode">): SystemTickets {
  return {
    async ticket(context) {
      // Its errors say why there is no ticket; those of the negotiation do not.
      ownName();
      return initialToken(context);
    },
    principal: async () => userPrincipalName(ownName()),
  };

  /** Reads the credential cache. On this thread, because the reason of a failure is kept for the thread that has failed. */
  function ownName(): string {
    const [minor, name]: [Handle, Handle] = [[0], [null]];
    const status = Number(library.inquireCredential(minor, null, name, null, null, null));
    if (isFailure(status)) throw noTicket(reasonOf(status, minor[0]));
    const shown = emptyBuffer();
    try {
      const shownStatus = Number(library.displayName(minor, name[0], shown, null));
      if (isFailure(shownStatus)) throw noTicket(reasonOf(shownStatus, minor[0]));
      return bytesOf(shown).toString("utf8");
    } finally {
      library.releaseBuffer(minor, shown);
      library.releaseName(minor, name);
    }
  }

  async function initialToken({ service, channelBinding }: TicketContext): Promise<string> {
    const [minor, name, context]: [Handle, Handle, Handle] = [[0], [null], [null]];
    const token = emptyBuffer();
    const target = bufferOf(Buffer.from(service, "utf8"));
    const bindings = channelBinding && channelBindings(Buffer.from(channelBinding));
    try {
      const named = Number(library.importName(minor, target, OIDS.hostBasedService, name));
      if (isFailure(named)) throw notFor(service, reasonOf(named, minor[0]));
      const status = await inBackground(
        library.initContext,
        ...[minor, null, context, name[0], OIDS.spnego, 0, 0, bindings ?? null, null, null, token, [0], [0]],
      );
      if (isFailure(status)) throw notFor(service, reasonOf(status, minor[0]));
      return bytesOf(token).toString("base64");
    } finally {
      library.releaseBuffer(minor, token);
      // The server is authenticated by TLS: what it would answer is not waited for.
      library.deleteContext(minor, context, null);
      library.releaseName(minor, name);
    }
  }

  function bytesOf({ value, length }: GssBuffer): Buffer {
    return value ? Buffer.from(decode(value, "uint8_t", Number(length))) : Buffer.alloc(0);
  }

  function reasonOf(major: number, minor: unknown): string {
    const reasons = [...messages(major, MAJOR), ...messages(minor, MINOR)];
    return reasons.filter((reason) => reason !== "" && !SAYS_NOTHING.test(reason)).join("; ");
  }

  function messages(code: unknown, kind: number | undefined): readonly string[] {
    const found: string[] = [];
    const next = [0];
    do {
      const [minor, text]: [Handle, GssBuffer] = [[0], emptyBuffer()];
      if (isFailure(Number(library.displayStatus(minor, code, kind, null, next, text)))) break;
      found.push(bytesOf(text).toString("utf8").trim());
      library.releaseBuffer(minor, text);
    } while (next[0] !== 0 && found.length < MOST_MESSAGES);
    return found;
  }
}

/** MIT's message where only the minor status tells something, and the one for "no error". */
const SAYS_NOTHING = /^(Unspecified GSS failure|Success|Unknown error$)/;

function isFailure(status: number): boolean {
  return (status & FAILURES) !== 0;
}

const emptyBuffer = (): GssBuffer => ({ length: 0, value: null });

function bufferOf(bytes: Buffer): GssBuffer {
  return { length: bytes.length, value: bytes };
}

function objectIdentifier(hex: string): { readonly length: number; readonly elements: Buffer } {
  const elements = Buffer.from(hex, "hex");
  return { length: elements.length, elements };
}

function channelBindings(data: Buffer): object {
  const none = emptyBuffer();
  // Address types of 0: the addresses do not count (RFC 2744 §3.11).
  const addresses = {
    initiatorAddressType: 0,
    initiatorAddress: none,
    acceptorAddressType: 0,
    acceptorAddress: none,
  };
  return { ...addresses, applicationData: bufferOf(data) };
}

function noTicket(reason: string): Error {
  return windowsAuthError(
    `the system has no Kerberos ticket (${reason})`,
    "Sign in to the domain, or get a ticket with kinit; klist shows which there are",
  );
}

function notFor(service: string, reason: string): Error {
  return windowsAuthError(
    `there is no Kerberos ticket for ${service} (${reason})`,
    `Check that the realm of the host is the user's, or that one trusts the other (domain_realm in krb5.conf), and that an account has the service principal name ${service.replace("@", "/")}`,
  );
}
