import {
  LocalAuthorityConfigurationError,
  checkEach,
  checkFlag,
  checkKeys,
  checkRotation,
  checkSeconds,
  checkString,
  pickDefined,
} from "./checks.js";
import type { AuthorityConfig, ClientRegistration, DeviceCodeSettings, Lifetimes } from "./config.js";
import type { ConfigOptions } from "./config-options.js";
import { defaultDeviceCode, defaultLifetimes } from "./defaults.js";
import { checkAgents } from "./check-agents.js";
import { resolveManagedIdentities } from "./resolve-managed-identities.js";
import { multiFactorPolicies, resolvePolicies } from "./resolve-policies.js";
import { resolveTenants } from "./resolve-tenants.js";

/**
 * Merges the options into the defaults. Tenants are matched by ID or domain, apps by client ID and users by username: matching
 * entries are overridden field by field, others are added.
 *
 * @throws {LocalAuthorityConfigurationError} for the first invalid field
 */
export function resolveConfig(options: ConfigOptions): AuthorityConfig {
  const tenants = resolveTenants(options.tenants);
  const config: AuthorityConfig = {
    tenants,
    managedIdentities: resolveManagedIdentities(options.managedIdentities, tenants),
    conditionalAccess: [...resolvePolicies(options.conditionalAccess), ...multiFactorPolicies(tenants)],
    lifetimes: resolveLifetimes(options.lifetimes),
    deviceCode: resolveDeviceCode(options.deviceCode),
    clientRegistration: resolveRegistration(options.clientRegistration),
    refreshTokenRotation: options.refreshTokenRotation ?? "reuse-allowed",
    ...pickDefined({
      extExpiresIn: options.extExpiresIn,
      refreshIn: options.refreshIn,
      resources: options.resources,
      instanceMetadata: options.instanceMetadata,
    }),
  };
  checkRotation("refreshTokenRotation", config.refreshTokenRotation);
  if (config.extExpiresIn !== undefined) checkSeconds("extExpiresIn", config.extExpiresIn);
  if (config.refreshIn !== undefined) checkSeconds("refreshIn", config.refreshIn);
  if (config.resources !== undefined) {
    checkEach("resources", config.resources, checkString);
  }
  if (config.instanceMetadata !== undefined) {
    checkKeys("instanceMetadata", config.instanceMetadata, ["location"]);
    checkString("instanceMetadata.location", config.instanceMetadata.location);
  }
  checkUnique(config);
  checkAgents(tenants);
  return config;
}

function resolveLifetimes(given: Partial<Lifetimes> = {}): Lifetimes {
  checkKeys("lifetimes", given, Object.keys(defaultLifetimes));
  const lifetimes: Lifetimes = { ...defaultLifetimes, ...pickDefined(given) };
  for (const [name, seconds] of Object.entries(lifetimes)) checkSeconds(`lifetimes.${name}`, seconds);
  return lifetimes;
}

function resolveDeviceCode(given: Partial<DeviceCodeSettings> = {}): DeviceCodeSettings {
  checkKeys("deviceCode", given, Object.keys(defaultDeviceCode));
  const settings: DeviceCodeSettings = { ...defaultDeviceCode, ...pickDefined(given) };
  checkFlag("deviceCode.completeUri", settings.completeUri);
  checkSeconds("deviceCode.interval", settings.interval);
  checkSeconds("deviceCode.lifetime", settings.lifetime);
  return settings;
}

function resolveRegistration(given: Partial<ClientRegistration> = {}): ClientRegistration {
  const registration = { dynamic: true, metadataDocuments: true, documents: {}, ...pickDefined(given) };
  checkKeys("clientRegistration", given, Object.keys(registration));
  checkFlag("clientRegistration.dynamic", registration.dynamic);
  checkFlag("clientRegistration.metadataDocuments", registration.metadataDocuments);
  checkKeys("clientRegistration.documents", registration.documents, Object.keys(registration.documents));
  return registration;
}

/** Rejects duplicate IDs and names, which would make look-ups ambiguous. */
function checkUnique(config: AuthorityConfig): void {
  const seen = new Map<string, string>();
  const claim = (key: string, field: string, value: string) => {
    const first = seen.get(key);
    if (first !== undefined) {
      throw new LocalAuthorityConfigurationError(
        field,
        value,
        `it is already used by ${first}; use a different value`,
      );
    }
    seen.set(key, field);
  };
  for (const { clientId } of config.managedIdentities) {
    claim(`app ${clientId}`, `clientId of managed identity ${clientId}`, clientId);
  }
  for (const tenant of config.tenants) {
    claim(`tenant ${tenant.id}`, `id of tenant ${tenant.domain}`, tenant.id);
    claim(`domain ${tenant.domain}`, `domain of tenant ${tenant.id}`, tenant.domain);
    for (const app of tenant.apps) claim(`app ${app.clientId}`, `clientId of ${app.name}`, app.clientId);
    const { federation } = tenant;
    if (federation !== undefined) {
      claim(`domain ${federation.domain}`, `federated domain of tenant ${tenant.id}`, federation.domain);
    }
    for (const user of [...tenant.users, ...(federation?.users ?? [])]) {
      claim(`user ${user.username.toLowerCase()}`, `username in ${tenant.domain}`, user.username);
      claim(`oid ${tenant.id} ${user.oid}`, `oid of ${user.username}`, user.oid);
    }
  }
}
