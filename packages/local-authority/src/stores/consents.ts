import type { App, User } from "../config.js";
import type { RequestedScopes } from "../scopes.js";

export interface ConsentStore {
  /** The scopes, as the client wrote them, that the user has yet to agree to. */
  missing(user: User, app: App, scopes: RequestedScopes): readonly string[];
  grant(user: User, app: App, scopes: RequestedScopes): void;
}

export function createConsentStore(): ConsentStore {
  const granted = new Set<string>();
  const key = (user: User, app: App, scopes: RequestedScopes, scope: string) =>
    JSON.stringify([user.oid, app.clientId, scopes.oidc.includes(scope) ? "" : scopes.audience, scope]);
  return {
    missing: (user, app, scopes) =>
      app.requiresConsent
        ? listScopes(scopes).filter((scope) => !granted.has(key(user, app, scopes, scope)))
        : [],
    grant: (user, app, scopes) => {
      for (const scope of listScopes(scopes)) granted.add(key(user, app, scopes, scope));
    },
  };
}

/** Everything a consent page has to show. */
export function listScopes(scopes: RequestedScopes): readonly string[] {
  return [...scopes.permissions, ...scopes.oidc];
}
