import { appObjectId } from "../tokens/object-ids.js";
import {
  LocalAuthorityConfigurationError,
  checkArray,
  checkEach,
  checkFlag,
  checkGuid,
  checkKeys,
  checkString,
  pickDefined,
} from "./checks.js";
import type { ManagedIdentity, Tenant } from "./config.js";
import type { ManagedIdentityOptions } from "./config-options.js";
import { defaultManagedIdentities } from "./defaults.js";

/** @throws {LocalAuthorityConfigurationError} for the first invalid field */
export function resolveManagedIdentities(
  given: readonly ManagedIdentityOptions[] = defaultManagedIdentities,
  tenants: readonly Tenant[],
): readonly ManagedIdentity[] {
  const identities = checkArray("managedIdentities", given).map((options, i) =>
    resolve(`managedIdentities[${i}]`, options, tenants),
  );
  const second = identities.filter(({ systemAssigned }) => systemAssigned)[1];
  if (second !== undefined) {
    throw new LocalAuthorityConfigurationError(
      `managedIdentities[${identities.indexOf(second)}].systemAssigned`,
      true,
      "use false: a host has at most one system-assigned identity",
    );
  }
  return identities;
}

function resolve(
  field: string,
  options: ManagedIdentityOptions,
  tenants: readonly Tenant[],
): ManagedIdentity {
  checkKeys(field, options, keys);
  const clientId = checkString(`${field}.clientId`, options.clientId);
  const tenantId = options.tenantId ?? tenants[0]?.id ?? "";
  if (!tenants.some(({ id }) => id === tenantId)) {
    throw new LocalAuthorityConfigurationError(
      `${field}.tenantId`,
      tenantId,
      "use the id of one of the tenants",
    );
  }
  const identity: ManagedIdentity = {
    objectId: appObjectId(tenantId, clientId),
    resourceId: `/subscriptions/${tenantId}/resourceGroups/tessera/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${clientId}`,
    systemAssigned: false,
    roles: [],
    ...pickDefined(options),
    tenantId,
  };
  checkGuid(`${field}.objectId`, identity.objectId);
  checkString(`${field}.resourceId`, identity.resourceId);
  checkFlag(`${field}.systemAssigned`, identity.systemAssigned);
  checkEach(`${field}.roles`, identity.roles, checkString);
  return identity;
}

const keys: readonly (keyof ManagedIdentity)[] = [
  "clientId",
  "objectId",
  "resourceId",
  "systemAssigned",
  "tenantId",
  "roles",
];
