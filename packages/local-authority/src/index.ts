export { startLocalAuthority } from "./server/start.js";
export type { LocalAuthority } from "./server/local-authority.js";
export type { KerberosTicket, LocalAuthorityOptions } from "./config/options.js";
export { runCommandLine, type CommandLineOptions } from "./command-line/run-command-line.js";
export { LocalAuthorityConfigurationError } from "./config/checks.js";
export type {
  App,
  AuthorityConfig,
  ClientRegistration,
  ConditionalAccessPolicy,
  DeviceCodeSettings,
  Federation,
  FederatedCredential,
  InstanceMetadata,
  KeySet,
  Lifetimes,
  ManagedIdentity,
  PermissionGrant,
  RefreshTokenRotation,
  SubjectNameIssuer,
  Tenant,
  TlsClientAuth,
  User,
} from "./config/config.js";
export type {
  AppOptions,
  ConditionalAccessOptions,
  ConfigOptions,
  FederatedCredentialOptions,
  FederationOptions,
  ManagedIdentityOptions,
  TenantOptions,
  UserOptions,
} from "./config/config-options.js";
export { appObjectId, fmiSubject } from "./tokens/object-ids.js";
export type { EmulateOptions, EmulatedHost, HostName } from "./emulator/emulated-host.js";
export type {
  ProtectedResource,
  ProtectedResourceOptions,
  TokenClaims,
} from "./resource/protected-resource.js";
export type { Fault, FaultHandle } from "./server/faults.js";
export type { EndpointName, RecordedRequest } from "./http/journal.js";
export type { Parameters } from "./http/parameters.js";
