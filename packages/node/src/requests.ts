// As in MSAL, programs build a request field by field: nothing in it is read-only. The library never changes one.
import type { AccountInfo, BaseRequest, DeviceCodeResponse } from "@tessera/core";
import type { AssertionSource } from "@tessera/core/internal";
import type { CcsCredential, MsalAuthorizationRequest, MsalRequest } from "./msal/msal-request.js";

/** What the requests of all user flows have in common. */
interface UserRequest extends MsalRequest {
  /** Scopes to ask for; `openid`, `profile` and `offline_access` are added. */
  scopes: string[];
}

/** Request of {@link ClientApplication.getAuthCodeUrl}. */
export interface AuthorizationUrlRequest extends UserRequest, MsalAuthorizationRequest {
  /** Where the code is sent; one of the registered redirect URIs, to the letter. */
  redirectUri: string;
  /** How the code is sent: `query` (default), `fragment` or `form_post`. */
  responseMode?: string;
  /** Scopes of other resources the user should consent to at once. */
  extraScopesToConsent?: string[];
  /** PKCE challenge, from {@link CryptoProvider.generatePkceCodes}. */
  codeChallenge?: string;
  /** `S256`. */
  codeChallengeMethod?: string;
  /** Random text that comes back with the code; keep it and compare (RFC 6749 §10.12). */
  state?: string;
  /** Random text that comes back in the ID token; pass it to `acquireTokenByCode`. */
  nonce?: string;
  /** `login`, `select_account`, `consent`, `none` or `create`. */
  prompt?: string;
  /** User name to fill in. */
  loginHint?: string;
  /** Domain of the user's tenant, to skip the search for it. */
  domainHint?: string;
  /** Session to continue, with `prompt: "none"`. */
  sid?: string;
  /** The user who is expected to sign in. */
  account?: AccountInfo;
}

/** Request of {@link ClientApplication.acquireTokenByCode}. */
export interface AuthorizationCodeRequest extends UserRequest {
  /** The same redirect URI as in the authorization request. */
  redirectUri: string;
  /** The code that came to the redirect URI. */
  code: string;
  /** PKCE verifier, from {@link CryptoProvider.generatePkceCodes}. */
  codeVerifier?: string;
  /** The nonce of the authorization request; the ID token must carry it. */
  nonce?: string;
  /** The state of the authorization request; compared with that of the response when it is passed along. */
  state?: string;
  /** `client_info` of an answer you trust: routes the request to the user's data centre. */
  clientInfo?: string;
  /** Ask for a second code for the single-page app of the same registration (`result.code`). */
  enableSpaAuthorizationCode?: boolean;
  /** The user the code is for, where `clientInfo` does not say it: routes the request. */
  ccsCredential?: CcsCredential;
}

/** Request of {@link ClientApplication.initiateAuthCodeFlow}. */
export interface AuthCodeFlowRequest extends Omit<
  AuthorizationUrlRequest,
  "state" | "nonce" | "codeChallenge" | "codeChallengeMethod"
> {
  /** Seconds since the user last proved who they are, at most; `auth_time` of the ID token is checked against it. */
  maxAge?: number;
  /** `code` (default), or `code id_token` for the hybrid flow. */
  responseType?: "code" | "code id_token";
}

/** Request of {@link ClientApplication.acquireTokenByRefreshToken}. */
export interface RefreshTokenRequest extends UserRequest {
  /** A refresh token from another library. */
  refreshToken: string;
  /** Redirect URI to send along, if the provider wants one. */
  redirectUri?: string;
  /** Keep the tokens even though the user is not in the cache yet. */
  forceCache?: boolean;
  /** Whose refresh token it is: routes the request. */
  ccsCredential?: CcsCredential;
}

/** Request of {@link ClientApplication.acquireTokenByUsernamePassword}. */
export interface UsernamePasswordRequest extends UserRequest {
  username: string;
  password: string;
}

/** Request of {@link ClientApplication.acquireTokenSilent}. */
export interface SilentFlowRequest extends UserRequest {
  /** The user whose token is wanted. */
  account: AccountInfo;
  /** Skip the cache and renew. */
  forceRefresh?: boolean;
  /** Seconds before its end at which a refresh token counts as expired; 300 by default. */
  refreshTokenExpirationOffsetSeconds?: number;
  /** Redirect URI of the registration: for the broker, and sent along by a confidential client. */
  redirectUri?: string;
}

/** Request of {@link PublicClientApplication.acquireToken}. */
export interface PublicTokenRequest extends MsalRequest {
  scopes: string[];
  /** The user whose token is wanted; the only known one by default. */
  account?: AccountInfo;
  /** User name: chooses among the known users, and is filled in when somebody has to sign in. */
  loginHint?: string;
  /** Shows a device code where no browser can be opened. */
  onDeviceCode?: (response: DeviceCodeResponse) => unknown;
  /** Opens the URL in a browser; the system's by default. */
  openBrowser?: (url: string) => Promise<unknown>;
}

/** Request of {@link PublicClientApplication.acquireTokenInteractive}. */
export interface InteractiveRequest extends MsalRequest, MsalAuthorizationRequest {
  /** Scopes to ask for; `openid`, `profile` and `offline_access` are added. */
  scopes?: string[];
  /** Opens the URL in a browser; the system's by default. */
  openBrowser?: (url: string) => Promise<unknown>;
  /** HTML shown when the tokens are there. */
  successTemplate?: string;
  /** HTML shown when something went wrong. */
  errorTemplate?: string;
  /** Port to listen on; a free one when it is taken, or by default. */
  preferredPort?: number;
  /** `http://localhost` (default), `http://127.0.0.1` or `http://[::1]`, with a path, and a port if it must be that one. */
  redirectUri?: string;
  /** `login`, `select_account`, `consent` or `create`. */
  prompt?: string;
  /** User name to fill in. */
  loginHint?: string;
  /** Domain of the user's tenant, to skip the search for it. */
  domainHint?: string;
  /** The user who is expected to sign in. */
  account?: AccountInfo;
  /** Scopes of other resources the user should consent to at once. */
  extraScopesToConsent?: string[];
  /** Seconds since the user last proved who they are, at most. */
  maxAge?: number;
  /** Window to show a broker's dialog over. */
  windowHandle?: Buffer;
  /** Random text that comes back in the ID token and is checked; made for you by default. */
  nonce?: string;
  /** Text of the app's own, returned as `result.state`. What ties the answer to this sign-in is made beside it. */
  state?: string;
  /** Session to continue, with `prompt: "none"`. */
  sid?: string;
  /** PKCE is made for you: without effect, as in MSAL. */
  codeChallenge?: string;
  /** PKCE is made for you: without effect, as in MSAL. */
  codeChallengeMethod?: string;
}

/** Request of {@link PublicClientApplication.acquireTokenByDeviceCode}. */
export interface DeviceCodeRequest extends UserRequest {
  /** Shows the user where to go and what to type. */
  deviceCodeCallback: (response: DeviceCodeResponse) => unknown;
  /** Set it to `true` to end the wait. */
  cancel?: boolean;
  /** Seconds to wait for the user, at most; the code's own lifetime comes first. */
  timeout?: number;
}

/** Request of {@link ClientApplication.buildEndSessionUrl}. */
export interface EndSessionRequest extends Pick<
  BaseRequest,
  "authority" | "correlationId" | "extraQueryParameters" | "signal" | "timeoutMs"
> {
  /** The user who signs out: gives the ID token and the login hint. */
  account?: AccountInfo;
  /** ID token of the session, if not the account's. */
  idTokenHint?: string;
  /** Where the browser goes afterwards; one of those registered for it. */
  postLogoutRedirectUri?: string;
  /** Comes back with the redirect. */
  state?: string;
  /** Who signs out, if not as the account's `login_hint` says. */
  logoutHint?: string;
}

/** Request of {@link ClientApplication.signOut}. */
export interface SignOutRequest {
  /** The user to forget. */
  account: AccountInfo;
  correlationId?: string;
}

/** Request of {@link ConfidentialClientApplication.acquireTokenByClientCredential}. */
export interface ClientCredentialRequest extends MsalRequest {
  /** For Entra exactly one: `{resource}/.default`. */
  scopes?: string[];
  /** Ask the identity provider even if the cache holds a token. */
  skipCache?: boolean;
  /** Path of the agent identity the token is for (federated managed identity); kept apart from other tokens. */
  fmiPath?: string;
  /** Proves the client in place of its own credential. */
  clientAssertion?: AssertionSource;
  /** Tenant id or domain, in place of the one in the authority. */
  tenantId?: string;
  /** Use the endpoint of an Azure region: its name, or `TryAutoDetect`. */
  azureRegion?: string;
}

/** Request of {@link ConfidentialClientApplication.acquireTokenOnBehalfOf}. */
export interface OnBehalfOfRequest extends MsalRequest {
  /** Scopes of the downstream API. */
  scopes: string[];
  /** The access token this API was called with. May be left out when a `sessionKey` goes on with earlier tokens. */
  oboAssertion?: string;
  /**
   * Name of work that goes on when the caller has left, such as a job id. With an assertion it begins; alone it goes on,
   * renewing with the refresh token. Whoever knows the key has the tokens: do not let callers choose it.
   */
  sessionKey?: string;
  /** Ask the identity provider even if the cache holds a token. */
  skipCache?: boolean;
}

/** Request of {@link ConfidentialClientApplication.acquireTokenByUserFederatedIdentityCredential}. */
export interface UserFederatedIdentityCredentialRequest extends MsalRequest {
  scopes: string[];
  /** The federated identity credential: the agent's instance token. */
  assertion: string;
  /** Object id of the user; one of this and `username`. */
  userObjectId?: string;
  /** User name; one of this and `userObjectId`. */
  username?: string;
  /** Proves the client in place of its own credential. */
  clientAssertion?: AssertionSource;
}
