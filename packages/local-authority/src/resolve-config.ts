import type {
  App,
  AppOptions,
  AuthorityConfig,
  ConfigOptions,
  Lifetimes,
  Tenant,
  TenantOptions,
  User,
  UserOptions,
} from "./config.js";
import { defaultLifetimes, defaultTenants } from "./default-config.js";
import { guidFrom } from "./opaque.js";

/** An option that cannot be used: `field` is its path (`tenants[0].apps[1].redirectUris[0]`), `value` what was given. */
export class LocalAuthorityConfigurationError extends Error {
  override readonly name = "LocalAuthorityConfigurationError";
  constructor(
    readonly field: string,
    readonly value: unknown,
    remedy: string,
  ) {
    super(`${field} is ${show(field, value)}: ${remedy}`);
  }
}

/**
 * Lays the options over the defaults: entries are matched by id or domain, client id and username; what matches is
 * overlaid field by field, what does not is added.
 *
 * @throws {LocalAuthorityConfigurationError} naming the first field that cannot be used
 */
export function resolveConfig(options: ConfigOptions): AuthorityConfig {
  const config: AuthorityConfig = {
    tenants: resolveTenants(options.tenants),
    lifetimes: resolveLifetimes(options.lifetimes),
    refreshTokenRotation: options.refreshTokenRotation ?? "reuse-allowed",
    ...pickDefined({
      extExpiresIn: options.extExpiresIn,
      refreshIn: options.refreshIn,
      resources: options.resources,
    }),
  };
  checkRotation("refreshTokenRotation", config.refreshTokenRotation);
  if (config.extExpiresIn !== undefined) checkSeconds("extExpiresIn", config.extExpiresIn);
  if (config.refreshIn !== undefined) checkSeconds("refreshIn", config.refreshIn);
  if (config.resources !== undefined) {
    checkEach("resources", config.resources, checkText);
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
  return {
    id,
    domain,
    name: checkText(`${field}.name`, options.name ?? base?.name ?? domain),
    apps: [...apps.values()],
    users: [...users.values()],
  };
}

function resolveApp(field: string, options: AppOptions, base: App | undefined): App {
  checkKeys(field, options, appKeys);
  const clientId = checkText(`${field}.clientId`, options.clientId);
  const { clientSecret, ...rest } = options;
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
    ...pickDefined({ clientSecret: secret }),
  };
  checkText(`${field}.name`, app.name);
  checkText(`${field}.identifierUri`, app.identifierUri);
  checkEach(`${field}.redirectUris`, app.redirectUris, checkRedirectUri);
  checkEach(`${field}.scopes`, app.scopes, checkText);
  checkEach(`${field}.roles`, app.roles, checkText);
  checkFlag(`${field}.requiresConsent`, app.requiresConsent);
  checkFlag(`${field}.multiTenant`, app.multiTenant);
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
  return user;
}

function resolveLifetimes(given: Partial<Lifetimes> = {}): Lifetimes {
  checkKeys("lifetimes", given, Object.keys(defaultLifetimes));
  const lifetimes: Lifetimes = { ...defaultLifetimes, ...pickDefined(given) };
  for (const [name, seconds] of Object.entries(lifetimes)) checkSeconds(`lifetimes.${name}`, seconds);
  return lifetimes;
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
    for (const user of tenant.users) {
      claim(`user ${user.username.toLowerCase()}`, `username in ${tenant.domain}`, user.username);
      claim(`oid ${tenant.id} ${user.oid}`, `oid of ${user.username}`, user.oid);
    }
  }
}

const tenantKeys = ["id", "domain", "name", "apps", "users"];
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
];
const userKeys = ["oid", "username", "password", "name", "email", "disabled"];

/** @throws {LocalAuthorityConfigurationError} for a field that is not among `known`, which is most often a slip of the pen */
export function checkKeys(field: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new LocalAuthorityConfigurationError(field, value, "give an object");
  }
  for (const [key, content] of Object.entries(value)) {
    if (!known.includes(key)) {
      const path = field === "" ? key : `${field}.${key}`;
      throw new LocalAuthorityConfigurationError(
        path,
        content,
        `there is no such field; known: ${known.join(", ")}`,
      );
    }
  }
}

function checkArray<T>(field: string, value: readonly T[]): readonly T[] {
  const isArray: boolean = Array.isArray(value);
  if (!isArray) throw new LocalAuthorityConfigurationError(field, value, "give an array");
  return value;
}

function checkEach(
  field: string,
  values: readonly unknown[],
  check: (field: string, value: unknown) => void,
): void {
  checkArray(field, values).forEach((value, i) => {
    check(`${field}[${i}]`, value);
  });
}

function checkText(field: string, value: unknown): string {
  if (typeof value === "string" && value !== "" && value === value.trim()) return value;
  throw new LocalAuthorityConfigurationError(field, value, "give a text without spaces at its ends");
}

function checkFlag(field: string, value: unknown): void {
  if (typeof value !== "boolean")
    throw new LocalAuthorityConfigurationError(field, value, "give true or false");
}

function checkSeconds(field: string, value: unknown): void {
  if (!Number.isInteger(value) || Number(value) < 0) {
    throw new LocalAuthorityConfigurationError(field, value, "give a whole number of seconds, 0 or more");
  }
}

function checkRotation(field: string, value: unknown): void {
  if (value !== "reuse-allowed" && value !== "strict") {
    throw new LocalAuthorityConfigurationError(field, value, 'give "reuse-allowed" or "strict"');
  }
}

const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function checkGuid(field: string, value: unknown): string {
  if (typeof value === "string" && guidPattern.test(value)) return value;
  throw new LocalAuthorityConfigurationError(field, value, "give a GUID in lower case");
}

function checkDomain(field: string, value: unknown): string {
  if (typeof value === "string" && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(value)) return value;
  throw new LocalAuthorityConfigurationError(
    field,
    value,
    "give a domain name in lower case, such as contoso.example",
  );
}

function checkRedirectUri(field: string, value: unknown): void {
  if (typeof value !== "string" || !URL.canParse(value) || value.includes("#")) {
    throw new LocalAuthorityConfigurationError(
      field,
      value,
      "give an absolute URI without a fragment (RFC 6749 §3.1.2)",
    );
  }
}

function withoutSecret(app: App | undefined): Partial<App> {
  if (app === undefined) return {};
  const { clientSecret: _, ...rest } = app;
  return rest;
}

/** `undefined` in an option means "as if left out", so it must not cover a default. */
function pickDefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, content]) => content !== undefined)) as T;
}

function show(field: string, value: unknown): string {
  if (/secret|password/i.test(field)) return typeof value === "string" ? "hidden" : typeof value;
  if (value === undefined) return "missing";
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}
