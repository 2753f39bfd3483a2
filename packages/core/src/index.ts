/**
 * The OAuth 2.0 / OpenID Connect protocol and the token cache of Tessera, without sockets, files or environment.
 * Apps use `@tessera/node`; this package is for those who bring their own {@link HttpClient}, or a cache store.
 *
 * @packageDocumentation
 */
export * from "./account.js";
export { AzureCloudInstance, type AzureCloudOptions } from "./authority/clouds.js";
export {
  authorityForCloud,
  authorityUrl,
  ProtocolMode,
  type AuthorityUrl,
} from "./authority/authority-url.js";
export { RegionDetector, TRY_AUTO_DETECT, type RegionAsk } from "./authority/region.js";
export { AuthorityResolver, type AuthorityOptions } from "./authority/resolver.js";
export type { Authority, ProviderMetadata } from "./authority/authority.js";
export type { CacheStats } from "./cache/memory/contents.js";
export { PartitionedCache } from "./cache/memory/partitioned-cache.js";
export type { AccountFilter } from "./cache/account-filter.js";
export { TokenCache, type TokenCacheParts } from "./cache/token-cache.js";
export {
  TokenCacheContext,
  type ICachePlugin,
  type ISerializableTokenCache,
} from "./cache/storage/plugin.js";
export {
  createMemoryTokenStore,
  type PartitionUpdate,
  type TokenStore,
} from "./cache/storage/token-store.js";
export {
  DistributedCachePlugin,
  type ICacheClient,
  type IPartitionManager,
} from "./cache/storage/distributed-cache-plugin.js";
export type { CacheKVStore, PeerAccountEntity, ValidCacheType } from "./cache/schema/key-value-store.js";
export type * from "./cache/schema/schema.js";
export type { CertificateOptions } from "./credential/certificate.js";
export { pause, systemClock, type Clock } from "./clock.js";
export {
  AUTH_METHODS,
  createAuthenticator,
  type AssertionContext,
  type AssertionSource,
  type AuthMethod,
  type CertificateSource,
  type ClientCredential,
} from "./credential/client-credential.js";
export {
  base64Decode,
  base64UrlEncode,
  newGuid,
  parseJsonObject,
  sha256Base64Url,
  withoutNull,
} from "./encoding.js";
export * from "./errors/error-codes.js";
export * from "./errors/errors.js";
export { withinBounds, type Bounds } from "./flight/deadline.js";
export { untilAborted } from "./flight/until-aborted.js";
export { KeyedMutex } from "./flight/keyed-mutex.js";
export { SingleFlight } from "./flight/single-flight.js";
export {
  authorizationUrl,
  redeemCode,
  type AuthorizationAsk,
  type AuthorizationResponse,
  type CodeAsk,
} from "./flows/authorization-code.js";
export type { Client } from "./client/client.js";
export { clientCredentials, type ClientCredentialsAsk } from "./flows/client-credentials.js";
export { deviceCode, type DeviceCodeAsk, type DeviceCodeResponse } from "./flows/device-code.js";
export { endSessionUrl, type EndSessionAsk } from "./endpoints/end-session.js";
export { endOnBehalfOfSession, onBehalfOf, type OnBehalfOfAsk } from "./flows/on-behalf-of.js";
export {
  completeAuthCodeFlow,
  initiateAuthCodeFlow,
  type AuthCodeFlow,
  type AuthCodeFlowAsk,
} from "./flows/auth-code-flow.js";
export { Renewals } from "./client/renewals.js";
export { UsedFlows } from "./client/used-sign-ins.js";
export { userFederatedIdentity, type UserFederatedIdentityAsk } from "./flows/user-federated-identity.js";
export { usernamePassword, type UsernamePasswordAsk } from "./flows/username-password.js";
export { importRefreshToken } from "./flows/refresh-token.js";
export { sharedCall } from "./exchange/shared-call.js";
export { silent, type Silent } from "./flows/silent.js";
export type { ClientTls, HttpClient, HttpRequest, HttpResponse } from "./http/http-client.js";
export { isLoopback, secureUrl, shownUrl } from "./http/secure-url.js";
export { Throttle } from "./http/throttle.js";
export { createTransport, type Transport } from "./http/transport.js";
export { Logger, LogLevel, type ILoggerCallback, type LoggerOptions } from "./logger.js";
export {
  claimsFromChallenge,
  parseAuthenticationChallenges,
  type AuthenticationChallenge,
} from "./request/claims-challenge.js";
export { generatePkceCodes, type PkceCodes } from "./request/pkce.js";
export { OIDC_SCOPES } from "./request/scopes.js";
export {
  requiredText,
  requireRequest,
  tokenRequest,
  type BaseRequest,
  type StoreInCache,
  type TokenRequest,
} from "./request/token-request.js";
export type { AuthenticationResult } from "./result.js";
export type { IdTokenClaims } from "./response/id-token.js";
export type {
  AppTokenProvider,
  AppTokenProviderParameters,
  AppTokenProviderResult,
} from "./exchange/token-source.js";
export { KeySource } from "./response/key-source.js";
export { ServerTelemetry, type LibraryInfo } from "./dialect/entra-telemetry.js";
