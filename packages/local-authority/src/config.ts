/** A directory of apps and users. Entra's tenant. */
export interface Tenant {
  /** GUID, lower case. */
  readonly id: string;
  /** Domain name that can stand for the id in an authority URL, e.g. `contoso.example`. */
  readonly domain: string;
  readonly name: string;
  readonly apps: readonly App[];
  readonly users: readonly User[];
  /** A second domain of the tenant, whose passwords the emulated AD FS checks. */
  readonly federation?: Federation;
}

/** A federated domain: its users have their password at an AD FS, which this authority emulates under `/adfs`. */
export interface Federation {
  /** Another one than the tenant's own. */
  readonly domain: string;
  readonly users: readonly User[];
  /** The assertions that WS-Trust 1.3 issues unless the client asks for others; 2005 issues SAML 1.1. */
  readonly samlVersion: "1.1" | "2.0";
}

/** An app registration. One without any credential is a public client. */
export interface App {
  readonly clientId: string;
  readonly name: string;
  readonly clientSecret?: string;
  /**
   * Compared exactly, with two exceptions: the port of a loopback address is ignored (RFC 8252 §7.3), and an entry
   * that ends with `/*` takes any path below it, which Entra does not offer.
   */
  readonly redirectUris: readonly string[];
  /** The app's own API: `{identifierUri}/{scope}`. */
  readonly identifierUri: string;
  /** Delegated permissions of the app's own API. Empty means: any. */
  readonly scopes: readonly string[];
  /** Application permissions this app holds; the `roles` claim of its app tokens. */
  readonly roles: readonly string[];
  /** `true`: a user sees the consent page before the first token. */
  readonly requiresConsent: boolean;
  /** `true`: usable from every tenant and from `common` and `organizations`. */
  readonly multiTenant: boolean;
  /** Family of client ids, `"1"` at Microsoft: members can redeem each other's refresh tokens (`foci`). */
  readonly familyId?: string;
  /** Overrides the authority's `refreshTokenRotation`. */
  readonly refreshTokenRotation?: RefreshTokenRotation;
  /** `true`: an administrator has disabled it. */
  readonly disabled?: boolean;
  /** RSA certificates, PEM: client assertions name them by thumbprint. */
  readonly certificates?: readonly string[];
  /** Any certificate with this subject from this authority; client assertions carry its chain (`x5c`). */
  readonly subjectNameIssuer?: SubjectNameIssuer;
  /** Public keys for `private_key_jwt` (OpenID Connect Core §9), as any OpenID Provider takes them; Entra does not. */
  readonly jwks?: KeySet;
  /** `true`: assertions signed with the secret are taken too (`client_secret_jwt`, HS256). Entra does not. */
  readonly clientSecretJwt?: boolean;
  /** Issuers whose tokens are good as client assertions. */
  readonly federatedCredentials?: readonly FederatedCredential[];
  /** TLS client certificate (RFC 8705 §2). */
  readonly tlsClientAuth?: TlsClientAuth;
  /** `true`: a client assertion is good for one request (RFC 7523 §3 (7)). Entra takes it until it expires. */
  readonly rejectReplayedAssertions?: boolean;
}

export interface SubjectNameIssuer {
  /** Common name, DNS name, or the whole subject (`O=Contoso, CN=app`). */
  readonly subject: string;
  /** Certificate of the authority to which the chain must lead, PEM. */
  readonly issuerCa: string;
}

/** RFC 8705 §2.1: subject and authority; §2.2: the certificate itself, PEM. */
export type TlsClientAuth = SubjectNameIssuer | { readonly certificate: string };

/** RFC 7517 §5 */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** Trust in the tokens of an issuer: workload identity federation. */
export interface FederatedCredential {
  /** The `iss` claim. Absent: this authority's own tokens of the app's tenant. */
  readonly issuer?: string;
  /** The `sub` claim. */
  readonly subject: string;
  /** The `aud` claim. Default `api://AzureADTokenExchange`. */
  readonly audience: string;
  /** The issuer's keys. Without them and `jwksUri`, an issuer on this machine is asked by discovery. */
  readonly jwks?: KeySet;
  /** Where an issuer on this machine publishes its keys. */
  readonly jwksUri?: string;
  /** Certificate of the authority to trust for TLS with the issuer, PEM; beside this authority's own. */
  readonly ca?: string;
}

export interface User {
  /** Object id, a GUID. */
  readonly oid: string;
  readonly username: string;
  readonly password: string;
  readonly name: string;
  readonly email: string;
  readonly disabled: boolean;
  /** `true`: needs a second factor for everything, as with per-user multi-factor authentication. */
  readonly multiFactor?: boolean;
}

/** All in seconds. */
export interface Lifetimes {
  readonly accessToken: number;
  readonly idToken: number;
  readonly code: number;
  readonly refreshToken: number;
  readonly session: number;
}

/** How devices without a browser sign in (RFC 8628). */
export interface DeviceCodeSettings {
  /** `true`: send `verification_uri_complete` too, which Entra does not. */
  readonly completeUri: boolean;
  /** How long a client has to wait between two polls, seconds. */
  readonly interval: number;
  /** How long a code is good for, seconds. */
  readonly lifetime: number;
}

/**
 * What happens to a refresh token when it is redeemed. `reuse-allowed`: it lives on, as at Entra. `strict`: it is
 * revoked at once (RFC 9700 §4.14.2).
 */
export type RefreshTokenRotation = "reuse-allowed" | "strict";

/** The effective configuration: what was asked for, over the defaults. */
export interface AuthorityConfig {
  readonly tenants: readonly Tenant[];
  readonly lifetimes: Lifetimes;
  readonly deviceCode: DeviceCodeSettings;
  /** `ext_expires_in` of every token response, in seconds; absent: the lifetime of the access token. */
  readonly extExpiresIn?: number;
  /** `refresh_in` of every token response, in seconds; absent: not sent. */
  readonly refreshIn?: number;
  readonly refreshTokenRotation: RefreshTokenRotation;
  /**
   * Resources, beside Microsoft Graph and the apps' own APIs, that tokens can be asked for. Absent: any resource.
   * With a list, others are refused with AADSTS500011, as Entra does.
   */
  readonly resources?: readonly string[];
  readonly conditionalAccess: readonly ConditionalAccessPolicy[];
  /** Absent: no instance metadata service. */
  readonly instanceMetadata?: InstanceMetadata;
}

/** What the emulated instance metadata service of a virtual machine tells. */
export interface InstanceMetadata {
  /** The region, e.g. `westus2`. */
  readonly location: string;
}

/**
 * Asks users for a second factor, or keeps them out. A policy covers what all its conditions fit; without conditions it
 * covers everything. Until the user has signed in with the second factor, token requests are refused with AADSTS50076
 * and the challenge; what is blocked is refused with AADSTS53003.
 */
export interface ConditionalAccessPolicy {
  /** The API that is called: identifier URI, client id, or any other resource, such as `https://graph.microsoft.com`. */
  readonly resource?: string;
  /** The app that asks for the token. */
  readonly clientId?: string;
  readonly username?: string;
  /** Default `multi-factor`. */
  readonly control: "multi-factor" | "block";
  /** The challenge: what the `claims` member of the error holds. Default: `access_token.polids` with an id of its own. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A tenant to add, or to lay over the default tenant with the same `id` or `domain`. */
export type TenantOptions = Partial<Omit<Tenant, "apps" | "users" | "federation">> & {
  readonly apps?: readonly AppOptions[];
  readonly users?: readonly UserOptions[];
  readonly federation?: FederationOptions;
};
/** A federated domain; without `users` it has one, `grace@{domain}`. */
export type FederationOptions = Partial<Omit<Federation, "users">> & {
  readonly domain: string;
  readonly users?: readonly UserOptions[];
};
/** An app to add, or to lay over the one with the same `clientId`. `clientSecret: null` makes it public. */
export type AppOptions = Partial<Omit<App, "clientSecret" | "federatedCredentials">> & {
  readonly clientId: string;
  readonly federatedCredentials?: readonly FederatedCredentialOptions[];
  readonly clientSecret?: string | null;
};
/** `audience` may be left out. */
export type FederatedCredentialOptions = Omit<FederatedCredential, "audience"> & {
  readonly audience?: string;
};
/** A user to add, or to lay over the one with the same `username`. */
export type UserOptions = Partial<User> & { readonly username: string };

/** A policy; `control` and `claims` may be left out. */
export type ConditionalAccessOptions = Partial<ConditionalAccessPolicy>;

/** The part of the options that a configuration file can hold. */
export interface ConfigOptions {
  readonly tenants?: readonly TenantOptions[];
  readonly lifetimes?: Partial<Lifetimes>;
  readonly deviceCode?: Partial<DeviceCodeSettings>;
  readonly extExpiresIn?: number;
  readonly refreshIn?: number;
  readonly refreshTokenRotation?: RefreshTokenRotation;
  readonly resources?: readonly string[];
  readonly conditionalAccess?: readonly ConditionalAccessOptions[];
  readonly instanceMetadata?: InstanceMetadata;
}
