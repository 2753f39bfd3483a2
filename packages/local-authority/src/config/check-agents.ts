import { LocalAuthorityConfigurationError } from "./checks.js";
import { isConfidential, type App, type Tenant } from "./config.js";

/**
 * Checks that agents, blueprints and agent users belong together, as Entra requires.
 *
 * @throws {LocalAuthorityConfigurationError} for the first one that does not
 */
export function checkAgents(tenants: readonly Tenant[]): void {
  const apps = tenants.flatMap((tenant) => tenant.apps);
  for (const { apps: own, users } of tenants) {
    for (const app of own) if (app.agentIdentityBlueprintId !== undefined) checkAgent(app, apps);
    const parents = users.flatMap(({ username, identityParentId }) =>
      identityParentId === undefined ? [] : [{ username, identityParentId }],
    );
    parents.forEach(({ username, identityParentId }, i) => {
      const field = `identityParentId of ${username}`;
      const parent = own.find(({ clientId }) => clientId === identityParentId);
      if (parent?.agentIdentityBlueprintId === undefined) {
        throw new LocalAuthorityConfigurationError(
          field,
          identityParentId,
          "use the client ID of an agent of the tenant: an app with agentIdentityBlueprintId",
        );
      }
      if (parents.findIndex((each) => each.identityParentId === identityParentId) < i) {
        throw new LocalAuthorityConfigurationError(
          field,
          identityParentId,
          "use another agent: an agent has at most one user",
        );
      }
    });
  }
}

function checkAgent(agent: App, apps: readonly App[]): void {
  const { agentIdentityBlueprintId: blueprintId, clientId, redirectUris, multiTenant } = agent;
  const blueprint = apps.find((app) => app.clientId === blueprintId);
  if (blueprint === undefined || blueprint.agentIdentityBlueprintId !== undefined) {
    throw new LocalAuthorityConfigurationError(
      `agentIdentityBlueprintId of ${clientId}`,
      blueprintId,
      "use the client ID of an app that is not itself an agent",
    );
  }
  const { agentIdentityBlueprintId: _, ...rest } = agent;
  if (isConfidential(rest) || redirectUris.length > 0 || multiTenant) {
    throw new LocalAuthorityConfigurationError(
      `agentIdentityBlueprintId of ${clientId}`,
      blueprintId,
      "omit the app's credentials, redirectUris and multiTenant: an agent has none, and authenticates through its blueprint",
    );
  }
}
