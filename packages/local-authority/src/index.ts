export { startLocalAuthority, type LocalAuthority } from "./start.js";
export type { LocalAuthorityOptions } from "./options.js";
export { LocalAuthorityConfigurationError } from "./config-checks.js";
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
} from "./config.js";
export { appObjectId, fmiSubject } from "./tokens.js";
export type { Fault, FaultHandle } from "./faults.js";
export type { EndpointName, RecordedRequest } from "./journal.js";
export type { Parameters } from "./parameters.js";
