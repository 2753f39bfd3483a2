import {
  LocalAuthorityConfigurationError,
  checkArray,
  checkDomain,
  checkGuid,
  checkKeys,
  checkString,
  pickDefined,
} from "./checks.js";
import type { Federation, Tenant } from "./config.js";
import type { FederationOptions, TenantOptions } from "./config-options.js";
import { defaultTenants } from "./defaults.js";
import { guidFrom } from "../crypto/opaque.js";
import { resolveApp } from "./resolve-app.js";
import { resolveUser } from "./resolve-user.js";

export function resolveTenants(given: readonly TenantOptions[] = []): readonly Tenant[] {
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
    name: checkString(`${field}.name`, options.name ?? base?.name ?? domain),
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
    throw new LocalAuthorityConfigurationError(`${field}.samlVersion`, samlVersion, 'use "1.1" or "2.0"');
  }
  const users = checkArray(`${field}.users`, options.users ?? [{ username: `grace@${domain}` }]).map(
    (given, i) => {
      const user = resolveUser(`${field}.users[${i}]`, given, undefined, tenantId);
      if (user.username.toLowerCase().endsWith(`@${domain}`)) return user;
      throw new LocalAuthorityConfigurationError(
        `${field}.users[${i}].username`,
        user.username,
        `use a username that ends with @${domain}`,
      );
    },
  );
  return { domain, samlVersion, users };
}

const tenantKeys = ["id", "domain", "name", "apps", "users", "federation"];
