import type { Authority, ProviderMetadata } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import type { Region } from "../authority/region.js";
import type { Miss } from "../request/miss.js";
import type { Parameters } from "../request/parameters.js";
import type { AuthMethod } from "./auth-methods.js";
import type { ApiId, LibraryInfo, ServerTelemetry } from "./entra-telemetry.js";

/**
 * What one kind of identity provider does beside the standards, or in place of them. A flow asks its authority's dialect
 * and never for the kind, so that all of it can be read in one place.
 */
export interface Dialect {
  /** `authority_type` of its accounts in the cache. */
  readonly accountType: "MSSTS" | "ADFS" | "Generic";
  /**
   * Whether it has tenants: tokens belong to the tenant that the ID token names, and `client_info` names the user across
   * them. Elsewhere tokens belong to the authority's path, and the user is known by the subject.
   */
  readonly hasTenants: boolean;
  /** Whether a host may have several issuers, each with users of its own. */
  readonly hasIssuers: boolean;
  /** Whether it runs in several sovereign clouds, which have the same tenants' paths on other hosts. */
  readonly hasClouds: boolean;
  /** Whether a refresh may ask only for scopes that the user has granted (RFC 6749 §6). */
  readonly refreshesGrantedScopesOnly: boolean;
  /** How far the provider's clock and this machine's may be apart, in seconds. */
  readonly clockTolerance: number;
  /** Whether TLS to the token endpoint may stand in for an ID token's signature (OpenID Connect Core §3.1.3.7 (6)). */
  readonly tlsVouches: boolean;
  /** Whether an authorization response can always be posted as a form. */
  readonly postsForms: boolean;
  /** Whether a client assertion may be sent more than once. */
  readonly reusesAssertions: boolean;
  /** `grant_type` of a device code. */
  readonly deviceGrantType: string;
  /** `response_type` that goes with a user's password. */
  readonly passwordResponseType: string | undefined;
  /** Members of the `claims` parameter's `id_token` that every user's token is asked for; the caller's wishes win. */
  readonly idTokenClaims: Readonly<Record<string, unknown>> | undefined;
  /** Whether the password of a user may belong to a federation server. */
  federatesPasswords(authority: Pick<Authority, "url" | "metadata">): boolean;
  /** Whether the authority stands for many tenants: no app has a token of its own there. */
  isMultiTenant(url: AuthorityUrl): boolean;
  /** How a secret is sent when the registration does not say. */
  secretMethod(metadata: ProviderMetadata): AuthMethod;
  /** `aud` of a client assertion. */
  assertionAudience(metadata: ProviderMetadata): string;
  /**
   * Header of a client assertion, which names the key and the algorithm.
   *
   * @throws ClientConfigurationError `invalid_certificate` for a key that the provider does not accept
   */
  assertionHeader(key: SigningKey, metadata: ProviderMetadata): AssertionHeader;
  /** The device authorization endpoint of a provider that does not publish one. */
  unpublishedDeviceEndpoint(metadata: ProviderMetadata): string | undefined;
  /** Parameters that the authorization request carries beside the standard ones. */
  authorizationParameters(info: RequestInfo): Parameters;
  /** Parameters that the token request carries beside the standard ones. */
  tokenParameters(info: TokenRequestInfo): TokenParameters;
  /** Routes a request to the data center that knows the user: the value of `X-AnchorMailbox`. */
  anchorMailbox(user: AnchorUser): string | undefined;
}

/** What a provider may be told of a request. */
export interface RequestInfo {
  readonly library: LibraryInfo;
  readonly correlationId: string;
}

/** What a provider may be told of a token request. */
export interface TokenRequestInfo extends RequestInfo {
  readonly telemetry: ServerTelemetry;
  readonly apiId: ApiId;
  readonly miss: Miss;
  readonly region: Region | undefined;
  /** False for an app's own token. */
  readonly isForUser: boolean;
}

/** Extra parameters of a token request. */
export interface TokenParameters {
  readonly body: Parameters;
  readonly query: Parameters;
}

/** The user a request is about: a home account id or a user name. */
export interface AnchorUser {
  readonly credential: string;
  readonly type: "home_account_id" | "UPN";
}

/** A certificate's facts, as far as they decide how an assertion is signed. */
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
