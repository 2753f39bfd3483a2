import type { Authority } from "../authority/authority.js";
import { dialectOf } from "../dialect/dialects.js";
import { isGuid } from "../authority/tenant-name.js";
import { decodeClientInfo, type ClientInfo } from "../response/client-info.js";
import { tenantOf, type IdTokenClaims } from "../response/id-token.js";
import type { TokenResponse } from "../response/token-response.js";
import type { StoreInCache } from "../request/token-request.js";
import type { AccountInfo, TenantProfile } from "../account.js";
import { profileFromClaims, profilesOf } from "./account-info.js";
import {
  appPartition,
  assertionPartition,
  userPartition,
  type PartitionKey,
} from "./memory/partition-key.js";
import { withAsked } from "./schema/keys.js";
import {
  GENERIC,
  type AccessTokenEntity,
  type AccountEntity,
  type AppMetadataEntity,
  type IdTokenEntity,
  type RefreshTokenEntity,
} from "./schema/schema.js";

/** What one token response leaves in the cache: written whole, or not at all. */
export interface CacheRecord {
  readonly partition: PartitionKey;
  /** The issuer, for an OpenID Provider: a host may have several. */
  readonly issuer?: string;
  readonly account?: AccountEntity;
  readonly idToken?: IdTokenEntity;
  readonly accessToken?: AccessTokenEntity;
  readonly refreshToken?: RefreshTokenEntity;
  readonly appMetadata?: AppMetadataEntity;
}

/** What a response leaves before anything is left out: there is an access token, if only an empty one. */
export type FreshRecord = CacheRecord & { readonly accessToken: AccessTokenEntity };

/** Whose tokens a response brings. */
export type TokenOwner =
  | { readonly kind: "app" }
  /**
   * `account` is the user a refresh was made for; responses to refreshes need not say it again. `onBehalfOf` says that it
   * all began with an assertion, not with a sign-in.
   */
  | { readonly kind: "user"; readonly account?: AccountInfo; readonly onBehalfOf?: boolean }
  | { readonly kind: "assertion"; readonly hash: string };

/** What {@link cacheRecord} puts together. */
export interface CacheRecordInput {
  readonly response: TokenResponse;
  readonly claims: IdTokenClaims | undefined;
  readonly authority: Authority;
  readonly clientId: string;
  readonly owner: TokenOwner;
  /** Scopes that were sent: granted when the response does not say otherwise (RFC 6749 §5.1). */
  readonly sentScopes: readonly string[];
  /** Scopes that the caller asked for. */
  readonly askedScopes: readonly string[];
  /** When the request was sent, in seconds since the epoch. */
  readonly requestedAt: number;
  /** Seconds that the access token is good for, if the response does not say. */
  readonly defaultLifetime: number;
  readonly resource?: string | undefined;
  readonly components?: Readonly<Record<string, string>> | undefined;
  readonly correlationId: string;
}

/**
 * What a token response leaves in the cache. Times count from the moment the request was sent, so that a slow answer
 * never makes a token look younger than it is.
 */
export function cacheRecord(input: CacheRecordInput): FreshRecord {
  const { response, claims, authority, clientId, owner, requestedAt } = input;
  const environment = authority.cloud.preferredCache;
  const home = homeAccountId(input);
  const realm = realmOf(input);
  const common = { home_account_id: home, environment, client_id: clientId };
  const assertion =
    owner.kind === "assertion"
      ? { userAssertionHash: owner.hash }
      : owner.kind === "user" && owner.onBehalfOf
        ? { on_behalf_of: true }
        : {};
  const expiresOn = requestedAt + (response.expiresIn ?? input.defaultLifetime);
  const dialect = dialectOf(authority.url);
  const idTokenRealm = dialect.hasIssuers ? realm : tenantAt(authority, claims);

  const target = response.scope ?? input.sentScopes.join(" ");
  const components = withAsked(input.components, input.askedScopes, target);

  const accessToken: AccessTokenEntity = {
    ...common,
    credential_type: "AccessToken",
    secret: response.accessToken,
    realm,
    target,
    cached_at: String(requestedAt),
    expires_on: String(expiresOn),
    extended_expires_on: String(expiresOn + (response.extExpiresIn ?? 0)),
    ...(response.refreshIn ? { refresh_on: String(requestedAt + response.refreshIn) } : {}),
    token_type: response.tokenType,
    ...(response.expiresIn === undefined ? { has_assumed_lifetime: true } : {}),
    ...assertion,
    ...(owner.kind === "assertion" && claims && idTokenRealm !== realm
      ? { id_token_realm: idTokenRealm }
      : {}),
    ...(input.resource ? { resource: input.resource } : {}),
    ...(components ? { additionalCacheKeyComponents: components } : {}),
  };
  const idToken: IdTokenEntity | undefined = response.idToken
    ? {
        ...common,
        credential_type: "IdToken",
        secret: response.idToken,
        realm: idTokenRealm,
      }
    : undefined;
  const refreshToken: RefreshTokenEntity | undefined = response.refreshToken
    ? {
        ...common,
        credential_type: "RefreshToken",
        secret: response.refreshToken,
        ...(response.foci ? { family_id: response.foci } : {}),
        // A `sub` of AD FS has no dot, unless it is to look like an id of Entra's, which may be on the same host.
        ...(!dialect.hasTenants && realm && (dialect.hasIssuers || home.includes(".")) ? { realm } : {}),
        ...(response.refreshTokenExpiresIn
          ? { expires_on: String(requestedAt + response.refreshTokenExpiresIn) }
          : {}),
        ...assertion,
      }
    : undefined;
  return {
    partition: partitionOf(owner, clientId, realm, home),
    ...(dialect.hasIssuers ? { issuer: authority.metadata.issuer } : {}),
    accessToken,
    ...(claims && idToken ? { account: accountEntity(input, home, claims) } : {}),
    ...(idToken ? { idToken } : {}),
    ...(refreshToken ? { refreshToken } : {}),
    ...(response.foci ? { appMetadata: { client_id: clientId, environment, family_id: response.foci } } : {}),
  };
}

/** The record without what the caller does not want kept, and without an access token that is none. */
export function storable(record: FreshRecord, store: StoreInCache | undefined): CacheRecord {
  const { accessToken, idToken, refreshToken, ...rest } = record;
  return {
    ...rest,
    ...(accessToken.secret && store?.accessToken !== false ? { accessToken } : {}),
    ...(idToken && store?.idToken !== false ? { idToken } : {}),
    ...(refreshToken && store?.refreshToken !== false ? { refreshToken } : {}),
  };
}

/**
 * The account entity, with the profile of the tenant it signed in to added to those that are known already. An entry
 * without profiles is another library's, and names its tenant as the authority did: the user's id there tells which it is.
 */
export function mergeAccount(fresh: AccountEntity, known: AccountEntity | undefined): AccountEntity {
  if (!known) return fresh;
  const before = profilesOf(known);
  const news = profilesOf(fresh).map((one) =>
    saidOver(
      before.find(({ tenantId }) => tenantId === one.tenantId),
      one,
    ),
  );
  const { realm, local_account_id } =
    known.tenantProfiles && fresh.authority_type !== GENERIC ? known : fresh;
  const isNew = ({ tenantId, localAccountId }: TenantProfile): boolean =>
    news.some(
      (one) => one.tenantId === tenantId || (!known.tenantProfiles && one.localAccountId === localAccountId),
    );
  const profiles = [...before.filter((profile) => !isNew(profile)), ...news];
  return {
    ...saidOver(fresh, known),
    realm,
    local_account_id,
    tenantProfiles: profiles.map((profile) => JSON.stringify(profile)),
  };
}

/** What is said over what was known; what is not said, or empty, hides nothing: an answer need not repeat it. */
function saidOver<T extends object>(known: T | undefined, said: T): T {
  const isSaid = ([, value]: [string, unknown]): boolean =>
    value !== "" && value !== undefined && value !== null;
  return { ...said, ...known, ...Object.fromEntries(Object.entries(said).filter(isSaid)) };
}

function homeAccountId(input: CacheRecordInput): string {
  const { claims, owner } = input;
  if (owner.kind === "app") return "";
  const info = clientInfoOf(input);
  if (info) return `${info.uid}.${info.utid}`;
  const known = owner.kind === "user" ? owner.account?.homeAccountId : undefined;
  return known ?? claims?.sub ?? "";
}

/** What `client_info` says, where it is Entra that says it: anywhere else a provider could name another's user. */
function clientInfoOf({ response, authority, correlationId }: CacheRecordInput): ClientInfo | undefined {
  return dialectOf(authority.url).hasTenants
    ? decodeClientInfo(response.clientInfo, correlationId)
    : undefined;
}

/** The tenant an ID token names, where the provider has tenants. */
function tenantAt(authority: Authority, claims: IdTokenClaims | undefined): string {
  return dialectOf(authority.url).hasTenants ? tenantOf(claims, false) : "";
}

/** Tenant the tokens belong to. Providers without tenants are told apart by the path of their issuer. */
function realmOf({ claims, authority, owner }: CacheRecordInput): string {
  // A provider without tenants has no other name for it; and an on-behalf-of lookup knows only what the authority says.
  if (!dialectOf(authority.url).hasTenants || owner.kind === "assertion") return authority.url.realm;
  const known = owner.kind === "user" ? owner.account?.tenantId : undefined;
  // An authority that names a tenant issues for that tenant, whatever tenant the account was known in.
  const named = isGuid(authority.url.tenant) ? authority.url.tenant : "";
  return tenantOf(claims, false) || named || known || authority.url.tenant;
}

function accountEntity(input: CacheRecordInput, home: string, claims: IdTokenClaims): AccountEntity {
  const { response, authority } = input;
  const { accountType, hasTenants, hasIssuers } = dialectOf(authority.url);
  const info = clientInfoOf(input);
  return {
    home_account_id: home,
    environment: authority.cloud.preferredCache,
    realm: hasIssuers ? authority.url.realm : (info?.utid ?? tenantAt(authority, claims)),
    local_account_id: info?.uid ?? claims.oid ?? claims.sub ?? "",
    username: claims.preferred_username || claims.upn || claims.emails?.[0] || "",
    authority_type: accountType,
    name: claims.name ?? "",
    ...(response.clientInfo && hasTenants ? { client_info: response.clientInfo } : {}),
    tenantProfiles: [
      JSON.stringify({
        ...profileFromClaims(home, claims, !hasTenants),
        ...(response.spaAccountId && hasTenants ? { nativeAccountId: response.spaAccountId } : {}),
      }),
    ],
  };
}

function partitionOf(owner: TokenOwner, clientId: string, realm: string, home: string): PartitionKey {
  if (owner.kind === "app") return appPartition(clientId, realm);
  return owner.kind === "assertion" ? assertionPartition(owner.hash) : userPartition(home);
}
