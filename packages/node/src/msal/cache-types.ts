import type { AccountInfo } from "@tessera/core";
import type { TenantProfile } from "@tessera/core/internal";

/** A parsed serialized cache: sections of entities by key. Times are strings of seconds since the epoch. */
export interface JsonCache {
  Account: Record<string, SerializedAccountEntity>;
  IdToken: Record<string, SerializedIdTokenEntity>;
  AccessToken: Record<string, SerializedAccessTokenEntity>;
  RefreshToken: Record<string, SerializedRefreshTokenEntity>;
  AppMetadata: Record<string, SerializedAppMetadataEntity>;
}

/** A user in a {@link JsonCache}. */
export interface SerializedAccountEntity {
  home_account_id: string;
  environment: string;
  realm: string;
  local_account_id: string;
  username: string;
  authority_type: string;
  name?: string;
  client_info?: string;
  last_modification_time?: string;
  last_modification_app?: string;
  /** Each element is a {@link TenantProfile}, as JSON. */
  tenantProfiles?: string[];
}

interface SerializedCredential {
  home_account_id: string;
  environment: string;
  credential_type: string;
  client_id: string;
  /** The token. */
  secret: string;
}

/** An ID token in a {@link JsonCache}. */
export interface SerializedIdTokenEntity extends SerializedCredential {
  realm: string;
}

/** An access token in a {@link JsonCache}. */
export interface SerializedAccessTokenEntity extends SerializedCredential {
  realm: string;
  /** Granted scopes, space-separated. */
  target: string;
  cached_at: string;
  expires_on: string;
  extended_expires_on?: string;
  refresh_on?: string;
  key_id?: string;
  token_type?: string;
  userAssertionHash?: string;
  resource?: string;
  additionalCacheKeyComponents?: Record<string, string>;
}

/** A refresh token in a {@link JsonCache}. */
export interface SerializedRefreshTokenEntity extends SerializedCredential {
  family_id?: string;
  target?: string;
  realm?: string;
}

/** An app in a {@link JsonCache}. */
export interface SerializedAppMetadataEntity {
  client_id: string;
  environment: string;
  family_id?: string;
}

/** A cache with MSAL Node's field names, by section. */
export interface InMemoryCache {
  accounts: Record<string, MemoryAccount>;
  idTokens: Record<string, MemoryCredential & { realm: string }>;
  accessTokens: Record<string, MemoryAccessToken>;
  refreshTokens: Record<string, MemoryCredential & { expiresOn?: string }>;
  appMetadata: Record<string, { clientId: string; environment: string; familyId?: string }>;
}

interface MemoryAccount extends Pick<
  AccountInfo,
  "homeAccountId" | "environment" | "localAccountId" | "username" | "loginHint" | "name" | "nativeAccountId"
> {
  realm: string;
  authorityType: string;
  clientInfo?: string;
  lastModificationTime?: string;
  lastModificationApp?: string;
  cloudGraphHostName?: string;
  msGraphHost?: string;
  tenantProfiles?: TenantProfile[];
}

interface MemoryCredential {
  homeAccountId: string;
  environment: string;
  credentialType: string;
  clientId: string;
  secret: string;
  familyId?: string;
  target?: string;
  realm?: string;
  userAssertionHash?: string;
}

interface MemoryAccessToken extends MemoryCredential {
  realm: string;
  target: string;
  cachedAt: string;
  expiresOn: string;
  extendedExpiresOn?: string;
  refreshOn?: string;
  keyId?: string;
  tokenType?: string;
  resource?: string;
  additionalCacheKeyComponents?: Record<string, string>;
}
