import {
  LocalAuthorityConfigurationError,
  checkArray,
  checkKeys,
  checkString,
  pickDefined,
} from "./checks.js";
import type { ConditionalAccessPolicy, Tenant } from "./config.js";
import type { ConditionalAccessOptions } from "./config-options.js";
import { guidFrom } from "../crypto/opaque.js";

/** Per-user multi-factor authentication is a policy that covers everything the user does. */
export function multiFactorPolicies(tenants: readonly Tenant[]): readonly ConditionalAccessPolicy[] {
  const users = tenants.flatMap((tenant) => [...tenant.users, ...(tenant.federation?.users ?? [])]);
  const enrolled = users.filter(({ multiFactor }) => multiFactor === true);
  return resolvePolicies(enrolled.map(({ username }) => ({ username })));
}

export function resolvePolicies(
  given: readonly ConditionalAccessOptions[] = [],
): readonly ConditionalAccessPolicy[] {
  return checkArray("conditionalAccess", given).map((options, i) => {
    const field = `conditionalAccess[${i}]`;
    checkKeys(field, options, ["resource", "clientId", "username", "control", "claims"]);
    for (const name of ["resource", "clientId", "username"] as const) {
      if (options[name] !== undefined) checkString(`${field}.${name}`, options[name]);
    }
    const { control = "multi-factor" } = options;
    if (!["multi-factor", "block"].includes(control)) {
      throw new LocalAuthorityConfigurationError(
        `${field}.control`,
        control,
        'use "multi-factor" or "block"',
      );
    }
    const id = guidFrom(`${field} ${JSON.stringify(options)}`);
    const claims = options.claims ?? { access_token: { polids: { essential: true, values: [id] } } };
    if (typeof claims !== "object" || Object.keys(claims).length === 0) {
      throw new LocalAuthorityConfigurationError(
        `${field}.claims`,
        claims,
        "use a claims request as an object",
      );
    }
    return { ...pickDefined(options), control, claims };
  });
}
