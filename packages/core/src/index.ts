/**
 * The OAuth 2.0 / OpenID Connect protocol and the token cache of Tessera, without sockets, files or environment. Apps
 * install `@tessera/node`; this package is for programs with their own {@link HttpClient}, {@link Clock} or {@link
 * TokenStore}. {@link createClient} creates a client, which is passed to one function for each flow.
 *
 * @packageDocumentation
 */
export {
  // The client.
  createClient,
  type Client,
  type ClientCredential,
  type ClientOptions,
  // The flows, one function each.
  agentToken,
  authorizationUrl,
  clientCredentials,
  completeAuthCodeFlow,
  deviceCode,
  endOnBehalfOfSession,
  endSessionUrl,
  importRefreshToken,
  initiateAuthCodeFlow,
  onBehalfOf,
  redeemCode,
  silent,
  userFederatedIdentity,
  usernamePassword,
  // Their requests and results.
  claimsFromChallenge,
  generatePkceCodes,
  parseAuthenticationChallenges,
  ProtocolMode,
  type AccountInfo,
  type AuthCodeFlow,
  type AuthenticationResult,
  type AuthorizationResponse,
  type BaseRequest,
  type DeviceCodeResponse,
  type IdTokenClaims,
  // Interfaces to the application: HTTP, time, storage, logging.
  createMemoryTokenStore,
  Logger,
  LogLevel,
  TokenCacheContext,
  type Clock,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
  type ICachePlugin,
  type ISerializableTokenCache,
  type LoggerOptions,
  type PartitionUpdate,
  type TokenCache,
  type TokenStore,
  // Errors.
  AuthError,
  ClientAuthError,
  ClientConfigurationError,
  InteractionRequiredAuthError,
  ServerError,
} from "./internal.js";
