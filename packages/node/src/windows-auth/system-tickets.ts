import { windowsAuthError, type SystemTickets } from "@tessera/core/internal";
import { gssapiTickets } from "./gssapi.js";
import { GSSAPI_LIBRARIES, gssapiPacking, openGssapi } from "./gssapi-library.js";
import { loadKoffi } from "./load-koffi.js";
import { openSecur32 } from "./sspi-library.js";
import { sspiTickets } from "./sspi.js";

/** The operating system's tickets. Nothing is loaded before one is needed. */
export function systemTickets(): SystemTickets {
  return {
    ticket: async (context) => (opened ??= open()).ticket(context),
    principal: async () => (opened ??= open()).principal(),
  };
}

let opened: SystemTickets | undefined;

function open(): SystemTickets {
  const { platform, arch } = process;
  const koffi = loadKoffi();
  if (platform === "win32") return sspiTickets(openSecur32(koffi), koffi);
  const causes: unknown[] = [];
  for (const path of GSSAPI_LIBRARIES[platform] ?? []) {
    try {
      return gssapiTickets(openGssapi(koffi, path, gssapiPacking(platform, arch)), koffi);
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw windowsAuthError(
    "this system has no GSSAPI library",
    "Install Kerberos (Debian: libgssapi-krb5-2; Fedora: krb5-libs; Alpine: krb5-libs), or pass negotiate",
    { cause: causes[0] },
  );
}
