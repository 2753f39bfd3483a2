/**
 * Acquire, cache and renew OAuth 2.0 / OpenID Connect tokens in Node.js, in the style of MSAL.
 *
 * @packageDocumentation
 */
export {
  AuthError,
  AuthErrorCodes,
  AzureCloudInstance,
  ClientAuthError,
  ClientAuthErrorCodes,
  ClientConfigurationError,
  ClientConfigurationErrorCodes,
  createMemoryTokenStore,
  DistributedCachePlugin,
  InteractionRequiredAuthError,
  InteractionRequiredAuthErrorCodes,
  Logger,
  LogLevel,
  ProtocolMode,
  ServerError,
  TokenCache,
  TokenCacheContext,
  type AccountFilter,
  type AccountInfo,
  type AuthenticationResult,
  type AzureCloudOptions,
  type CacheKVStore,
  type CacheStats,
  type Clock,
  type ICacheClient,
  type ICachePlugin,
  type IdTokenClaims,
  type ILoggerCallback,
  type IPartitionManager,
  type ISerializableTokenCache,
  type LoggerOptions,
  type PartitionUpdate,
  type PkceCodes,
  type StoreInCache,
  type TenantProfile,
  type TokenStore,
  type ValidCacheType,
} from "@tessera/core";
export { ClientApplication } from "./client-application.js";
export { ConfidentialClientApplication } from "./confidential-client-application.js";
export type {
  CacheOptions,
  ClientMetadata,
  Configuration,
  NodeAuthOptions,
  NodeSystemOptions,
  NodeTelemetryOptions,
} from "./configuration.js";
export { CryptoProvider } from "./crypto-provider.js";
export type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "./http/network-client.js";
export { PublicClientApplication } from "./public-client-application.js";
export { PromptValue, ResponseMode } from "./prompt-value.js";
export type * from "./requests.js";
export { version } from "./version.js";
