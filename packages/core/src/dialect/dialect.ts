import type { Authority, ProviderMetadata } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import type { Region } from "../authority/region.js";
import type { Miss } from "../request/miss.js";
import type { Parameters } from "../request/parameters.js";
import type { AuthMethod } from "./auth-methods.js";
import type { ApiId, LibraryInfo, ServerTelemetry } from "./entra-telemetry.js";

/**
 * How one kind of identity provider extends or deviates from the standards. Flows consult the authority's dialect and
 * never its kind, so that all differences are in one place.
 */
export interface Dialect {
  /** `authority_type` of its accounts in the cache. */
  readonly accountType: "MSSTS" | "ADFS" | "Generic";
  /**
   * Whether it has tenants: tokens belong to the tenant in the ID token, and `client_info` identifies the user across
   * tenants. Otherwise tokens belong to the authority's path, and the subject identifies the user.
   */
  readonly hasTenants: boolean;
  /** Whether a host may have several issuers, each with its own users. */
  readonly hasIssuers: boolean;
  /** Whether it runs in several clouds, with the same paths on different hosts. */
  readonly hasClouds: boolean;
  /** Whether its document announces every feature that it supports, such as PKCE (RFC 8414 §2). */
  readonly announcesFeatures: boolean;
  /** Whether it may bind tokens to a key of the client (DPoP, RFC 9449). */
  readonly bindsTokens: boolean;
  /** Whether a refresh may request only scopes that the user has granted (RFC 6749 §6). */
  readonly refreshesGrantedScopesOnly: boolean;
  /** Whether a refresh token may be good for one request, and a second one may count as a theft (RFC 9700 §4.14.2). */
  readonly rotatesRefreshTokens: boolean;
  /** Accepted difference between the provider's clock and this machine's, in seconds. */
  readonly clockTolerance: number;
  /**
   * Whether TLS to the token endpoint may replace checking an ID token's signature (OpenID Connect Core §3.1.3.7
   * (6)).
   */
  readonly tlsVouches: boolean;
  /**
   * Whether the caller's extra parameters of the token request are also sent with the request for a code, as `audience`
   * has to be.
   */
  readonly sendsExtraParameters: boolean;
  /** Whether it is known to issue ID tokens; false for an OAuth server without OpenID Connect. */
  issuesIdTokens(metadata: ProviderMetadata): boolean;
  /** Whether an authorization response can always be posted as a form. */
  readonly postsForms: boolean;
  /** Whether a form names the client also beside HTTP Basic, which Okta takes for two authentications. */
  readonly repeatsClientId: boolean;
  /** Whether a client assertion may be sent more than once. */
  readonly reusesAssertions: boolean;
  /**
   * Whether an app-only token needs a scope, which names its resource. Otherwise the server decides what a request without
   * scopes grants (RFC 6749 §3.3).
   */
  readonly needsAppScope: boolean;
  /** Whether a client with a credential authenticates to get a device code (RFC 8628 §3.1). */
  readonly authenticatesDevices: boolean;
  /** `grant_type` of a device code. */
  readonly deviceGrantType: string;
  /** `grant_type` of a user's password at one of several user databases. */
  readonly passwordRealmGrantType: string | undefined;
  /** `response_type` to send with a user's password. */
  readonly passwordResponseType: string | undefined;
  /** Default members of `id_token` in the `claims` parameter of user flows. The caller's claims override them. */
  readonly idTokenClaims: Readonly<Record<string, unknown>> | undefined;
  /** Whether a federation server may identify its users, by password or Kerberos ticket. */
  federatesUsers(authority: Pick<Authority, "url" | "metadata">): boolean;
  /** Whether the authority stands for several tenants, and so cannot issue app-only tokens. */
  isMultiTenant(url: AuthorityUrl): boolean;
  /** The scopes that a user flow adds to the caller's. */
  userScopes(metadata: ProviderMetadata): readonly string[];
  /** Whether a sign-in without scopes of an API may be answered with an ID token alone. */
  sendsIdTokenAlone(url: AuthorityUrl): boolean;
  /** How to send a client secret, and the method to try once if the server refuses the client. */
  secretMethods(metadata: ProviderMetadata): readonly [AuthMethod, AuthMethod?];
  /** `aud` of a client assertion. */
  assertionAudience(metadata: ProviderMetadata): string;
  /**
   * JOSE header of a client assertion, which names the key and the algorithm.
   *
   * @throws ClientConfigurationError `invalid_certificate` for a key that the provider does not accept
   */
  assertionHeader(key: SigningKey, metadata: ProviderMetadata): AssertionHeader;
  /** The device authorization endpoint, if the provider has one that it does not publish. */
  unpublishedDeviceEndpoint(metadata: ProviderMetadata): string | undefined;
  /** Additional parameters of the authorization request. */
  authorizationParameters(info: RequestInfo): Parameters;
  /** Additional parameters of the token request. */
  tokenParameters(info: TokenRequestInfo): TokenParameters;
  /** Value of `X-AnchorMailbox`, which routes a request to the user's data center. */
  anchorMailbox(user: AnchorUser): string | undefined;
}

/** The facts of a request that may be sent to the provider. */
export interface RequestInfo {
  readonly library: LibraryInfo;
  readonly correlationId: string;
}

/** The facts of a token request that may be sent to the provider. */
export interface TokenRequestInfo extends RequestInfo {
  readonly telemetry: ServerTelemetry;
  readonly apiId: ApiId | undefined;
  readonly miss: Miss;
  readonly region: Region | undefined;
  /** False for an app-only token. */
  readonly isForUser: boolean;
}

/** Extra parameters of a token request. */
export interface TokenParameters {
  readonly body: Parameters;
  readonly query: Parameters;
}

/** The user that a request concerns, by home account id or user name. */
export interface AnchorUser {
  readonly credential: string;
  readonly type: "home_account_id" | "UPN";
}

/** The properties of a certificate that determine how an assertion is signed. */
export interface SigningKey {
  readonly key: {
    readonly asymmetricKeyType?: string | undefined;
    readonly asymmetricKeyDetails?: { readonly namedCurve?: string | undefined } | undefined;
  };
  /** Thumbprints in hexadecimal. */
  readonly sha256: string | undefined;
  readonly sha1: string | undefined;
  /** base64 DER, the leaf first. */
  readonly x5c: readonly string[] | undefined;
  readonly kid: string | undefined;
}

/** JOSE header of a client assertion (RFC 7515 §4.1). */
export type AssertionHeader = Readonly<Record<string, unknown>> & { readonly alg: string };
