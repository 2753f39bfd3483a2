import type { AccountInfo } from "./account.js";
import { accountInfo, claimsOf } from "./cache/account-info.js";
import { detailsIn, type AuthorizationDetail } from "./request/authorization-details.js";
import { accessTokenFacts, type CachedTokens } from "./cache/memory/entry.js";
import { FROM_MEMORY, type AcquisitionMetadata } from "./metadata.js";

/** The result of a token acquisition. */
export interface AuthenticationResult {
  /** Canonical URL of the authority. */
  authority: string;
  /** `oid` of the user, else `sub`, else `""`. */
  uniqueId: string;
  /** `tid` of the user, or `""`. */
  tenantId: string;
  /** Granted scopes. */
  scopes: string[];
  /** The user; `null` for an app-only token. */
  account: AccountInfo | null;
  /** Raw ID token, or `""`. */
  idToken: string;
  /** Claims of the ID token, or `{}`. Shared between results: do not modify. */
  idTokenClaims: object;
  /** The token to send to the API. */
  accessToken: string;
  /** Reserved for DPoP. */
  dpopProof?: string;
  /** Granted authorization details (RFC 9396 §7), if the provider returned them. Shared between results: do not modify. */
  authorizationDetails?: readonly AuthorizationDetail[];
  /** Whether the tokens came from the cache. */
  fromCache: boolean;
  /**
   * True if the token should have been renewed and could not be: the provider cannot be reached, or has refused it. It is
   * still valid or, if the provider cannot be reached, within `extExpiresOn`.
   */
  isStale?: boolean;
  /** When the access token expires. */
  expiresOn: Date | null;
  /** True if the provider did not state the lifetime of the access token, so that `expiresOn` is an assumption. */
  hasAssumedLifetime?: boolean;
  /**
   * What a token exchange issued, a URI (RFC 8693 §3). `accessToken` holds the issued token whatever it is; one that is not an
   * access token has the `tokenType` `N_A`.
   */
  issuedTokenType?: string;
  /** When the access token finally expires if the identity provider is unavailable. */
  extExpiresOn?: Date;
  /** When the access token should be renewed, if the server stated it. */
  refreshOn?: Date;
  /** `Bearer`; `N_A` for a token from an exchange that is not an access token. */
  tokenType: string;
  correlationId: string;
  /** `x-ms-request-id` of the response, or `""`. */
  requestId?: string;
  state?: string;
  /** Family of the refresh token, or `""`. */
  familyId?: string;
  cloudGraphHostName?: string;
  msGraphHost?: string;
  /** Authorization code for the single-page app of the same registration. */
  code?: string;
  fromPlatformBroker?: boolean;
  resource?: string;
  /** Where the tokens come from and what it took. Shared between cache hits: do not modify. */
  metadata?: AcquisitionMetadata;
}

/** Fields of a result that do not come from its tokens. */
export interface ResultContext {
  readonly authority: string;
  readonly correlationId: string;
  readonly fromCache: boolean;
  readonly requestId?: string;
  readonly familyId?: string;
  readonly code?: string | undefined;
}

/**
 * Builds a result from cached or newly received tokens. The result, its dates, scopes and account are new objects;
 * claims and tenant profiles are shared.
 */
export function authenticationResult(tokens: CachedTokens, context: ResultContext): AuthenticationResult {
  const common = commonOf(tokens);
  const { account } = common;
  const result: AuthenticationResult = {
    authority: context.authority,
    uniqueId: common.uniqueId,
    tenantId: common.tenantId,
    scopes: common.scopes.slice(),
    account: account ? { ...account } : null,
    idToken: common.idToken,
    idTokenClaims: common.idTokenClaims,
    accessToken: common.accessToken,
    fromCache: context.fromCache,
    expiresOn: new Date(common.expiresOn),
    extExpiresOn: new Date(common.extExpiresOn),
    refreshOn: common.refreshOn === undefined ? undefined : new Date(common.refreshOn),
    correlationId: context.correlationId,
    requestId: context.requestId ?? "",
    familyId: context.familyId ?? "",
    tokenType: common.tokenType,
    state: "",
    cloudGraphHostName: "",
    msGraphHost: "",
    code: context.code,
    fromPlatformBroker: false,
    metadata: FROM_MEMORY,
  };
  if (common.authorizationDetails) result.authorizationDetails = common.authorizationDetails;
  if (common.hasAssumedLifetime) result.hasAssumedLifetime = true;
  if (common.issuedTokenType) result.issuedTokenType = common.issuedTokenType;
  return result;
}

/** Fields common to all results for the same tokens. Times are in milliseconds since the epoch. */
interface Common {
  readonly uniqueId: string;
  readonly tenantId: string;
  readonly scopes: readonly string[];
  readonly account: AccountInfo | undefined;
  readonly idToken: string;
  readonly idTokenClaims: object;
  readonly accessToken: string;
  readonly expiresOn: number;
  readonly extExpiresOn: number;
  readonly refreshOn: number | undefined;
  readonly tokenType: string;
  readonly hasAssumedLifetime: boolean;
  readonly authorizationDetails: readonly AuthorizationDetail[] | undefined;
  readonly issuedTokenType: string | undefined;
}

function commonOf(tokens: CachedTokens): Common {
  return (tokens.facts as Common | undefined) ?? deriveCommon(tokens);
}

function deriveCommon(tokens: CachedTokens): Common {
  const { accessToken, account, idToken } = tokens;
  const facts = accessTokenFacts(accessToken);
  const claims = idToken ? claimsOf(idToken) : {};
  const details = accessToken.entity.authorization_details;
  const common: Common = {
    uniqueId: claims.oid || claims.sub || "",
    tenantId: claims.tid ?? "",
    scopes: facts.scopeList,
    account: account && accountInfo(account, idToken),
    idToken: idToken?.entity.secret ?? "",
    idTokenClaims: claims,
    accessToken: accessToken.entity.secret,
    expiresOn: facts.expiresOn * 1000,
    extExpiresOn: facts.extendedExpiresOn * 1000,
    refreshOn: facts.refreshOn === undefined ? undefined : facts.refreshOn * 1000,
    tokenType: accessToken.entity.token_type ?? "Bearer",
    authorizationDetails: details === undefined ? undefined : detailsIn(details),
    hasAssumedLifetime: accessToken.entity.has_assumed_lifetime === true,
    issuedTokenType: accessToken.entity.issued_token_type,
  };
  tokens.facts = common;
  return common;
}
