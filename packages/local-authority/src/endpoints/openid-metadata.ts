import type { TenantScope } from "../directory.js";
import { openidIssuer } from "../dialects/openid.js";
import type { AuthorityState } from "../state.js";

/** The metadata of a tenant's standard issuer (RFC 8414 §2, OpenID Connect Discovery §3). */
export function openidMetadata({ url, config }: AuthorityState, { segment, tenant }: TenantScope) {
  const base = `${url}/${segment}`;
  const { dynamic, metadataDocuments } = config.clientRegistration;
  return {
    issuer: openidIssuer(url, { id: tenant?.id ?? "" }),
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    ...(dynamic ? { registration_endpoint: `${base}/register` } : {}),
    ...(metadataDocuments ? { client_id_metadata_document_supported: true } : {}),
    authorization_response_iss_parameter_supported: true,
    code_challenge_methods_supported: ["S256"],
    grant_types_supported: [
      "authorization_code",
      "refresh_token",
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:device_code",
    ],
    response_types_supported: ["code"],
    response_modes_supported: ["query", "fragment", "form_post"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    token_endpoint_auth_methods_supported: [
      "none",
      "client_secret_basic",
      "client_secret_post",
      "private_key_jwt",
    ],
    token_endpoint_auth_signing_alg_values_supported: ["RS256", "PS256", "ES256"],
  };
}
