import type { ProviderMetadata } from "../authority/authority.js";
import { Parameters } from "../request/parameters.js";
import { OIDC_SCOPES } from "../request/scopes.js";
import { commonHeader, thumbprint } from "./assertion-header.js";
import type { Dialect, SigningKey } from "./dialect.js";

/** Any other OpenID Provider: the standards and its discovery document. */
export const openid: Dialect = {
  accountType: "Generic",
  hasTenants: false,
  hasIssuers: true,
  hasClouds: false,
  announcesFeatures: true,
  bindsTokens: true,
  refreshesGrantedScopesOnly: true,
  clockTolerance: 30,
  rotatesRefreshTokens: true,
  tlsVouches: false,
  issuesIdTokens,
  postsForms: false,
  sendsExtraParameters: true,
  repeatsClientId: false,
  // OpenID Connect Core §9: each `jti` is accepted only once.
  reusesAssertions: false,
  needsAppScope: false,
  authenticatesDevices: true,
  deviceGrantType: "urn:ietf:params:oauth:grant-type:device_code",
  passwordRealmGrantType: "http://auth0.com/oauth/grant-type/password-realm",
  passwordResponseType: undefined,
  idTokenClaims: undefined,
  federatesUsers: () => false,
  isMultiTenant: () => false,
  userScopes,
  sendsIdTokenAlone: () => false,
  secretMethods({ token_endpoint_auth_methods_supported: supported }) {
    const listed: readonly unknown[] = Array.isArray(supported) ? supported : [];
    // The registration decides. Basic is its default (RFC 7591 §2, OpenID Connect Core §9).
    const [first = "client_secret_basic", other] = SECRET_METHODS.filter((name) => listed.includes(name));
    if (other || listed.includes(first)) return [first, other];
    return ["client_secret_basic", "client_secret_post"];
  },
  assertionAudience: ({ issuer }) => issuer,
  assertionHeader(key, metadata) {
    const listed = metadata["token_endpoint_auth_signing_alg_values_supported"];
    const alg = algorithmOf(key.key, Array.isArray(listed) ? listed : ["RS256"]);
    return { alg, ...commonHeader(key), ...(key.sha256 ? { "x5t#S256": thumbprint(key.sha256) } : {}) };
  },
  unpublishedDeviceEndpoint: () => undefined,
  authorizationParameters: () => new Parameters(),
  tokenParameters: () => ({ body: new Parameters(), query: new Parameters() }),
  anchorMailbox: () => undefined,
};

/**
 * The scopes that the provider lists, and `openid`, which every OpenID Provider has (OpenID Connect Discovery §3). Where
 * nothing is listed, `offline_access` is left out: providers that do not know it end the sign-in.
 */
function userScopes(metadata: ProviderMetadata): readonly string[] {
  const listed = listedScopes(metadata);
  if (!issuesIdTokens(metadata)) return OIDC_SCOPES.filter((scope) => listed.includes(scope));
  return OIDC_SCOPES.filter((scope) =>
    listed.length > 0 && scope !== "openid" ? listed.includes(scope) : scope !== "offline_access",
  );
}

/**
 * Whether metadata describe an OpenID Provider, rather than an OAuth server without ID tokens: they list `openid`, or have
 * what OpenID Connect Discovery §3 requires and RFC 8414 does not know. Metadata given by hand may have keys and little
 * else.
 */
function issuesIdTokens(metadata: ProviderMetadata): boolean {
  const has = (member: string): boolean => metadata[member] !== undefined && metadata[member] !== null;
  if (listedScopes(metadata).includes("openid")) return true;
  if (has("id_token_signing_alg_values_supported") || has("subject_types_supported")) return true;
  return !has("response_types_supported") && Boolean(metadata.jwks_uri);
}

function listedScopes({ scopes_supported: listed }: ProviderMetadata): readonly unknown[] {
  return Array.isArray(listed) ? (listed as unknown[]) : [];
}

const SECRET_METHODS = ["client_secret_basic", "client_secret_post"] as const;

const EC_ALGORITHMS: Readonly<Record<string, string>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

function algorithmOf(key: SigningKey["key"], accepted: readonly unknown[]): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve) return EC_ALGORITHMS[curve] ?? "ES256";
  if (key.asymmetricKeyType === "ed25519") return accepted.includes("Ed25519") ? "Ed25519" : "EdDSA";
  return (
    ["RS256", "PS256", "RS384", "PS384", "RS512", "PS512"].find((alg) => accepted.includes(alg)) ?? "RS256"
  );
}
