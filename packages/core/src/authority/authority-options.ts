import type { ProtocolMode } from "./authority-url.js";

/** The application's configuration of authorities. */
export interface AuthorityOptions {
  readonly protocolMode: ProtocolMode;
  /** Hosts trusted by the application, in addition to those trusted by default. */
  readonly knownAuthorities: ReadonlySet<string>;
  /** Parsed `cloudDiscoveryMetadata`. */
  readonly cloudMetadata: Readonly<Record<string, unknown>> | undefined;
  /**
   * Parsed `authorityMetadata`: the discovery document of the application's own authority, used instead of fetching
   * it.
   */
  readonly authorityMetadata: Readonly<Record<string, unknown>> | undefined;
}
