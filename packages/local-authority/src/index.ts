export { startLocalAuthority } from "./server/start.js";
export type { LocalAuthority } from "./server/local-authority.js";
export type { LocalAuthorityOptions } from "./config/options.js";
export { LocalAuthorityConfigurationError } from "./config/checks.js";
export type {
  App,
  AppOptions,
  AuthorityConfig,
  ConditionalAccessOptions,
  ConditionalAccessPolicy,
  ConfigOptions,
  DeviceCodeSettings,
  Federation,
  FederatedCredential,
  FederatedCredentialOptions,
  FederationOptions,
  InstanceMetadata,
  KeySet,
  Lifetimes,
  RefreshTokenRotation,
  SubjectNameIssuer,
  Tenant,
  TenantOptions,
  TlsClientAuth,
  User,
  UserOptions,
} from "./config/config.js";
export { appObjectId, fmiSubject } from "./tokens/tokens.js";
export type { Fault, FaultHandle } from "./server/faults.js";
export type { EndpointName, RecordedRequest } from "./http/journal.js";
export type { Parameters } from "./http/parameters.js";
