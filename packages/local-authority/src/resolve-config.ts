import type {
  App,
  AppOptions,
  AuthorityConfig,
  ConditionalAccessOptions,
  ConditionalAccessPolicy,
  ConfigOptions,
  DeviceCodeSettings,
  Federation,
  FederationOptions,
  Lifetimes,
  Tenant,
  TenantOptions,
  User,
  UserOptions,
} from "./config.js";
import {
  LocalAuthorityConfigurationError,
  checkArray,
  checkDomain,
  checkEach,
  checkFlag,
  checkGuid,
  checkKeys,
  checkRedirectUri,
  checkRotation,
  checkSeconds,
  checkText,
  pickDefined,
} from "./config-checks.js";
import { checkCredentials, credentialKeys, withDefaultAudiences } from "./resolve-credentials.js";
import { defaultDeviceCode, defaultLifetimes, defaultTenants } from "./default-config.js";
import { guidFrom } from "./opaque.js";

/**
 * Lays the options over the defaults: entries are matched by id or domain, client id and username; what matches is
 * overlaid field by field, what does not is added.
 *
 * @throws {LocalAuthorityConfigurationError} naming the first field that cannot be used
 */
export function resolveConfig(options: ConfigOptions): AuthorityConfig {
  const tenants = resolveTenants(options.tenants);
  const config: AuthorityConfig = {
    tenants,
    conditionalAccess: [...resolvePolicies(options.conditionalAccess), ...multiFactorPolicies(tenants)],
    lifetimes: resolveLifetimes(options.lifetimes),
    deviceCode: resolveDeviceCode(options.deviceCode),
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
    checkEach("resources", config.resources, checkText);
  }
  if (config.instanceMetadata !== undefined) {
    checkKeys("instanceMetadata", config.instanceMetadata, ["location"]);
    checkText("instanceMetadata.location", config.instanceMetadata.location);
  }
  checkUnique(config);
  return config;
}

function resolveTenants(given: readonly TenantOptions[] = []): readonly Tenant[] {
  const tenants = [...defaultTenants];
  checkArray("tenants", given).forEach((options, i) => {
    const field = `tenants[${i}]`;
    checkKeys(field, options, tenantKeys);
    const index = tenants.findIndex(({ id, domain }) => id === options.id || domain === options.domain);
    const resolved = resolveTenant(field, options, tenants[index]);
    if (index < 0) tenants.push(resolved);
    else tenants[index] = resolved;
  });
  return tenants;
}

function resolveTenant(field: string, options: TenantOptions, base: Tenant | undefined): Tenant {
  const domain = checkDomain(`${field}.domain`, options.domain ?? base?.domain);
  const id = options.id === undefined ? (base?.id ?? guidFrom(domain)) : checkGuid(`${field}.id`, options.id);
  const apps = new Map((base?.apps ?? []).map((app) => [app.clientId, app]));
  checkArray(`${field}.apps`, options.apps ?? []).forEach((given, i) => {
    const app = resolveApp(`${field}.apps[${i}]`, given, apps.get(given.clientId));
    apps.set(app.clientId, app);
  });
  const users = new Map((base?.users ?? []).map((user) => [user.username, user]));
  checkArray(`${field}.users`, options.users ?? []).forEach((given, i) => {
    const user = resolveUser(`${field}.users[${i}]`, given, users.get(given.username), id);
    users.set(user.username, user);
  });
  const federation =
    options.federation && resolveFederation(`${field}.federation`, options.federation, base?.federation, id);
  return {
    id,
    domain,
    name: checkText(`${field}.name`, options.name ?? base?.name ?? domain),
    apps: [...apps.values()],
    users: [...users.values()],
    ...pickDefined({ federation: federation ?? base?.federation }),
  };
}

function resolveFederation(
  field: string,
  options: FederationOptions,
  base: Federation | undefined,
  tenantId: string,
): Federation {
  checkKeys(field, options, ["domain", "users", "samlVersion"]);
  const domain = checkDomain(`${field}.domain`, options.domain);
  const samlVersion = options.samlVersion ?? base?.samlVersion ?? "1.1";
  if (samlVersion !== "1.1" && samlVersion !== "2.0") {
    throw new LocalAuthorityConfigurationError(`${field}.samlVersion`, samlVersion, 'give "1.1" or "2.0"');
  }
  const users = checkArray(`${field}.users`, options.users ?? [{ username: `grace@${domain}` }]).map(
    (given, i) => {
      const user = resolveUser(`${field}.users[${i}]`, given, undefined, tenantId);
      if (user.username.toLowerCase().endsWith(`@${domain}`)) return user;
      throw new LocalAuthorityConfigurationError(
        `${field}.users[${i}].username`,
        user.username,
        `give one that ends with @${domain}`,
      );
    },
  );
  return { domain, samlVersion, users };
}

function resolveApp(field: string, options: AppOptions, base: App | undefined): App {
  checkKeys(field, options, appKeys);
  const clientId = checkText(`${field}.clientId`, options.clientId);
  const { clientSecret, federatedCredentials, ...rest } = options;
  const secret = clientSecret === undefined ? base?.clientSecret : (clientSecret ?? undefined);
  if (secret !== undefined) checkText(`${field}.clientSecret`, secret);
  const app: App = {
    name: clientId,
    redirectUris: [],
    identifierUri: `api://${clientId}`,
    scopes: [],
    roles: [],
    requiresConsent: false,
    multiTenant: false,
    ...withoutSecret(base),
    ...pickDefined(rest),
    clientId,
    ...pickDefined({
      clientSecret: secret,
      federatedCredentials:
        federatedCredentials && withDefaultAudiences(`${field}.federatedCredentials`, federatedCredentials),
    }),
  };
  checkText(`${field}.name`, app.name);
  checkText(`${field}.identifierUri`, app.identifierUri);
  checkEach(`${field}.redirectUris`, app.redirectUris, checkRedirectUri);
  checkEach(`${field}.scopes`, app.scopes, checkText);
  checkEach(`${field}.roles`, app.roles, checkText);
  checkFlag(`${field}.requiresConsent`, app.requiresConsent);
  checkFlag(`${field}.multiTenant`, app.multiTenant);
  checkCredentials(field, app);
  if (app.disabled !== undefined) checkFlag(`${field}.disabled`, app.disabled);
  if (app.familyId !== undefined) checkText(`${field}.familyId`, app.familyId);
  if (app.refreshTokenRotation !== undefined) {
    checkRotation(`${field}.refreshTokenRotation`, app.refreshTokenRotation);
  }
  return app;
}

function resolveUser(field: string, options: UserOptions, base: User | undefined, tenantId: string): User {
  checkKeys(field, options, userKeys);
  const username = checkText(`${field}.username`, options.username);
  const user: User = {
    oid: guidFrom(`${tenantId} ${username}`),
    password: `${username.split("@")[0] ?? username}-password`,
    name: username,
    email: username,
    disabled: false,
    ...base,
    ...pickDefined(options),
    username,
  };
  checkGuid(`${field}.oid`, user.oid);
  checkText(`${field}.name`, user.name);
  checkText(`${field}.email`, user.email);
  if (typeof user.password !== "string" || user.password === "") {
    throw new LocalAuthorityConfigurationError(
      `${field}.password`,
      user.password,
      "give a text that is not empty",
    );
  }
  checkFlag(`${field}.disabled`, user.disabled);
  if (user.multiFactor !== undefined) checkFlag(`${field}.multiFactor`, user.multiFactor);
  return user;
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

/** Per-user multi-factor authentication is a policy that covers whatever the user does. */
function multiFactorPolicies(tenants: readonly Tenant[]): readonly ConditionalAccessPolicy[] {
  const users = tenants.flatMap((tenant) => [...tenant.users, ...(tenant.federation?.users ?? [])]);
  const wanting = users.filter(({ multiFactor }) => multiFactor === true);
  return resolvePolicies(wanting.map(({ username }) => ({ username })));
}

function resolvePolicies(
  given: readonly ConditionalAccessOptions[] = [],
): readonly ConditionalAccessPolicy[] {
  return checkArray("conditionalAccess", given).map((options, i) => {
    const field = `conditionalAccess[${i}]`;
    checkKeys(field, options, ["resource", "clientId", "username", "control", "claims"]);
    for (const name of ["resource", "clientId", "username"] as const) {
      if (options[name] !== undefined) checkText(`${field}.${name}`, options[name]);
    }
    const { control = "multi-factor" } = options;
    if (!["multi-factor", "block"].includes(control)) {
      throw new LocalAuthorityConfigurationError(
        `${field}.control`,
        control,
        'give "multi-factor" or "block"',
      );
    }
    const id = guidFrom(`${field} ${JSON.stringify(options)}`);
    const claims = options.claims ?? { access_token: { polids: { essential: true, values: [id] } } };
    if (typeof claims !== "object" || Object.keys(claims).length === 0) {
      throw new LocalAuthorityConfigurationError(
        `${field}.claims`,
        claims,
        "give a claims request as an object",
      );
    }
    return { ...pickDefined(options), control, claims };
  });
}

/** Two apps with one client id, or two users with one name, would make every look-up a guess. */
function checkUnique(config: AuthorityConfig): void {
  const seen = new Map<string, string>();
  const claim = (key: string, field: string, value: string) => {
    const first = seen.get(key);
    if (first !== undefined) {
      throw new LocalAuthorityConfigurationError(field, value, `it is taken by ${first}; give each its own`);
    }
    seen.set(key, field);
  };
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

const tenantKeys = ["id", "domain", "name", "apps", "users", "federation"];
const appKeys = [
  "clientId",
  "name",
  "clientSecret",
  "redirectUris",
  "identifierUri",
  "scopes",
  "roles",
  "requiresConsent",
  "multiTenant",
  "familyId",
  "refreshTokenRotation",
  "disabled",
  ...credentialKeys,
];
const userKeys = ["oid", "username", "password", "name", "email", "disabled", "multiFactor"];

function withoutSecret(app: App | undefined): Partial<App> {
  if (app === undefined) return {};
  const { clientSecret: _, ...rest } = app;
  return rest;
}
