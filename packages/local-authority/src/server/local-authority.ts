import type { AuthorityConfig } from "../config/config.js";
import type { EmulateOptions, EmulatedHost, HostName } from "../emulator/emulated-host.js";
import type { ProtectedResource, ProtectedResourceOptions } from "../resource/protected-resource.js";
import type { RecordedRequest } from "../http/journal.js";
import type { Fault, FaultHandle } from "./faults.js";

/** A running identity provider, from `startLocalAuthority`. */
export interface LocalAuthority {
  /** `https://localhost:{port}`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** The CA certificate that clients must trust, in PEM format; empty with plain HTTP. */
  readonly caPem: string;
  /** Stands for `http://169.254.169.254`; present only with the option `instanceMetadata`. */
  readonly instanceMetadataUrl?: string;
  /** The effective configuration: tenants with their apps and users, and all other settings. */
  readonly config: AuthorityConfig;
  /** The requests received, oldest first, including secrets. The newest 10,000 are kept. The array is live. */
  readonly requests: readonly RecordedRequest[];
  /**
   * Clears `requests`.
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority({ http: true });
   * await fetch(`${authority.authorityUrl()}/v2.0/.well-known/openid-configuration`);
   * console.log(authority.requests[0]?.endpoint); // "openid-configuration"
   * authority.clearRequests();
   * console.log(authority.requests.length); // 0
   * await authority.close();
   * ```
   */
  readonly clearRequests: () => void;
  /**
   * Returns the authority URL for a client: `{url}/{tenant}`.
   *
   * @param tenant GUID, domain, `common`, `organizations` or `consumers`; `adfs` for AD FS; `{domain}/b2c_1_{name}` for a
   * B2C policy. Default: the ID of the first tenant
   * @returns the URL, without a trailing slash; the tenant is not checked
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority({ http: true });
   * console.log(authority.authorityUrl("common")); // "http://localhost:{port}/common"
   * await authority.close();
   * ```
   */
  readonly authorityUrl: (tenant?: string) => string;
  /**
   * Returns the `iss` claim of a tenant's tokens (OpenID Connect Core §2).
   *
   * @param tenantId GUID. Default: the ID of the first tenant
   * @returns `{url}/{tenantId}/v2.0`; the tenant is not checked
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority({ http: true });
   * console.log(authority.issuer()); // "http://localhost:{port}/c0c0c0c0-0000-4000-8000-000000000000/v2.0"
   * await authority.close();
   * ```
   */
  readonly issuer: (tenantId?: string) => string;
  /**
   * Simulates a failure for matching requests.
   *
   * @param fault the requests to affect, and what happens to them
   * @returns a handle that counts the affected requests and removes the fault
   * @throws {LocalAuthorityConfigurationError} if a field of the fault is invalid
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority({ http: true });
   * const fault = authority.fault({ match: "keys", status: 503, headers: { "Retry-After": "1" } });
   * const url = `${authority.authorityUrl()}/discovery/v2.0/keys`;
   * console.log((await fetch(url)).status, (await fetch(url)).status); // 503 200
   * console.log(fault.hits); // 1
   * await authority.close();
   * ```
   */
  readonly fault: (fault: Fault) => FaultHandle;
  /**
   * Emulates a host with managed identities or workload identity, so that an app runs as it would there. The host has a
   * server of its own; its requests are in `requests`, and `fault` affects them, both as `managed-identity`.
   *
   * @param name the kind of host
   * @param options the identity it is deployed with, and the folder of Arc's challenge files
   * @returns the running host, with the environment variables to set
   * @throws {LocalAuthorityConfigurationError} for an unknown host or an invalid option, and for `arc` if the challenge files
   * cannot be written
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority();
   * const host = await authority.emulate("app-service");
   * const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = host.environment;
   * const query = "?api-version=2019-08-01&resource=https://vault.azure.net";
   * const response = await fetch(`${IDENTITY_ENDPOINT}${query}`, {
   *   headers: { "X-IDENTITY-HEADER": IDENTITY_HEADER ?? "" },
   * });
   * console.log(response.status); // 200
   * await authority.close(); // also closes the host
   * ```
   */
  readonly emulate: (name: HostName, options?: EmulateOptions) => Promise<EmulatedHost>;
  /**
   * Starts a resource that accepts the tokens of this authority and answers as the edge of an MCP server does: 401 with
   * `WWW-Authenticate`, protected-resource metadata (RFC 9728), 403 for a missing scope. It has a port of its own; its
   * requests are in `requests`, and `fault` affects them.
   *
   * @param options path, scopes, metadata and issuer
   * @returns the running resource with its URL
   * @throws {LocalAuthorityConfigurationError} for an invalid option
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority({ http: true });
   * const resource = await authority.protectedResource({ path: "/mcp", scopes: ["tools"] });
   * const response = await fetch(resource.url, { method: "POST" });
   * console.log(response.status, response.headers.get("www-authenticate"));
   * // 401 'Bearer resource_metadata="http://localhost:{port}/.well-known/oauth-protected-resource/mcp", scope="tools"'
   * await authority.close(); // also closes the resource
   * ```
   */
  readonly protectedResource: (options?: ProtectedResourceOptions) => Promise<ProtectedResource>;
  /**
   * Moves the authority's clock, for example to expire tokens.
   *
   * @param seconds offset in seconds; negative values move the clock back
   * @throws {RangeError} if `seconds` is not a finite number
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority({ http: true });
   * authority.advanceClock(3600); // access tokens issued before have expired
   * await authority.close();
   * ```
   */
  readonly advanceClock: (seconds: number) => void;
  /**
   * Revokes all refresh tokens of a user, like `revokeSignInSessions` in Microsoft Graph.
   *
   * @param username for example `alice@contoso.example`, in any case
   * @throws {RangeError} if the user is unknown
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority({ http: true });
   * authority.revokeSignInSessions("alice@contoso.example"); // refreshing now fails with AADSTS50173
   * await authority.close();
   * ```
   */
  readonly revokeSignInSessions: (username: string) => void;
  /**
   * Disables a user's account, or enables it again.
   *
   * @param username for example `alice@contoso.example`, in any case
   * @param disabled default `true`
   * @throws {RangeError} if the user is unknown
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority({ http: true });
   * authority.disableUser("alice@contoso.example"); // signing in now fails with AADSTS50057
   * authority.disableUser("alice@contoso.example", false);
   * await authority.close();
   * ```
   */
  readonly disableUser: (username: string, disabled?: boolean) => void;
  /**
   * Expires a user's password, or makes it valid again.
   *
   * @param username for example `alice@contoso.example`, in any case
   * @param expired default `true`
   * @throws {RangeError} if the user is unknown
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority({ http: true });
   * authority.expirePassword("alice@contoso.example"); // signing in now fails with AADSTS50055
   * authority.expirePassword("alice@contoso.example", false);
   * await authority.close();
   * ```
   */
  readonly expirePassword: (username: string, expired?: boolean) => void;
  /**
   * Stops the servers and destroys all connections. Repeated calls have no further effect.
   *
   * @returns a promise that is fulfilled when the ports are free
   *
   * @example
   * ```ts
   * import { startLocalAuthority } from "@tessera/local-authority";
   *
   * const authority = await startLocalAuthority({ http: true });
   * console.log(authority.port); // free again after this line:
   * await authority.close();
   * ```
   */
  readonly close: () => Promise<void>;
}
