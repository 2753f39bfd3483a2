import type { ConfigOptions } from "./config-options.js";
import { LocalAuthorityConfigurationError, checkEach, checkHostName, checkKeys } from "./checks.js";

/** Options of `startLocalAuthority`. All are optional. */
export interface LocalAuthorityOptions extends ConfigOptions {
  /** TCP port. Default 0: any free port. */
  readonly port?: number;
  /** `true` for plain HTTP instead of HTTPS. Default `false`. */
  readonly http?: boolean;
  /** Path of a file to which the authority's CA certificate is written, in PEM format. */
  readonly caFile?: string;
  /**
   * Additional host names, in lower case: `name`, or `name:port` if a proxy or a container publishes the authority at another
   * port. Requests with any other `Host` are rejected, apart from loopback names. Default: none.
   */
  readonly hosts?: readonly string[];
  /** Returns the time in milliseconds since the epoch; `advanceClock` adds to it. Default `Date.now`. */
  readonly clock?: () => number;
  /**
   * Reads the Kerberos tickets of integrated Windows authentication, and returns whose ticket it is, as `user@domain`, or
   * `undefined` to refuse it. Without this function, the emulated AD FS takes no tickets.
   */
  readonly acceptTicket?: (ticket: KerberosTicket) => string | undefined | Promise<string | undefined>;
}

/** A ticket, as it came with a request. */
export interface KerberosTicket {
  /** The token of the `Negotiate` header (RFC 4559 §4.1), in base64. */
  readonly token: string;
  /** What a ticket may be bound to: `tls-server-end-point` of RFC 5929. Absent with plain HTTP. */
  readonly channelBinding?: Uint8Array;
}

/** Checks the options that `resolveConfig` does not. @throws {LocalAuthorityConfigurationError} */
export function checkOptions(options: LocalAuthorityOptions): void {
  checkKeys("", options, optionNames);
  const { port = 0, http = false, caFile, hosts = [], clock, acceptTicket } = options;
  const refuse = (field: string, value: unknown, remedy: string) => {
    throw new LocalAuthorityConfigurationError(field, value, remedy);
  };
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    refuse("port", port, "use a whole number from 0 to 65535");
  if (typeof http !== "boolean") refuse("http", http, "use true or false");
  if (caFile !== undefined && (typeof caFile !== "string" || caFile === "")) {
    refuse("caFile", caFile, "use the path of a file");
  }
  if (caFile !== undefined && http)
    refuse("caFile", caFile, "omit it: there is no certificate with plain HTTP");
  checkEach("hosts", hosts, checkHostName);
  if (clock !== undefined && typeof clock !== "function") {
    refuse("clock", clock, "use a function that returns milliseconds since the epoch");
  }
  if (acceptTicket !== undefined && typeof acceptTicket !== "function") {
    refuse(
      "acceptTicket",
      acceptTicket,
      "use a function that returns the name of a ticket's user, or undefined",
    );
  }
}

const optionNames: readonly (keyof LocalAuthorityOptions)[] = [
  "port",
  "http",
  "caFile",
  "hosts",
  "clock",
  "acceptTicket",
  "tenants",
  "managedIdentities",
  "lifetimes",
  "deviceCode",
  "extExpiresIn",
  "refreshIn",
  "refreshTokenRotation",
  "resources",
  "clientRegistration",
  "conditionalAccess",
  "instanceMetadata",
];
