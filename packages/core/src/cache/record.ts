import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { dialectOf } from "../dialect/dialects.js";
import { BINDING_KEY, type BindingKey } from "../dpop/binding-key.js";
import { decodeClientInfo, type ClientInfo } from "../response/client-info.js";
import { tenantOf, type IdTokenClaims } from "../response/id-token.js";
import type { TokenResponse } from "../response/token-response.js";
import type { AccountInfo } from "../account.js";
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
    ...boundTo("AccessToken", response.tokenType === "DPoP" ? input.key : undefined),
    secret: response.accessToken,
    realm,
    target,
    cached_at: String(requestedAt),
    expires_on: String(expiresOn),
    extended_expires_on: String(expiresOn + (response.extExpiresIn ?? 0)),
    ...(response.refreshIn ? { refresh_on: String(requestedAt + response.refreshIn) } : {}),
    token_type: response.tokenType,
    ...(response.expiresIn === undefined ? { has_assumed_lifetime: true } : {}),
    ...(response.issuedTokenType ? { issued_token_type: response.issuedTokenType } : {}),
    ...assertion,
    ...(owner.kind === "assertion" && claims && idTokenRealm !== realm
      ? { id_token_realm: idTokenRealm }
      : {}),
    ...(owner.kind === "user" && isDomainOf(authority.url, realm)
      ? { tenant_domain: authority.url.tenant }
      : {}),
    ...(response.authorizationDetails ? { authorization_details: response.authorizationDetails } : {}),
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
  // An agent asks for its user's tokens anew, in the name that the request has. Nothing that outlives them is kept.
  const isRenewable = response.refreshToken && !isOfAgent(owner);
  const refreshToken: RefreshTokenEntity | undefined = isRenewable
    ? {
        ...common,
        ...boundTo("RefreshToken", input.bindsRefreshToken ? input.key : undefined),
        secret: response.refreshToken,
        ...(response.foci ? { family_id: response.foci } : {}),
        // AD FS subjects normally have no dot. One with a dot could pass for an Entra id on the same host, so it gets
        // a realm.
        ...(!dialect.hasTenants && realm && (dialect.hasIssuers || home.includes(".")) ? { realm } : {}),
        ...(response.refreshTokenExpiresIn
          ? { expires_on: String(requestedAt + response.refreshTokenExpiresIn) }
          : {}),
        ...(input.refreshesOnly ? { resource: input.refreshesOnly, ...assertion } : assertion),
      }
    : undefined;
  return {
    partition: partitionOf(input, realm, home),
    ...(dialect.hasIssuers ? { issuer: authority.metadata.issuer } : {}),
    accessToken,
    ...(claims ? { account: accountEntity(input, home, claims) } : {}),
    ...(idToken ? { idToken } : {}),
    ...(refreshToken ? { refreshToken } : {}),
    ...(response.foci ? { appMetadata: { client_id: clientId, environment, family_id: response.foci } } : {}),
  };
}

/** MSAL looks for credentials of other types than its own, so that it does not present bound tokens as bearer tokens. */
function boundTo(type: "AccessToken" | "RefreshToken", key: BindingKey | undefined) {
  if (!key) return { credential_type: type };
  return {
    credential_type: `${type}_With_AuthScheme`,
    key_id: key.thumbprint,
    [BINDING_KEY]: key,
    ...(key.text === undefined ? {} : { dpop_key: key.text }),
  };
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
  return {
    home_account_id: home,
    environment: authority.cloud.preferredCache,
    realm: hasIssuers ? authority.url.realm : (info?.utid ?? tenantAt(authority, claims)),
    local_account_id: info?.uid ?? claims.oid ?? claims.sub ?? "",
    username: claims.preferred_username || claims.upn || claims.emails?.[0] || "",
    authority_type: accountType,
    ...(isOfAgent(input.owner) ? { agents_only: true } : {}),
    name: claims.name ?? "",
    ...(response.clientInfo && hasTenants ? { client_info: response.clientInfo } : {}),
    // Without an ID token, the realm names the provider, as the tenant of the account.
    ...(response.idToken
      ? {
          tenantProfiles: [
            JSON.stringify({
              ...profileFromClaims(home, claims, !hasTenants),
              ...(response.spaAccountId && hasTenants ? { nativeAccountId: response.spaAccountId } : {}),
            }),
          ],
        }
      : {}),
  };
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
