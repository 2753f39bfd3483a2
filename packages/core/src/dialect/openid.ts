import { Parameters } from "../request/parameters.js";
import { commonHeader, thumbprint } from "./assertion-header.js";
import type { Dialect, SigningKey } from "./dialect.js";

/** Any other OpenID Provider: the standards and its discovery document. */
export const openid: Dialect = {
  accountType: "Generic",
  hasTenants: false,
  hasIssuers: true,
  hasClouds: false,
  announcesFeatures: true,
  refreshesGrantedScopesOnly: true,
  clockTolerance: 30,
  tlsVouches: false,
  postsForms: false,
  repeatsClientId: false,
  // OpenID Connect Core §9: each `jti` is accepted only once.
  reusesAssertions: false,
  deviceGrantType: "urn:ietf:params:oauth:grant-type:device_code",
  passwordResponseType: undefined,
  idTokenClaims: undefined,
  federatesPasswords: () => false,
  isMultiTenant: () => false,
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
