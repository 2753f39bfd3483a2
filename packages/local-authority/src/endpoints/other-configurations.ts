import type { Tenant } from "../config/config.js";
import { b2cIssuer } from "../dialects/b2c.js";
import type { TenantScope } from "../directory.js";
import { federationIssuer } from "../federation/audience.js";
import type { AuthorityState } from "../state.js";

/**
 * The metadata of AD FS, with the trailing slashes of two of its endpoints.
 * https://learn.microsoft.com/openspecs/windows_protocols/ms-oidce (§2.2.3.2)
 */
export function adfsConfiguration({ url, mtlsUrl }: AuthorityState) {
  const base = `${url}/adfs`;
  return {
    issuer: base,
    authorization_endpoint: `${base}/oauth2/authorize/`,
    token_endpoint: `${base}/oauth2/token/`,
    jwks_uri: `${base}/discovery/keys`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic", "private_key_jwt"],
    response_types_supported: ["code", "code id_token"],
    response_modes_supported: ["query", "fragment", "form_post"],
    grant_types_supported: [
      "authorization_code",
      "refresh_token",
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:jwt-bearer",
      "password",
      "urn:ietf:params:oauth:grant-type:device_code",
      "device_code",
    ],
    subject_types_supported: ["pairwise"],
    scopes_supported: ["openid", "profile", "email", "allatclaims", "user_impersonation"],
    id_token_signing_alg_values_supported: ["RS256"],
    token_endpoint_auth_signing_alg_values_supported: ["RS256"],
    access_token_issuer: federationIssuer(url),
    claims_supported: [
      "aud",
      "iss",
      "iat",
      "exp",
      "auth_time",
      "nonce",
      "c_hash",
      "sub",
      "upn",
      "unique_name",
      "sid",
      "nbf",
    ],
    microsoft_multi_refresh_token: true,
    userinfo_endpoint: `${base}/userinfo`,
    capabilities: [],
    end_session_endpoint: `${base}/oauth2/logout`,
    frontchannel_logout_supported: false,
    device_authorization_endpoint: `${base}/oauth2/devicecode`,
    code_challenge_methods_supported: ["plain", "S256"],
    ...(mtlsUrl === undefined
      ? {}
      : { mtls_endpoint_aliases: { token_endpoint: `${mtlsUrl}/adfs/oauth2/token/` } }),
  };
}

/** The metadata of a B2C policy. https://learn.microsoft.com/azure/active-directory-b2c/openid-connect */
export function b2cConfiguration({ url }: AuthorityState, { segment }: TenantScope, tenant: Tenant) {
  const base = `${url}/${segment}`;
  return {
    issuer: b2cIssuer(url, tenant),
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    response_types_supported: ["code", "code id_token"],
    scopes_supported: ["openid"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
    code_challenge_methods_supported: ["plain", "S256"],
    claims_supported: [
      "name",
      "emails",
      "oid",
      "tfp",
      "sub",
      "iss",
      "aud",
      "exp",
      "iat",
      "nbf",
      "auth_time",
      "nonce",
      "ver",
    ],
  };
}
