import type { AccountInfo, AssertionSource, AzureCloudOptions, BaseRequest } from "@tessera/core";

/** What the requests of all user flows have in common. */
interface UserRequest extends BaseRequest {
  /** Scopes to ask for; `openid`, `profile` and `offline_access` are added. */
  readonly scopes: readonly string[];
  /** National cloud and tenant, in place of `authority`. */
  readonly azureCloudOptions?: AzureCloudOptions;
}

/** Request of {@link ClientApplication.getAuthCodeUrl}. */
export interface AuthorizationUrlRequest extends UserRequest {
  /** Where the code is sent; one of the registered redirect URIs, to the letter. */
  readonly redirectUri: string;
  /** How the code is sent: `query` (default), `fragment` or `form_post`. */
  readonly responseMode?: string;
  /** Scopes of other resources the user should consent to at once. */
  readonly extraScopesToConsent?: readonly string[];
  /** PKCE challenge, from {@link CryptoProvider.generatePkceCodes}. */
  readonly codeChallenge?: string;
  /** `S256`. */
  readonly codeChallengeMethod?: string;
  /** Random text that comes back with the code; keep it and compare (RFC 6749 §10.12). */
  readonly state?: string;
  /** Random text that comes back in the ID token; pass it to `acquireTokenByCode`. */
  readonly nonce?: string;
  /** `login`, `select_account`, `consent`, `none` or `create`. */
  readonly prompt?: string;
  /** User name to fill in. */
  readonly loginHint?: string;
  /** Domain of the user's tenant, to skip the search for it. */
  readonly domainHint?: string;
  /** Session to continue, with `prompt: "none"`. */
  readonly sid?: string;
  /** The user who is expected to sign in. */
  readonly account?: AccountInfo;
}

/** Request of {@link ClientApplication.acquireTokenByCode}. */
export interface AuthorizationCodeRequest extends UserRequest {
  /** The same redirect URI as in the authorization request. */
  readonly redirectUri: string;
  /** The code that came to the redirect URI. */
  readonly code: string;
  /** PKCE verifier, from {@link CryptoProvider.generatePkceCodes}. */
  readonly codeVerifier?: string;
  /** The nonce of the authorization request; the ID token must carry it. */
  readonly nonce?: string;
  /** The state of the authorization request; compared with that of the response when it is passed along. */
  readonly state?: string;
  /** `client_info` that came with the code. */
  readonly clientInfo?: string;
  /** Ask for a second code for the single-page app of the same registration (`result.code`). */
  readonly enableSpaAuthorizationCode?: boolean;
}

/** Request of {@link ClientApplication.initiateAuthCodeFlow}. */
export interface AuthCodeFlowRequest
  extends Omit<AuthorizationUrlRequest, "state" | "nonce" | "codeChallenge" | "codeChallengeMethod"> {
  /** Seconds since the user last proved who they are, at most; `auth_time` of the ID token is checked against it. */
  readonly maxAge?: number;
  /** `code` (default), or `code id_token` for the hybrid flow. */
  readonly responseType?: "code" | "code id_token";
}

/** Parameters of the authorization response, as they came to the redirect URI. */
export interface AuthorizationCodePayload {
  readonly code: string;
  readonly state?: string;
  readonly nonce?: string;
  readonly client_info?: string;
  /** Issuer of the response (RFC 9207); checked when it is there. */
  readonly iss?: string;
  readonly error?: string;
  readonly error_description?: string;
  readonly cloud_instance_name?: string;
  readonly cloud_instance_host_name?: string;
  readonly cloud_graph_host_name?: string;
  readonly msgraph_host?: string;
}

/** Request of {@link ClientApplication.acquireTokenByRefreshToken}. */
export interface RefreshTokenRequest extends UserRequest {
  /** A refresh token from another library. */
  readonly refreshToken: string;
  /** Redirect URI to send along, if the provider wants one. */
  readonly redirectUri?: string;
  /** Keep the tokens even though the user is not in the cache yet. */
  readonly forceCache?: boolean;
}

/** Request of {@link ClientApplication.acquireTokenByUsernamePassword}. */
export interface UsernamePasswordRequest extends UserRequest {
  readonly username: string;
  readonly password: string;
}

/** Request of {@link ClientApplication.acquireTokenSilent}. */
export interface SilentFlowRequest extends UserRequest {
  /** The user whose token is wanted. */
  readonly account: AccountInfo;
  /** Skip the cache and renew. */
  readonly forceRefresh?: boolean;
  /** Seconds before its end at which a refresh token counts as expired; 300 by default. */
  readonly refreshTokenExpirationOffsetSeconds?: number;
}

/** Request of {@link ClientApplication.signOut}. */
export interface SignOutRequest {
  /** The user to forget. */
  readonly account: AccountInfo;
  readonly correlationId?: string;
}

/** Request of {@link ConfidentialClientApplication.acquireTokenByClientCredential}. */
export interface ClientCredentialRequest extends BaseRequest {
  /** For Entra exactly one: `{resource}/.default`. */
  readonly scopes?: readonly string[];
  /** Ask the identity provider even if the cache holds a token. */
  readonly skipCache?: boolean;
  /** Path of the agent identity the token is for (federated managed identity); kept apart from other tokens. */
  readonly fmiPath?: string;
  /** Proves the client in place of its own credential. */
  readonly clientAssertion?: AssertionSource;
  /** Tenant id or domain, in place of the one in the authority. */
  readonly tenantId?: string;
  /** Use the endpoint of an Azure region: its name, or `TryAutoDetect`. */
  readonly azureRegion?: string;
  /** National cloud and tenant, in place of `authority`. */
  readonly azureCloudOptions?: AzureCloudOptions;
}

/** Request of {@link ConfidentialClientApplication.acquireTokenOnBehalfOf}. */
export interface OnBehalfOfRequest extends BaseRequest {
  /** Scopes of the downstream API. */
  readonly scopes: readonly string[];
  /** The access token this API was called with. May be left out when a `sessionKey` goes on with earlier tokens. */
  readonly oboAssertion?: string;
  /**
   * Name of work that goes on when the caller has left, such as a job id. With an assertion it begins; alone it goes on,
   * renewing with the refresh token. Whoever knows the key has the tokens: do not let callers choose it.
   */
  readonly sessionKey?: string;
  /** Ask the identity provider even if the cache holds a token. */
  readonly skipCache?: boolean;
  /** National cloud and tenant, in place of `authority`. */
  readonly azureCloudOptions?: AzureCloudOptions;
}

/** Request of {@link ConfidentialClientApplication.acquireTokenByUserFederatedIdentityCredential}. */
export interface UserFederatedIdentityCredentialRequest extends BaseRequest {
  readonly scopes: readonly string[];
  /** The federated identity credential: the agent's instance token. */
  readonly assertion: string;
  /** Object id of the user; one of this and `username`. */
  readonly userObjectId?: string;
  /** User name; one of this and `userObjectId`. */
  readonly username?: string;
  /** Proves the client in place of its own credential. */
  readonly clientAssertion?: AssertionSource;
  /** National cloud and tenant, in place of `authority`. */
  readonly azureCloudOptions?: AzureCloudOptions;
}
