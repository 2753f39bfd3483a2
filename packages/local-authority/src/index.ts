export { startLocalAuthority, type LocalAuthority, type LocalAuthorityOptions } from "./start.js";
export { LocalAuthorityConfigurationError } from "./resolve-config.js";
export type {
  App,
  AppOptions,
  AuthorityConfig,
  ConfigOptions,
  Lifetimes,
  RefreshTokenRotation,
  Tenant,
  TenantOptions,
  User,
  UserOptions,
} from "./config.js";
export type { Fault, FaultHandle } from "./faults.js";
export type { EndpointName, RecordedRequest } from "./journal.js";
export type { Parameters } from "./parameters.js";
