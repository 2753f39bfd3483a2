/**
 * Acquire, cache and renew OAuth 2.0 / OpenID Connect tokens in Node.js, in the style of MSAL.
 *
 * @packageDocumentation
 */
export {
  AuthError,
  ClientAuthError,
  ClientConfigurationError,
  claimsFromChallenge,
  createMemoryTokenStore,
  InteractionRequiredAuthError,
  Logger,
  LogLevel,
  ProtocolMode,
  parseAuthenticationChallenges,
  ServerError,
  TokenCacheContext,
  type AccountInfo,
  type AuthCodeFlow,
  type AuthenticationResult,
  type Clock,
  type DeviceCodeResponse,
  type ICachePlugin,
  type IdTokenClaims,
  type ISerializableTokenCache,
  type LoggerOptions,
  type PartitionUpdate,
  type TokenStore,
} from "@tessera/core";
export {
  TokenCache,
  AuthErrorCodes,
  AzureCloudInstance,
  ClientAuthErrorCodes,
  ClientConfigurationErrorCodes,
  DistributedCachePlugin,
  InteractionRequiredAuthErrorCodes,
  version,
  type AccountFilter,
  type AcquisitionMetadata,
  type AcceptedTenants,
  type VerifiedAccessToken,
  type HostFailure,
  type HostRecord,
  type AgentUser,
  type AuthenticationChallenge,
  type BackchannelNotification,
  type BackgroundRenewal,
  type BackgroundRenewalListener,
  type AssertionContext,
  type AuthCodeFlowOptions,
  type TicketContext,
  type TicketSource,
  type AzureCloudOptions,
  type CacheKVStore,
  type ClientRegistration,
  type RegistrationMetadata,
  type CacheStats,
  type CertificateContext,
  type CredentialContext,
  type DecryptionKeyOptions,
  type ICacheClient,
  type LoadedPartition,
  type PartitionPage,
  type StoredPartition,
  type Turn,
  type UpdateOutcome,
  type WorkInTurn,
  type ILoggerCallback,
  type Introspection,
  type IPartitionManager,
  type AuthorizationDetail,
  type PkceCodes,
  type ProviderLogout,
  type ProtectedResource,
  type SecretContext,
  type StoreInCache,
  type TenantProfile,
  type UseOnce,
  type UserInfo,
  type ValidCacheType,
} from "@tessera/core/internal";
export {
  createAccessTokenVerifier,
  type AccessTokenVerifier,
  type AccessTokenVerifierOptions,
  type VerificationBounds,
} from "./access-token-verifier.js";
export { auth0TokenVault, type Auth0TokenVaultOptions } from "./auth0-token-vault.js";
export {
  createAuthenticatedFetch,
  type AuthenticatedFetchOptions,
  type TokenSource,
} from "./authenticated-fetch.js";
export type {
  AppTokenProvider as IAppTokenProvider,
  AppTokenProviderParameters,
  AppTokenProviderResult,
} from "./msal/app-token-provider.js";
export type * from "./msal/cache-types.js";
export { checkClientMetadataDocument } from "./check-client-metadata-document.js";
export { clientMetadataDocument, type ClientMetadataDocumentOptions } from "./client-metadata-document.js";
export type { ClientMetadataFinding } from "./client-metadata-rules.js";
export {
  deleteClientRegistration,
  readClientRegistration,
  registerClient,
  registeredClient,
  updateClientRegistration,
  type ManageRegistrationOptions,
  type RegisterClientOptions,
  type RegistrationOptions,
  type UpdateRegistrationOptions,
} from "./client-registration.js";
export { ClientApplication } from "./client-application.js";
export type { CompanyApplication } from "./cross-app/identity-assertion.js";
export type { IdentityOfUser } from "./cross-app/identity-of-user.js";
export type * from "./msal/client-interfaces.js";
export {
  ConfidentialClientApplication,
  type ConfidentialTokenRequest,
} from "./confidential-client-application.js";
export { awsTokenFile } from "./credential/aws-token-file.js";
export { azurePipelinesToken, type AzurePipelinesTokenOptions } from "./credential/azure-pipelines-token.js";
export { federatedTokenFile } from "./credential/federated-token-file.js";
export { githubActionsToken } from "./credential/github-actions-token.js";
export { spiffeTokenFile } from "./credential/spiffe-token-file.js";
export type {
  BrokerOptions,
  CacheOptions,
  ClientAssertionCallback,
  ClientCertificate,
  ClientCertificateFunction,
  ClientMetadata,
  RequestObjectKey,
  ClientSecretCallback,
  Configuration,
  NodeAuthOptions,
  NodeSystemOptions,
  NodeTelemetryOptions,
  TelemetryAttribute,
} from "./configuration.js";
export {
  auth0,
  cognito,
  github,
  google,
  keycloak,
  okta,
  zitadel,
  type ProviderPreset,
} from "./providers/presets.js";
export { createDefaultCredential } from "./default-credential/default-credential.js";
export type { AmbientCredential } from "./default-credential/ambient-credential.js";
export type { AmbientTokenRequest } from "./default-credential/source.js";
export type { DefaultCredentialOptions } from "./default-credential/options.js";
export type { DeveloperCacheOptions } from "./default-credential/developer-cache.js";
export {
  commandLineToken,
  type CommandLineTokenOptions,
} from "./default-credential/command-line/command-line-token.js";
export { CryptoProvider } from "./msal/crypto-provider.js";
export type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "./http/network-client.js";
export type { INativeBrokerPlugin, NativeRequest, NativeSignOutRequest } from "./broker/broker.js";
export type { CcsCredential } from "./msal/msal-request.js";
export {
  managedIdentityAssertion,
  type ManagedIdentityAssertionOptions,
} from "./credential/managed-identity-assertion.js";
export type {
  ManagedIdentityConfiguration,
  ManagedIdentityIdParams,
  ManagedIdentityRequestParams,
} from "./managed-identity/configuration.js";
export { ManagedIdentityApplication } from "./managed-identity/managed-identity-application.js";
export {
  ManagedIdentityError,
  ManagedIdentityErrorCodes,
} from "./managed-identity/managed-identity-error.js";
export { ManagedIdentitySourceNames } from "./managed-identity/source.js";
export { discoverProtectedResource, type ProtectedResourceOptions } from "./protected-resource.js";
export { PublicClientApplication } from "./public-client-application.js";
export { PromptValue, ResponseMode } from "./msal/prompt-value.js";
export type * from "./authorization-response.js";
export type * from "./requests.js";
export { createResourceFetch } from "./resource/create-resource-fetch.js";
export {
  createResourceTokens,
  type ResourceAttempt,
  type ResourceCallOptions,
  type ResourceTokens,
} from "./resource/resource-tokens.js";
export type { ResourceToken } from "./resource/acquire-token.js";
export type {
  FindRegistration,
  ResourceAssertionContext,
  ResourceClientOptions,
  ResourceFetchOptions,
  ResourceSendingOptions,
  ResourceOptions,
  ResourceRegistration,
} from "./resource/options.js";
export {
  tokenCredential,
  type AccessToken,
  type GetTokenOptions,
  type TokenCredential,
} from "./token-credential.js";
export {
  createTokenProvider,
  type ProvidedApp,
  type TokenProvider,
  type TokenProviderOptions,
} from "./token-provider.js";
export type { ProvidedRequest } from "./fresh-tokens.js";
export type { Diagnostics } from "./diagnostics.js";
