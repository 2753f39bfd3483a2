import type { AccountInfo, BaseRequest, DeviceCodeResponse } from "@tessera/core";
import type {
  AcrossAppsInput,
  AgentInput,
  AuthCodeFlowInput,
  AuthorizationInput,
  BackchannelAuthenticationInput,
  ClientCredentialsInput,
  CodeInput,
  DeviceCodeInput,
  EndSessionInput,
  FrontChannelLogoutInput,
  IntegratedWindowsAuthInput,
  IntrospectionInput,
  LogoutTokenInput,
  OnBehalfOfInput,
  RefreshTokenInput,
  RevocationInput,
  SilentInput,
  TokenExchangeInput,
  UserFederatedIdentityInput,
  UserInfoInput,
  UsernamePasswordInput,
} from "@tessera/core/internal";
import type { NodeAuthOptions } from "./configuration.js";
import type { IdentityOfUser } from "./cross-app/identity-of-user.js";
import type { InteractiveInput } from "./interactive/interactive.js";
import type { MsalAuthorizationRequest, MsalRequest } from "./msal/msal-request.js";
import type { Writable } from "./msal/writable.js";

/** A request with the fields of a flow, documented in core, and MSAL's additional fields. */
type Request<Input> = Omit<MsalRequest, keyof Input> & Writable<Input>;

/** A request for a user's tokens. */
interface UserScopes {
  /** Scopes to request; `openid`, `profile` and `offline_access` are added. */
  readonly scopes: readonly string[];
}

type UserRequest<Input> = Request<Omit<Input, "scopes"> & UserScopes>;

/** Request of {@link ClientApplication.getAuthCodeUrl}. */
export interface AuthorizationUrlRequest extends UserRequest<AuthorizationInput>, MsalAuthorizationRequest {}

/** Request of {@link ClientApplication.acquireTokenByCode}. */
export interface AuthorizationCodeRequest extends UserRequest<CodeInput> {}

/** Request of {@link ClientApplication.initiateAuthCodeFlow}. */
export interface AuthCodeFlowRequest extends UserRequest<AuthCodeFlowInput>, MsalAuthorizationRequest {}

/** Request of {@link ClientApplication.acquireTokenByRefreshToken}. */
export interface RefreshTokenRequest extends UserRequest<RefreshTokenInput> {}

/** Request of {@link ClientApplication.acquireTokenByUsernamePassword}. */
export interface UsernamePasswordRequest extends UserRequest<UsernamePasswordInput> {}

/** Request of {@link PublicClientApplication.acquireTokenByIntegratedWindowsAuth}. */
export interface IntegratedWindowsAuthRequest extends UserRequest<IntegratedWindowsAuthInput> {}

/** Request of {@link ClientApplication.acquireTokenSilent}. */
export interface SilentFlowRequest extends UserRequest<SilentInput> {}

/** Request of {@link PublicClientApplication.acquireToken}. */
export interface PublicTokenRequest extends MsalRequest {
  scopes: string[];
  /** The user whose token is requested; defaults to the only known user. */
  account?: AccountInfo;
  /** User name that selects a known user, and is prefilled when a user must sign in. */
  loginHint?: string;
  /** Shows a device code if no browser can be opened. */
  onDeviceCode?: (response: DeviceCodeResponse) => unknown;
  /** Opens the URL in a browser; by default in the system's. */
  openBrowser?: (url: string) => Promise<unknown>;
}

/** Request of {@link PublicClientApplication.acquireTokenInteractive}. */
export interface InteractiveRequest extends Request<InteractiveInput>, MsalAuthorizationRequest {
  /** Parent window of a broker's dialog. */
  windowHandle?: Buffer;
  /** @deprecated Ignored, as in MSAL: PKCE codes are generated for you. */
  codeChallenge?: string;
  /** @deprecated Ignored, as in MSAL: PKCE codes are generated for you. */
  codeChallengeMethod?: string;
}

/** Request of {@link PublicClientApplication.acquireTokenByDeviceCode}. */
export interface DeviceCodeRequest extends UserRequest<DeviceCodeInput> {}

/** Request of {@link EndpointsApplication.buildEndSessionUrl}. */
export interface EndSessionRequest extends Pick<
  Writable<EndSessionInput>,
  Exclude<keyof EndSessionInput, keyof BaseRequest> | SessionFields
> {}

/** The common request fields that apply when no token is requested. */
type SessionFields = "authority" | "correlationId" | "extraQueryParameters" | "signal" | "timeoutMs";

/** Request of {@link EndpointsApplication.userInfo}. */
export interface UserInfoRequest extends Writable<UserInfoInput> {}

/** Request of {@link EndpointsApplication.validateLogoutToken}. */
export interface LogoutTokenRequest extends Writable<LogoutTokenInput> {}

/** Request of {@link EndpointsApplication.validateFrontChannelLogout}. */
export interface FrontChannelLogoutRequest extends Writable<FrontChannelLogoutInput> {}

/** Request of {@link EndpointsApplication.revoke}. */
export interface RevocationRequest extends Writable<RevocationInput> {}

/** Request of {@link ConfidentialClientApplication.introspect}. */
export interface IntrospectionRequest extends Writable<IntrospectionInput> {}

/** Request of {@link ClientApplication.signOut}. */
export interface SignOutRequest {
  /** The user to remove. */
  account: AccountInfo;
  correlationId?: string;
}

/** Request of {@link ClientApplication.acquireTokenByTokenExchange}. */
export interface TokenExchangeRequest extends Request<TokenExchangeInput> {}

/** An application's registration at another company's server: public, or with a credential of its own. */
export interface OtherServerClient extends Pick<
  NodeAuthOptions,
  "clientId" | "clientSecret" | "clientCertificate" | "clientAssertion" | "clientMetadata"
> {}

/** Request of {@link ClientApplication.acquireTokenAcrossApps}. */
export interface AcrossAppsRequest extends Writable<AcrossAppsInput>, IdentityOfUser {
  /** The issuer of the other server. */
  audience: string;
  /** Identifier of the resource there, as it is published (RFC 9728). */
  resource: string;
  /** This application's registration at the other server. Its credential is sent nowhere else. */
  client: OtherServerClient;
}

/** Request of {@link ConfidentialClientApplication.acquireTokenByClientCredential}. */
export interface ClientCredentialRequest extends Request<ClientCredentialsInput> {
  /** Tenant id or domain, overriding that of the authority. */
  tenantId?: string;
  /** Azure region whose token endpoint to use, or `TryAutoDetect`. */
  azureRegion?: string;
}

/** Request of {@link ConfidentialClientApplication.acquireTokenForAgent}. */
export interface AgentTokenRequest extends Request<AgentInput> {
  /** Id or domain of the agent's tenant, overriding that of the authority. */
  tenantId?: string;
  /** Azure region whose token endpoint issues app-only tokens, or `TryAutoDetect`. */
  azureRegion?: string;
}

/** Request of {@link ConfidentialClientApplication.acquireTokenByBackchannelAuthentication}. */
export interface BackchannelAuthenticationRequest extends UserRequest<BackchannelAuthenticationInput> {}

/** Request of {@link ConfidentialClientApplication.acquireTokenOnBehalfOf}. */
export interface OnBehalfOfRequest extends Request<OnBehalfOfInput> {}

/** Request of {@link ConfidentialClientApplication.acquireTokenByUserFederatedIdentityCredential}. */
export interface UserFederatedIdentityCredentialRequest extends UserRequest<UserFederatedIdentityInput> {}

/** The request to an API that a proof is for; see {@link ClientApplication.createDpopProof}. */
export interface DpopProofInput {
  /** The token that is sent with the request, acquired with `authenticationScheme: "DPoP"`. */
  readonly accessToken: string;
  /** HTTP method of the request. */
  readonly method: string;
  /** URL of the request. */
  readonly url: string;
  /** The last `DPoP-Nonce` header of the API. It is remembered for further requests there. */
  readonly nonce?: string;
}
