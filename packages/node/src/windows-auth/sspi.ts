import { windowsAuthError, type SystemTickets, type TicketContext } from "@tessera/core/internal";
import { inBackground, type Koffi } from "./load-koffi.js";
import type { Secur32 } from "./sspi-library.js";
import {
  pointerSize,
  secBufferDesc,
  secChannelBindings,
  SECBUFFER_CHANNEL_BINDINGS,
  SECBUFFER_TOKEN,
} from "./sspi-structures.js";

const SECPKG_CRED_OUTBOUND = 2;
const SECURITY_NATIVE_DREP = 0x10;
/** `EXTENDED_NAME_FORMAT` of a user principal name. */
const NAME_USER_PRINCIPAL = 8;
/** Larger than any token of Negotiate (`cbMaxToken` is 48 KB). */
const TOKEN_BYTES = 65_536;
/** Characters of a user principal name, at most. */
const NAME_CHARACTERS = 1024;

/** What to do about a status of SSPI. */
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [0x8009030e, "SEC_E_NO_CREDENTIALS: the user has not signed in to a domain"],
  [0x80090311, "SEC_E_NO_AUTHENTICATING_AUTHORITY: no domain controller can be reached"],
  [0x80090303, "SEC_E_TARGET_UNKNOWN: no account has the service principal name"],
  [0x80090322, "SEC_E_WRONG_PRINCIPAL: another account has the service principal name"],
  [0x8009030c, "SEC_E_LOGON_DENIED: the domain refused the user"],
]);

/** The tickets of the user who has signed in to Windows, by SSPI. */
export function sspiTickets(
  secur32: Secur32,
  { address }: Pick<Koffi, "address">,
  arch: string = process.arch,
): SystemTickets {
  const size = pointerSize(arch);
  return {
    ticket: initialToken,
    async principal() {
      const name = Buffer.alloc(2 * NAME_CHARACTERS);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(NAME_CHARACTERS);
      const isKnown = await inBackground(secur32.userName, NAME_USER_PRINCIPAL, name, length);
      return isKnown ? name.toString("utf16le", 0, 2 * length.readUInt32LE(0)) : undefined;
    },
  };

  async function initialToken({ service, channelBinding }: TicketContext): Promise<string> {
    const target = service.replace("@", "/");
    // SecHandle: two pointers; TimeStamp: eight bytes.
    const [credentials, context, expiry, attributes] = [2 * size, 2 * size, 8, 4].map((bytes) =>
      Buffer.alloc(bytes),
    );
    const acquired = await inBackground(
      secur32.acquireCredentials,
      ...[null, "Negotiate", SECPKG_CRED_OUTBOUND, null, null, null, null, credentials, expiry],
    );
    if (isFailure(acquired)) throw noTicket(target, acquired);
    const output = secBufferDesc(SECBUFFER_TOKEN, Buffer.alloc(TOKEN_BYTES), address, size);
    const input =
      channelBinding &&
      secBufferDesc(SECBUFFER_CHANNEL_BINDINGS, secChannelBindings(channelBinding), address, size);
    // Windows follows pointers to these bytes: they must not be collected before it is done.
    const kept = [input, output];
    let begun = -1;
    try {
      begun = await inBackground(
        secur32.initContext,
        ...[credentials, null, target, 0, 0, SECURITY_NATIVE_DREP],
        ...[input?.desc ?? null, 0, context, output.desc, attributes, expiry],
      );
      if (isFailure(begun)) throw noTicket(target, begun);
      return output.content().toString("base64");
    } finally {
      if (!isFailure(begun)) secur32.deleteContext(context);
      secur32.freeCredentials(credentials);
      kept.length = 0;
    }
  }
}

function isFailure(status: number): boolean {
  return status < 0;
}

function noTicket(target: string, status: number): Error {
  const code = status >>> 0;
  const reason = REMEDIES.get(code) ?? `SSPI status 0x${code.toString(16)}`;
  return windowsAuthError(
    `Windows has no Kerberos ticket for ${target} (${reason})`,
    "Sign in to the domain, and check with klist get that a ticket for the service can be had",
  );
}
