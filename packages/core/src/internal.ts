/**
 * The names that Tessera's own packages share. They are not a public API and may change with any release; other
 * programs import `@tessera/core`.
 *
 * @packageDocumentation
 */
export * from "./account.js";
export { boundedMemory, type BoundedMemory } from "./bounded-map.js";
export { sameIssuer } from "./authority/issuer.js";
export { sameText } from "./response/same-text.js";
export { AzureCloudInstance, tokenExchangeResource, type AzureCloudOptions } from "./authority/clouds.js";
export {
  authorityForCloud,
  authorityInTenant,
  authorityUrl,
  ProtocolMode,
} from "./authority/authority-url.js";
export { isTenantName } from "./authority/tenant-name.js";
export { type RegionAsk } from "./authority/region.js";
export type { Authority } from "./authority/authority.js";
export type { CacheStats } from "./cache/memory/token-memory.js";
export { matches, requireChoice, type AccountFilter } from "./cache/account-filter.js";
export { isOfAuthority, onlyProvidersAccount } from "./cache/account-provider.js";
export { TokenCache } from "./cache/token-cache.js";
export {
  TokenCacheContext,
  type ICachePlugin,
  type ISerializableTokenCache,
} from "./cache/storage/plugin.js";
export { createMemoryTokenStore } from "./cache/storage/memory-token-store.js";
export type {
  LoadedPartition,
  PartitionPage,
  PartitionUpdate,
  StoredPartition,
  TokenStore,
  Turn,
  UpdateOutcome,
  WorkInTurn,
} from "./cache/storage/token-store.js";
export {
  DistributedCachePlugin,
  type ICacheClient,
  type IPartitionManager,
} from "./cache/storage/distributed-cache-plugin.js";
export { documentText } from "./cache/schema/document-text.js";
export { parseDocument, type CacheDocument } from "./cache/schema/document.js";
export { retryIfLockLost } from "./cache/storage/plugin-session.js";
export type { CacheKVStore, ValidCacheType } from "./cache/schema/key-value-store.js";
export type * from "./cache/schema/schema.js";
export type { CertificateOptions } from "./credential/certificate.js";
export { epochSeconds, pause, systemClock, type Clock } from "./clock.js";
export type { AssertionContext } from "./credential/assertion-source.js";
export type { CertificateContext } from "./credential/certificate-source.js";
export type { CredentialContext } from "./credential/external-signature.js";
export {
  decrypts,
  readDecryptionKeys,
  type DecryptionKey,
  type DecryptionKeyOptions,
} from "./credential/decryption-keys.js";
export type { SecretContext, SecretSource } from "./credential/secret-authentication.js";
export type { ClientCredential } from "./credential/client-credential.js";
export {
  base64Decode,
  isObject,
  newGuid,
  numberIn,
  parseJsonObject,
  sha256Base64Url,
  textIn,
  withoutNull,
} from "./encoding.js";
export { newCorrelationId } from "./correlation-id.js";
export * from "./errors/error-codes.js";
export { errorName, errorType } from "./errors/error-name.js";
export { errorText } from "./errors/error-text.js";
export { invalidOption, requireKnownOptions } from "./errors/invalid-option.js";
export * from "./errors/errors.js";
export { authorityOf, isServed, requireAccountOf, tenantAuthorityOf } from "./flows/account-authority.js";
export { withinBounds } from "./flight/deadline.js";
export { SingleFlight } from "./flight/single-flight.js";
export { UnderWay } from "./flight/under-way.js";
export { untilAborted } from "./flight/until-aborted.js";
export { KeyedMutex, mutexOf } from "./flight/keyed-mutex.js";
export { agentToken, type AgentInput, type AgentUser } from "./flows/agent.js";
export { authorizationUrl, type AuthorizationInput } from "./flows/authorization-url.js";
export {
  backchannelAuthentication,
  type BackchannelAuthenticationInput,
} from "./flows/backchannel-authentication.js";
export { BackchannelPings, type BackchannelNotification } from "./flows/backchannel-pings.js";
export { acrossApps, ID_JAG, type AcrossAppsInput } from "./flows/across-apps.js";
export { redeemCode, type CodeInput } from "./flows/authorization-code.js";
export { responseParameters, type AuthorizationResponse } from "./flows/authorization-response.js";
export {
  completeAuthCodeFlow,
  completeFlow,
  initiateAuthCodeFlow,
  type AuthCodeFlowInput,
  type AuthCodeFlowOptions,
} from "./flows/auth-code-flow.js";
export type { AuthCodeFlow } from "./flows/started-flow.js";
export {
  clientCredentials,
  clientCredentialsNow,
  type ClientCredentialsHost,
  type ClientCredentialsInput,
} from "./flows/client-credentials.js";
export type { DeviceCodeResponse } from "./flows/device-authorization.js";
export { deviceCode, type DeviceCodeInput } from "./flows/device-code.js";
export {
  deleteRegistration,
  readRegistration,
  register,
  updateRegistration,
} from "./endpoints/registration.js";
export {
  checkedMetadata,
  checkedRegistration,
  type ClientRegistration,
  type RegistrationMetadata,
} from "./endpoints/registration-record.js";
export {
  isWithinResource,
  protectedResource,
  publishedResource,
  resourceDocuments,
  type ProtectedResource,
} from "./endpoints/protected-resource.js";
export { discoverableIssuer, leavesTenantOpen } from "./authority/access-token-issuer.js";
export { AccessTokens, type AcceptedTenants, type VerifiedAccessToken } from "./endpoints/access-tokens.js";
export { PROOF_ALGORITHMS, verifyDpopProof } from "./dpop/verify-proof.js";
export { wantsNonce } from "./dpop/wants-nonce.js";
export { endSessionUrl, type EndSessionInput } from "./endpoints/end-session.js";
export { introspect, type Introspection, type IntrospectionInput } from "./endpoints/introspection.js";
export {
  validateFrontChannelLogout,
  validateLogoutToken,
  type FrontChannelLogoutInput,
  type LogoutTokenInput,
  type ProviderLogout,
} from "./endpoints/logout.js";
export { revoke, type RevocationInput } from "./endpoints/revocation.js";
export { userInfo, type UserInfo, type UserInfoInput } from "./endpoints/user-info.js";
export {
  endOnBehalfOfSession,
  onBehalfOf,
  onBehalfOfNow,
  type OnBehalfOfInput,
} from "./flows/on-behalf-of.js";
export { integratedWindowsAuth, type IntegratedWindowsAuthInput } from "./flows/integrated-windows-auth.js";
export type { SystemTickets, TicketContext, TicketSource } from "./flows/ws-trust/ticket.js";
export { windowsAuthError } from "./flows/ws-trust/windows-auth-error.js";
export { importRefreshToken, type RefreshTokenInput } from "./flows/refresh-token.js";
export { freshAppTokens, repeatedAppToken } from "./flows/app-tokens.js";
export type { FreshHits } from "./exchange/fresh-hits.js";
export { silent, silentNow } from "./flows/silent.js";
export { freshUserTokens, type SilentInput } from "./flows/user-tokens.js";
export { tokenExchange, type TokenExchangeInput } from "./flows/token-exchange.js";
export { userFederatedIdentity, type UserFederatedIdentityInput } from "./flows/user-federated-identity.js";
export { usernamePassword, type UsernamePasswordInput } from "./flows/username-password.js";
export type { Client } from "./client/client.js";
export { createClient, type ClientOptions } from "./client/create-client.js";
export type { UseOnce } from "./client/used-sign-ins.js";
export type { BackgroundRenewal, BackgroundRenewalListener } from "./client/renewals.js";
export { isBackground } from "./flight/background.js";
export type { SourcedToken, SourceRequest, TokenSource } from "./exchange/token-source.js";
export { dialectOf } from "./dialect/dialects.js";
export { marginOf } from "./exchange/freshness.js";
export { boundedCall } from "./exchange/accounted.js";
export { notedFailure } from "./exchange/noted-failure.js";
export { Failures } from "./http/failures.js";
export { sharedCall } from "./exchange/shared-call.js";
export type { ClientTls, HttpClient, HttpRequest, HttpResponse } from "./http/http-client.js";
export type { HostFailure } from "./http/host-log.js";
export type { HostRecord } from "./http/host.js";
export { hideSecretsOf } from "./http/hide-secrets.js";
export { isInBlock, isOnOwnLink, isPrivateHost } from "./http/private-host.js";
export { isLoopback, parsedUrl, secureEndpoint, secureUrl, sharedUrl, shownUrl } from "./http/secure-url.js";
export { base64Content, holdsCredential } from "./credential/pem.js";
export { DEFAULT_RETRIES, mayPass } from "./http/retry-policy.js";
export { pauseAfter, statusOf, withAttempts, withPause, withPauseOf } from "./http/throttle.js";
export { isHeaderValue } from "./http/header-value.js";
export { rootMessage } from "./http/network-error.js";
export type { Schedule } from "./http/retry-policy.js";
export { Budget, CALL_BUDGET_MS } from "./http/budget.js";
export { inOwnTime, type Leader } from "./http/shared-work.js";
export { withinCallTime } from "./http/within-call-time.js";
export { createTransport, type Call, type Transport } from "./http/transport.js";
export { Logger, LogLevel, type ILoggerCallback, type LoggerOptions } from "./logger.js";
export {
  claimsFromChallenge,
  parseAuthenticationChallenges,
  type AuthenticationChallenge,
} from "./request/claims-challenge.js";
export type { AcquisitionMetadata } from "./metadata.js";
export type { Counted, Facts, Observer, Step, Subject, Tell } from "./observer.js";
export { printable } from "./printable.js";
export { requestedScopes, splitScopes } from "./request/scopes.js";
export { processWide } from "./process-wide.js";
export {
  checkFieldTypes,
  isRecord,
  requireAccount,
  requireRecord,
  wrongType,
} from "./request/field-types.js";
export type { AuthorizationDetail } from "./request/authorization-details.js";
export { generatePkceCodes, type PkceCodes } from "./request/pkce.js";
export { Parameters, withQuery } from "./request/parameters.js";
export { emptyChoice } from "./request/request-keys.js";
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
export * from "./response/response-algorithms.js";
export { lifetimeSeconds } from "./response/seconds.js";
export { parseTokenResponse } from "./response/token-response.js";
export { AUTH_METHODS, type AuthMethod } from "./dialect/auth-methods.js";
export { version } from "./version.js";
