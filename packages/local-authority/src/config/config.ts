/** A tenant: a directory of apps and users. */
export interface Tenant {
  /** GUID in lower case. */
  readonly id: string;
  /** Domain name, for example `contoso.example`; an authority URL can use it instead of the ID. */
  readonly domain: string;
  readonly name: string;
  readonly apps: readonly App[];
  readonly users: readonly User[];
  /** A second domain of the tenant, whose users sign in at the emulated AD FS. */
  readonly federation?: Federation;
}

/** A federated domain. An AD FS, which this authority emulates under `/adfs`, verifies its users' passwords. */
export interface Federation {
  /** Domain name; must differ from the tenant's own. */
  readonly domain: string;
  readonly users: readonly User[];
  /** The default version of assertions from WS-Trust 1.3; the 2005 endpoint issues SAML 1.1 by default. */
  readonly samlVersion: "1.1" | "2.0";
}

/** An app registration. An app without credentials is a public client. */
export interface App {
  readonly clientId: string;
  readonly name: string;
  readonly clientSecret?: string;
  /**
   * Redirect URIs, compared exactly with two exceptions: the port of a loopback address is ignored (RFC 8252 §7.3), and an
   * entry that ends with `/*` matches any path below it, which Entra does not support.
   */
  readonly redirectUris: readonly string[];
  /** Application ID URI of the app's own API; its scopes are `{identifierUri}/{scope}`. */
  readonly identifierUri: string;
  /** Delegated permissions of the app's own API. If empty, any permission is allowed. */
  readonly scopes: readonly string[];
  /** Application permissions of this app, sent as the `roles` claim of its app tokens. */
  readonly roles: readonly string[];
  /** `true` to show users a consent page before the first token. */
  readonly requiresConsent: boolean;
  /** `true` to allow the app in every tenant and at `common` and `organizations`. */
  readonly multiTenant: boolean;
  /** Family of client IDs whose members can redeem each other's refresh tokens (`foci`); `"1"` at Microsoft. */
  readonly familyId?: string;
  /** Overrides the authority's `refreshTokenRotation`. */
  readonly refreshTokenRotation?: RefreshTokenRotation;
  /** `true` if an administrator has disabled the app. */
  readonly disabled?: boolean;
  /** RSA certificates in PEM format, which client assertions identify by thumbprint. */
  readonly certificates?: readonly string[];
  /** Accepts any certificate with this subject from this CA; client assertions contain its chain (`x5c`). */
  readonly subjectNameIssuer?: SubjectNameIssuer;
  /** Public keys for `private_key_jwt` (OpenID Connect Core §9), which Entra does not support. */
  readonly jwks?: KeySet;
  /** `true` to accept assertions signed with the secret (`client_secret_jwt`, HS256), which Entra does not support. */
  readonly clientSecretJwt?: boolean;
  /** Issuers whose tokens are accepted as client assertions. */
  readonly federatedCredentials?: readonly FederatedCredential[];
  /** TLS client certificate to accept (RFC 8705 §2). */
  readonly tlsClientAuth?: TlsClientAuth;
  /** `true` to accept each client assertion once (RFC 7523 §3 (7)). Entra accepts it until it expires. */
  readonly rejectReplayedAssertions?: boolean;
  /** Client ID of the blueprint of which this is an agent identity. It authenticates with the blueprint's tokens only. */
  readonly agentIdentityBlueprintId?: string;
  /** Delegated permissions that an agent has been granted. Absent: all. */
  readonly oauth2PermissionGrants?: readonly PermissionGrant[];
  /** The managed identity that this is the service principal of; cannot be configured here. */
  readonly managedIdentity?: ManagedIdentity;
}

/**
 * The identity of an Azure resource, which an emulated host gives tokens to. At the token endpoint, it can only authenticate
 * with federated credentials.
 */
export interface ManagedIdentity {
  readonly clientId: string;
  /** Object ID of its service principal, a GUID: the `oid` and `sub` claims of its tokens. */
  readonly objectId: string;
  /** Azure resource ID: its own, or that of the host if it is system-assigned. The `xms_mirid` claim of its tokens. */
  readonly resourceId: string;
  /** `true` for the identity of the host itself; there is at most one. */
  readonly systemAssigned: boolean;
  /** ID of its tenant. */
  readonly tenantId: string;
  /** Application permissions, sent as the `roles` claim. */
  readonly roles: readonly string[];
}

/** Delegated permissions of an agent (`oauth2PermissionGrant` in Microsoft Graph). */
export interface PermissionGrant {
  /** Object ID of the user. Absent: all users. */
  readonly principalId?: string;
  /** The API. Default: Microsoft Graph. */
  readonly resource?: string;
  /** The permissions, separated by spaces. */
  readonly scope: string;
}

/** Whether an app has a credential. */
export function isConfidential(app: App): boolean {
  return (
    app.managedIdentity !== undefined ||
    app.agentIdentityBlueprintId !== undefined ||
    app.clientSecret !== undefined ||
    (app.certificates ?? []).length > 0 ||
    app.subjectNameIssuer !== undefined ||
    app.jwks !== undefined ||
    (app.federatedCredentials ?? []).length > 0 ||
    app.tlsClientAuth !== undefined
  );
}

/** Identifies certificates by subject and issuer. */
export interface SubjectNameIssuer {
  /** Common name, DNS name, or the whole subject (`O=Contoso, CN=app`). */
  readonly subject: string;
  /** Certificate of the CA to which the chain must lead, in PEM format. */
  readonly issuerCa: string;
}

/** A TLS client certificate: by subject and CA (RFC 8705 §2.1), or the certificate itself in PEM format (§2.2). */
export type TlsClientAuth = SubjectNameIssuer | { readonly certificate: string };

/** A JSON Web Key Set (RFC 7517 §5). */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** Accepts the tokens of another issuer as client assertions (workload identity federation). */
export interface FederatedCredential {
  /** The `iss` claim. Absent: tokens that this authority issues for the app's tenant. */
  readonly issuer?: string;
  /** The `sub` claim. */
  readonly subject: string;
  /** The `aud` claim. Default `api://AzureADTokenExchange`. */
  readonly audience: string;
  /** The issuer's keys. Without `jwks` and `jwksUri`, they are discovered, if the issuer is on this machine. */
  readonly jwks?: KeySet;
  /** URL of the issuer's keys, which must be on this machine. */
  readonly jwksUri?: string;
  /** CA certificate to trust for TLS with the issuer, in PEM format, in addition to this authority's own. */
  readonly ca?: string;
}

/** A user account. */
export interface User {
  /** Object ID, a GUID. */
  readonly oid: string;
  readonly username: string;
  readonly password: string;
  readonly name: string;
  readonly email: string;
  readonly disabled: boolean;
  /** `true` to require a second factor for everything (per-user multi-factor authentication). */
  readonly multiFactor?: boolean;
  /** Client ID of the agent identity that this is the user account of. It cannot sign in with a password. */
  readonly identityParentId?: string;
}

/** Whether a user has a password; the user of an agent has none. */
export function canSignIn({ identityParentId }: User): boolean {
  return identityParentId === undefined;
}

/** Lifetimes, in seconds. */
export interface Lifetimes {
  readonly accessToken: number;
  readonly idToken: number;
  readonly code: number;
  readonly refreshToken: number;
  readonly session: number;
  /** Tokens that the emulated hosts give to managed identities. */
  readonly managedIdentityToken: number;
}

/** Settings of the device code flow (RFC 8628). */
export interface DeviceCodeSettings {
  /** `true` to send `verification_uri_complete`, which Entra does not. */
  readonly completeUri: boolean;
  /** Polling interval, in seconds. */
  readonly interval: number;
  /** Lifetime of a code, in seconds. */
  readonly lifetime: number;
}

/**
 * What happens to a redeemed refresh token. `reuse-allowed`: it stays valid, as at Entra. `strict`: it is revoked
 * (RFC 9700 §4.14.2).
 */
export type RefreshTokenRotation = "reuse-allowed" | "strict";

/** How apps make themselves known to the standard issuer of a tenant. */
export interface ClientRegistration {
  /** `false`: there is no registration endpoint (RFC 7591). */
  readonly dynamic: boolean;
  /** `false`: a client ID is never the URL of a client metadata document. */
  readonly metadataDocuments: boolean;
  /** Client metadata documents by URL that count as published there; others are read if they are on this machine. */
  readonly documents: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The effective configuration: the options merged into the defaults. */
export interface AuthorityConfig {
  readonly tenants: readonly Tenant[];
  /** The managed identities of the emulated hosts. */
  readonly managedIdentities: readonly ManagedIdentity[];
  readonly lifetimes: Lifetimes;
  readonly deviceCode: DeviceCodeSettings;
  /** `ext_expires_in` of token responses, in seconds. Default: the lifetime of the access token. */
  readonly extExpiresIn?: number;
  /** `refresh_in` of token responses, in seconds. Absent: not sent. */
  readonly refreshIn?: number;
  readonly refreshTokenRotation: RefreshTokenRotation;
  /**
   * Resources that tokens can be requested for, in addition to Microsoft Graph and the apps' own APIs. Others are refused with
   * AADSTS500011. Absent: any resource.
   */
  readonly resources?: readonly string[];
  readonly clientRegistration: ClientRegistration;
  readonly conditionalAccess: readonly ConditionalAccessPolicy[];
  /** Settings of the instance metadata service. Absent: the service is not started. */
  readonly instanceMetadata?: InstanceMetadata;
}

/** The content of the emulated instance metadata service. */
export interface InstanceMetadata {
  /** Region of the virtual machine, for example `westus2`. */
  readonly location: string;
}

/**
 * Requires a second factor, or blocks access. A policy applies if all its conditions match; without conditions it always
 * applies. Until the user has signed in with a second factor, token requests are refused with AADSTS50076 and the challenge.
 * Blocked requests are refused with AADSTS53003.
 */
export interface ConditionalAccessPolicy {
  /** The API: an application ID URI, a client ID, or any other resource, for example `https://graph.microsoft.com`. */
  readonly resource?: string;
  /** Client ID of the app that requests the token. */
  readonly clientId?: string;
  readonly username?: string;
  /** The effect. Default `multi-factor`. */
  readonly control: "multi-factor" | "block";
  /** The challenge, sent in the `claims` member of the error. Default: `access_token.polids` with a generated ID. */
  readonly claims: Readonly<Record<string, unknown>>;
}
