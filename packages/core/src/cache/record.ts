import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { dialectOf } from "../dialect/dialects.js";
import { BINDING_KEY, type BindingKey } from "../dpop/binding-key.js";
import { decodeClientInfo, type ClientInfo } from "../response/client-info.js";
import { tenantOf, type IdTokenClaims } from "../response/id-token.js";
import type { TokenResponse } from "../response/token-response.js";
import type { AccountInfo, TenantProfile } from "../account.js";
import { profileFromClaims } from "./account-info.js";
import {
  appPartition,
  assertionPartition,
  FMI_PATH,
  userPartition,
  type PartitionKey,
} from "./memory/partition-key.js";
import { withAsked } from "./schema/keys.js";
import {
  type AccessTokenEntity,
  type AccountEntity,
  type AppMetadataEntity,
  type IdTokenEntity,
  type RefreshTokenEntity,
} from "./schema/schema.js";

/** The cache entries of one token response, written all or none. */
export interface CacheRecord {
  readonly partition: PartitionKey;
  /** The issuer of an OpenID Provider, because a host may have several. */
  readonly issuer?: string;
  readonly account?: AccountEntity;
  readonly idToken?: IdTokenEntity;
  /** What the ID token says, so that it need not be decoded again. */
  readonly claims?: IdTokenClaims;
  readonly accessToken?: AccessTokenEntity;
  readonly refreshToken?: RefreshTokenEntity;
  readonly appMetadata?: AppMetadataEntity;
}

/** A record before `storable` removes anything. It always has an access token, possibly an empty one. */
export type FreshRecord = CacheRecord & { readonly accessToken: AccessTokenEntity };

/** The owner of a response's tokens. */
export type TokenOwner =
  | { readonly kind: "app" }
  /**
   * `account` and `realm` are those of a refresh, whose response need not repeat them. `onBehalfOf` marks tokens that stem
   * from an assertion and not from a sign-in; `agent` marks those that an agent acts with.
   */
  | {
      readonly kind: "user";
      readonly account?: AccountInfo;
      readonly realm?: string | undefined;
      readonly onBehalfOf?: boolean | undefined;
      readonly agent?: boolean | undefined;
    }
  | { readonly kind: "assertion"; readonly hash: string };

/** Input of {@link cacheRecord}. */
export interface CacheRecordInput {
  readonly response: TokenResponse;
  /** Those of the ID token or, from a server without ID tokens, what it says about the user. */
  readonly claims: IdTokenClaims | undefined;
  readonly authority: Authority;
  readonly clientId: string;
  readonly owner: TokenOwner;
  /** Scopes that were sent, which are the granted ones unless the response says otherwise (RFC 6749 §5.1). */
  readonly sentScopes: readonly string[];
  /** Scopes that the caller requested. */
  readonly askedScopes: readonly string[];
  /** When the request was sent, in seconds since the epoch. */
  readonly requestedAt: number;
  /** Seconds that the access token is good for, if the response does not say. */
  readonly defaultLifetime: number;
  /** The key that the tokens are bound to. */
  readonly key?: BindingKey | undefined;
  /** Whether a refresh token is bound to the key as well: that of a client with a credential is bound to that (RFC 9449 §5). */
  readonly bindsRefreshToken?: boolean;
  readonly resource?: string | undefined;
  readonly refreshesOnly?: string | undefined;
  readonly components?: Readonly<Record<string, string>> | undefined;
  readonly correlationId: string;
}

/**
 * Builds the cache entries of a token response. Lifetimes count from the time the request was sent, so that a slow
 * response does not extend them.
 */
export function cacheRecord(input: CacheRecordInput): FreshRecord {
  const { response, claims, authority, clientId, owner, requestedAt } = input;
  const environment = authority.cloud.preferredCache;
  const home = homeAccountId(input);
  const realm = realmOf(input);
  const expiresOn = requestedAt + (response.expiresIn ?? input.defaultLifetime);
  const dialect = dialectOf(authority.url);
  const idTokenRealm = dialect.hasIssuers ? realm : tenantAt(authority, claims);

  const target = response.scope ?? input.sentScopes.join(" ");
  const components = withAsked(input.components, input.askedScopes, target);

  // Members are assigned one by one, because each spread of an object that may be empty takes as long as ten of them.
  const accessToken: Writable<AccessTokenEntity> = {
    home_account_id: home,
    environment,
    client_id: clientId,
    credential_type: "AccessToken",
    secret: response.accessToken,
    realm,
    target,
    cached_at: String(requestedAt),
    expires_on: String(expiresOn),
    extended_expires_on: String(expiresOn + (response.extExpiresIn ?? 0)),
    token_type: response.tokenType,
  };
  if (response.tokenType === "DPoP" && input.key) bind(accessToken, input.key);
  if (response.refreshIn) accessToken.refresh_on = String(requestedAt + response.refreshIn);
  if (response.expiresIn === undefined) accessToken.has_assumed_lifetime = true;
  if (response.issuedTokenType) accessToken.issued_token_type = response.issuedTokenType;
  markOwner(accessToken, owner);
  if (owner.kind === "assertion" && claims && idTokenRealm !== realm)
    accessToken.id_token_realm = idTokenRealm;
  if (owner.kind === "user" && isDomainOf(authority.url, realm))
    accessToken.tenant_domain = authority.url.tenant;
  if (response.authorizationDetails) accessToken.authorization_details = response.authorizationDetails;
  if (input.resource) accessToken.resource = input.resource;
  if (components) accessToken.additionalCacheKeyComponents = components;

  const record: Writable<FreshRecord> = { partition: partitionOf(input, realm, home), accessToken };
  if (dialect.hasIssuers) record.issuer = authority.metadata.issuer;
  if (claims) record.account = accountEntity(input, home, claims);
  if (response.idToken) {
    if (claims) record.claims = claims;
    record.idToken = {
      home_account_id: home,
      environment,
      client_id: clientId,
      credential_type: "IdToken",
      secret: response.idToken,
      realm: idTokenRealm,
    };
  }
  // An agent asks for its user's tokens anew, in the name that the request has. Nothing that outlives them is kept.
  if (response.refreshToken && !isOfAgent(owner)) {
    const refreshToken: Writable<RefreshTokenEntity> = {
      home_account_id: home,
      environment,
      client_id: clientId,
      credential_type: "RefreshToken",
      secret: response.refreshToken,
    };
    if (input.bindsRefreshToken && input.key) bind(refreshToken, input.key);
    if (response.foci) refreshToken.family_id = response.foci;
    // AD FS subjects normally have no dot. One with a dot could pass for an Entra id on the same host, so it gets a realm.
    if (!dialect.hasTenants && realm && (dialect.hasIssuers || home.includes(".")))
      refreshToken.realm = realm;
    if (response.refreshTokenExpiresIn)
      refreshToken.expires_on = String(requestedAt + response.refreshTokenExpiresIn);
    if (input.refreshesOnly) refreshToken.resource = input.refreshesOnly;
    markOwner(refreshToken, owner);
    record.refreshToken = refreshToken;
  }
  if (response.foci) record.appMetadata = { client_id: clientId, environment, family_id: response.foci };
  return record;
}

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };

/** MSAL looks for credentials of other types than its own, so that it does not present bound tokens as bearer tokens. */
function bind(token: Writable<AccessTokenEntity | RefreshTokenEntity>, key: BindingKey): void {
  token.credential_type = `${token.credential_type}_With_AuthScheme`;
  token.key_id = key.thumbprint;
  token[BINDING_KEY] = key;
  if (key.text !== undefined) token.dpop_key = key.text;
}

function markOwner(token: Writable<AccessTokenEntity | RefreshTokenEntity>, owner: TokenOwner): void {
  if (owner.kind === "assertion") token.userAssertionHash = owner.hash;
  else if (owner.kind === "user" && owner.onBehalfOf) token.on_behalf_of = true;
}

function homeAccountId(input: CacheRecordInput): string {
  const { claims, owner } = input;
  if (owner.kind === "app") return "";
  const info = clientInfoOf(input);
  if (info) return `${info.uid}.${info.utid}`;
  const known = owner.kind === "user" ? owner.account?.homeAccountId : undefined;
  return known ?? claims?.sub ?? "";
}

/** Returns `client_info` from Entra only: any other provider could name another provider's user in it. */
function clientInfoOf({ response, authority, correlationId }: CacheRecordInput): ClientInfo | undefined {
  return dialectOf(authority.url).hasTenants
    ? decodeClientInfo(response.clientInfo, correlationId)
    : undefined;
}

/** Returns the tenant of an ID token, for providers that have tenants. */
function tenantAt(authority: Authority, claims: IdTokenClaims | undefined): string {
  return dialectOf(authority.url).hasTenants ? tenantOf(claims, false) : "";
}

/** Returns the tenant that the tokens belong to. Issuers without tenants are distinguished by their path. */
function realmOf({ claims, authority, owner }: CacheRecordInput): string {
  // A provider without tenants has no other realm, and an on-behalf-of look-up knows only the authority.
  if (!dialectOf(authority.url).hasTenants || owner.kind === "assertion") return authority.url.realm;
  const asked = owner.kind === "user" ? owner.realm : undefined;
  return tenantOf(claims, false) || asked || authority.url.tenant;
}

/** Whether an authority names a tenant by its domain, and the tenant's id is known. */
function isDomainOf({ namesTenant, tenantId, tenant }: AuthorityUrl, realm: string): boolean {
  return namesTenant && tenantId === undefined && realm !== tenant;
}

function accountEntity(input: CacheRecordInput, home: string, claims: IdTokenClaims): AccountEntity {
  const { response, authority } = input;
  const { accountType, hasTenants, hasIssuers } = dialectOf(authority.url);
  const info = clientInfoOf(input);
  const account: Writable<AccountEntity> = {
    home_account_id: home,
    environment: authority.cloud.preferredCache,
    realm: hasIssuers ? authority.url.realm : (info?.utid ?? tenantAt(authority, claims)),
    local_account_id: info?.uid ?? claims.oid ?? claims.sub ?? "",
    username: claims.preferred_username || claims.upn || claims.emails?.[0] || "",
    authority_type: accountType,
    name: claims.name ?? "",
  };
  if (isOfAgent(input.owner)) account.agents_only = true;
  if (response.clientInfo && hasTenants) account.client_info = response.clientInfo;
  // Without an ID token, the realm names the provider, as the tenant of the account.
  if (response.idToken) {
    const profile: Writable<TenantProfile> = profileFromClaims(home, claims, !hasTenants);
    if (response.spaAccountId && hasTenants) profile.nativeAccountId = response.spaAccountId;
    account.tenantProfiles = [JSON.stringify(profile)];
  }
  return account;
}

function isOfAgent(owner: TokenOwner): boolean {
  return owner.kind === "user" && owner.agent === true;
}

function partitionOf(
  { owner, clientId, components }: CacheRecordInput,
  realm: string,
  home: string,
): PartitionKey {
  if (owner.kind === "app") return appPartition(clientId, realm, components?.[FMI_PATH]);
  return owner.kind === "assertion" ? assertionPartition(owner.hash) : userPartition(home);
}
