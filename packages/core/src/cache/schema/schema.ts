import type { BINDING_KEY, BindingKey } from "../../dpop/binding-key.js";

/**
 * The unified MSAL token cache schema in JSON: one object of sections, each a map from key to entity. Times are
 * strings of whole seconds since the epoch. Unknown fields and sections are preserved.
 */

interface Unknown {
  readonly [field: string]: unknown;
}

/** `authority_type` of users of an OpenID Provider that is not Entra or AD FS. */
export const GENERIC = "Generic";
/** `authority_type` of users of an AD FS. */
export const ADFS = "ADFS";

/** A signed-in user. */
export interface AccountEntity extends Unknown {
  readonly home_account_id: string;
  readonly environment: string;
  readonly realm: string;
  readonly local_account_id: string;
  readonly username: string;
  /** `MSSTS`, `ADFS`, `Generic` or `MSA`. */
  readonly authority_type: string;
  readonly name?: string;
  readonly client_info?: string;
  /** The user has not signed in: agents act as the user. Not listed among the accounts. Tessera's own field. */
  readonly agents_only?: boolean;
  /** Each element is a {@link TenantProfileJson}, as JSON. */
  readonly tenantProfiles?: readonly string[];
}

/** One tenant a user is known in. */
export interface TenantProfileJson {
  readonly tenantId: string;
  readonly localAccountId: string;
  readonly name?: string;
  readonly username?: string;
  readonly loginHint?: string;
  readonly upn?: string;
  readonly isHomeTenant?: boolean;
  readonly nativeAccountId?: string;
}

interface Credential extends Unknown {
  /** Empty or absent for an app's own token. */
  readonly home_account_id?: string | null;
  readonly environment: string;
  readonly credential_type: string;
  readonly client_id: string;
  /** The token. */
  readonly secret: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly key_id?: string;
  /** The key that the token is bound to (RFC 9449), a JSON Web Key as JSON. Tessera's own field. */
  readonly dpop_key?: string;
  /** The same in memory. */
  readonly [BINDING_KEY]?: BindingKey;
}

/** What came for an assertion that the user called the app with, kept for the user's account. Tessera's own field. */
export interface Lent {
  readonly on_behalf_of?: boolean;
}

/** An access token. */
export interface AccessTokenEntity extends Credential, Lent {
  readonly realm: string;
  /** Granted scopes, space-separated. */
  readonly target: string;
  readonly cached_at: string;
  readonly expires_on: string;
  readonly extended_expires_on?: string;
  readonly refresh_on?: string;
  readonly token_type?: string;
  /** base64url SHA-256 of the assertion of an on-behalf-of token. */
  readonly userAssertionHash?: string;
  /** Tenant id of an on-behalf-of token whose authority names the tenant by a domain. Specific to Tessera. */
  readonly id_token_realm?: string;
  /** The domain by which the authority of a user's token names its tenant. Specific to Tessera. */
  readonly tenant_domain?: string;
  /** The answer had no `expires_in`: the lifetime is the application's default. Tessera's own field. */
  readonly has_assumed_lifetime?: boolean;
  /** What a token exchange issued, a URI (RFC 8693 §3). Tessera's own field. */
  readonly issued_token_type?: string;
  readonly resource?: string;
  /** Granted authorization details (RFC 9396), as JSON. Tessera's own field. */
  readonly authorization_details?: string;
  readonly additionalCacheKeyComponents?: Readonly<Record<string, string>>;
}

/** An ID token. */
export interface IdTokenEntity extends Credential {
  readonly realm: string;
}

/** A refresh token. */
export interface RefreshTokenEntity extends Credential, Lent {
  /** `"1"` for a refresh token shared by all apps of the family. */
  readonly family_id?: string;
  readonly target?: string;
  readonly realm?: string;
  readonly expires_on?: string;
  /** base64url SHA-256 of the assertion of an on-behalf-of token. */
  readonly userAssertionHash?: string;
  /** The resource of the sign-in (RFC 8707), if the token is good for no other. Tessera's own field. */
  readonly resource?: string;
}

/** Metadata of an app: its family. */
export interface AppMetadataEntity extends Unknown {
  readonly client_id: string;
  readonly environment: string;
  readonly family_id?: string;
}

/** Entities by section. */
export interface EntityOf {
  readonly Account: AccountEntity;
  readonly IdToken: IdTokenEntity;
  readonly AccessToken: AccessTokenEntity;
  readonly RefreshToken: RefreshTokenEntity;
  readonly AppMetadata: AppMetadataEntity;
}

/** Name of a section. */
export type Section = keyof EntityOf;

/** The sections, in the order they are written. */
export const SECTIONS: readonly Section[] = [
  "Account",
  "IdToken",
  "AccessToken",
  "RefreshToken",
  "AppMetadata",
];

/** The only family of refresh tokens. */
export const THE_FAMILY = "1";
