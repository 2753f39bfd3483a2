import type { App, User } from "../config/config.js";
import { graphResource, sameResource } from "../tokens/scopes.js";
import type { RequestedScopes } from "./sign-in-request.js";

/** The consents that users have given to apps. */
export interface ConsentStore {
  /** The scopes, as the client spelled them, that the user has not consented to. */
  missing(user: User, app: App, scopes: RequestedScopes): readonly string[];
  grant(user: User, app: App, scopes: RequestedScopes): void;
}

export function createConsentStore(): ConsentStore {
  const granted = new Set<string>();
  const key = (user: User, app: App, scopes: RequestedScopes, scope: string) =>
    JSON.stringify([user.oid, app.clientId, scopes.oidc.includes(scope) ? "" : scopes.audience, scope]);
  return {
    missing: (user, app, scopes) => {
      if (app.oauth2PermissionGrants !== undefined) {
        return scopes.permissions.filter((permission) => !isGranted(user, app, scopes, permission));
      }
      return app.requiresConsent
        ? listScopes(scopes).filter((scope) => !granted.has(key(user, app, scopes, scope)))
        : [];
    },
    grant: (user, app, scopes) => {
      for (const scope of listScopes(scopes)) granted.add(key(user, app, scopes, scope));
    },
  };
}

/** Whether an administrator has granted the permission; any permission of the API suffices for `.default`. */
function isGranted(user: User, app: App, scopes: RequestedScopes, permission: string): boolean {
  return (app.oauth2PermissionGrants ?? []).some(({ principalId, resource = graphResource, scope }) => {
    const isApi = [scopes.resource, scopes.audience].some(
      (api) => sameResource(api) === sameResource(resource),
    );
    const isUser = principalId === undefined || principalId === user.oid;
    return isApi && isUser && (permission === ".default" || scope.split(" ").includes(permission));
  });
}

/** Returns all scopes that a consent page lists. */
export function listScopes(scopes: RequestedScopes): readonly string[] {
  return [...scopes.permissions, ...scopes.oidc];
}
