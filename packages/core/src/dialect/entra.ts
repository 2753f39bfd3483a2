import { MULTI_TENANT_SEGMENTS } from "../authority/clouds.js";
import { externalIdTenant } from "../authority/document-issuer.js";
import { clientConfigurationError } from "../errors/errors.js";
import { Parameters } from "../request/parameters.js";
import { OIDC_SCOPES } from "../request/scopes.js";
import type { AssertionHeader, Dialect, SigningKey } from "./dialect.js";
import { addLibraryInfo } from "./entra-telemetry.js";
import { commonHeader, thumbprint } from "./assertion-header.js";

/** Microsoft Entra and Azure AD B2C. */
export const entra: Dialect = {
  accountType: "MSSTS",
  hasTenants: true,
  hasIssuers: false,
  hasClouds: true,
  announcesFeatures: false,
  bindsTokens: false,
  refreshesGrantedScopesOnly: false,
  // Desktop clocks are often wrong. Five minutes is also the margin at which access tokens count as expired.
  clockTolerance: 300,
  rotatesRefreshTokens: false,
  tlsVouches: true,
  issuesIdTokens: () => true,
  postsForms: true,
  sendsExtraParameters: false,
  repeatsClientId: true,
  reusesAssertions: true,
  needsAppScope: true,
  authenticatesDevices: false,
  deviceGrantType: "device_code",
  passwordRealmGrantType: undefined,
  passwordResponseType: "id_token token",
  idTokenClaims: {
    signin_state: { essential: false },
    login_hint: { essential: false },
    tenant_region_sub_scope: { essential: false },
  },
  // B2C policies and External ID check passwords themselves. External ID may use a custom domain.
  federatesUsers: ({ url, metadata }) =>
    url.segments.length === 1 && externalIdTenant(metadata.issuer) === undefined,
  isMultiTenant: ({ tenant }) => MULTI_TENANT_SEGMENTS.has(tenant),
  userScopes: () => OIDC_SCOPES,
  // Only B2C does, whose authorities name a policy beside the tenant.
  sendsIdTokenAlone: ({ segments }) => segments.length > 1,
  secretMethods: () => ["client_secret_post"],
  assertionAudience: ({ token_endpoint = "" }) => token_endpoint,
  assertionHeader: (key) => rsaHeader(key, key.sha256 ? "PS256" : "RS256"),
  unpublishedDeviceEndpoint: ({ token_endpoint = "" }) =>
    token_endpoint.replace(/\/token\/?$/, "/devicecode"),
  authorizationParameters({ library, correlationId }) {
    const parameters = new Parameters()
      .set("client-request-id", correlationId)
      .set("client_info", "1")
      .set("clidata", "1");
    addLibraryInfo(parameters, library, false);
    return parameters;
  },
  tokenParameters({ library, correlationId, telemetry, apiId, miss, region, isForUser }) {
    const body = new Parameters();
    addLibraryInfo(body, library, true);
    if (apiId !== undefined) telemetry.addTo(body, apiId, miss, region);
    if (isForUser) body.set("client_info", "1");
    return { body, query: new Parameters().set("client-request-id", correlationId) };
  },
  anchorMailbox({ type, credential }) {
    if (type === "UPN") return `UPN:${credential}`;
    // Longer ids are not Entra's.
    const [uid, utid] = /^[\x21-\x7e]{1,256}$/.test(credential) ? credential.split(".") : [];
    return uid && utid ? `Oid:${uid}@${utid}` : undefined;
  },
};

/**
 * Returns the header for an RSA key, with its SHA-256 thumbprint or, for servers that support only SHA-1, its SHA-1
 * thumbprint.
 */
export function rsaHeader(key: SigningKey, alg: "PS256" | "RS256", prefersSha1 = false): AssertionHeader {
  if (key.key.asymmetricKeyType !== "rsa") {
    throw clientConfigurationError(
      "invalid_certificate",
      "auth.clientCertificate does not have an RSA key, which Entra requires.",
    );
  }
  const { sha256, sha1 } = key;
  const name =
    sha256 && !(prefersSha1 && sha1)
      ? { "x5t#S256": thumbprint(sha256) }
      : sha1
        ? { x5t: thumbprint(sha1) }
        : {};
  return { alg, ...commonHeader(key), ...name };
}
