import { consumersTenantId, type TenantScope } from "../directory.js";
import { AadstsError, refuse } from "../errors/errors.js";
import { requestedAuthority, type RequestContext } from "../http/request-context.js";
import type { AuthorityState } from "../state.js";
import { issuerOf } from "../tokens/tokens.js";
import { openidMetadata } from "./openid-metadata.js";
import { adfsConfiguration, b2cConfiguration } from "./other-configurations.js";

/** The discovery document (OpenID Connect Discovery §4). */
export function openidConfiguration(c: RequestContext, state: AuthorityState): Response {
  const at = findTenant(c, state);
  if (at.kind === "adfs") return c.json(adfsConfiguration(state));
  if (at.kind === "b2c" && at.tenant !== undefined) return c.json(b2cConfiguration(state, at, at.tenant));
  if (at.kind === "openid") return c.json(openidMetadata(state, at));
  return c.json(entraConfiguration(state, at));
}

/** Entra's document, for a tenant or for `common`, `organizations` and `consumers`. */
function entraConfiguration({ url, mtlsUrl }: AuthorityState, at: TenantScope) {
  const base = `${url}/${at.segment}`;
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: [
      "client_secret_post",
      "private_key_jwt",
      "client_secret_basic",
      "client_secret_jwt",
      ...(mtlsUrl === undefined ? [] : ["tls_client_auth", "self_signed_tls_client_auth"]),
    ],
    token_endpoint_auth_signing_alg_values_supported: ["RS256", "PS256", "ES256", "HS256"],
    ...(mtlsUrl === undefined
      ? {}
      : {
          mtls_endpoint_aliases: { token_endpoint: `${mtlsUrl}/${at.segment}/oauth2/v2.0/token` },
          tls_client_certificate_bound_access_tokens: true,
        }),
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "code id_token"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    issuer: issuerOf(url, issuerTenant(at)),
    request_uri_parameter_supported: false,
    userinfo_endpoint: `${url}/oidc/userinfo`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: false,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    code_challenge_methods_supported: ["plain", "S256"],
    claims_supported: [
      "sub",
      "iss",
      "cloud_instance_name",
      "aud",
      "exp",
      "iat",
      "auth_time",
      "nonce",
      "preferred_username",
      "name",
      "tid",
      "ver",
      "email",
    ],
    tenant_region_scope: null,
    cloud_instance_name: new URL(url).host,
    msgraph_host: "graph.microsoft.com",
  };
}

/** The `error` for an unknown tenant differs from that of other endpoints. */
function findTenant(c: RequestContext, state: AuthorityState): TenantScope {
  try {
    return requestedAuthority(c, state.directory);
  } catch (failure) {
    if (failure instanceof AadstsError && failure.code === 90002) {
      throw refuse(90002, { tenant: c.req.param("tenant") ?? "" }, { error: "invalid_tenant" });
    }
    throw failure;
  }
}

/** `common` serves many tenants, so its issuer contains the literal placeholder. */
function issuerTenant(at: TenantScope): string {
  if (at.tenant !== undefined) return at.tenant.id;
  return at.segment === "consumers" ? consumersTenantId : "{tenantid}";
}
