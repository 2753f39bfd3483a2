import type { AuthorityUrl } from "./authority-url.js";
import type { Cloud } from "./clouds.js";

/**
 * Members of a discovery document that the library uses (OpenID Connect Discovery §3, RFC 8414 §2). Only the issuer has
 * been checked: get an endpoint from `endpointOf`.
 */
export interface ProviderMetadata {
  readonly issuer: string;
  readonly authorization_endpoint?: string;
  readonly token_endpoint?: string;
  readonly jwks_uri?: string;
  readonly end_session_endpoint?: string;
  /** Endpoints for clients that authenticate with mutual TLS (RFC 8705 §5). */
  readonly mtls_endpoint_aliases?: Readonly<Record<string, unknown>>;
  readonly id_token_signing_alg_values_supported?: readonly string[];
  readonly token_endpoint_auth_methods_supported?: readonly string[];
  readonly [member: string]: unknown;
}

/** A resolved identity provider: its identity, its endpoints, and the hosts under which its tokens are cached. */
export interface Authority {
  readonly url: AuthorityUrl;
  readonly cloud: Cloud;
  readonly metadata: ProviderMetadata;
}
