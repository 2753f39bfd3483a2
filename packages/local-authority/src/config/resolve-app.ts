import {
  checkEach,
  checkFlag,
  checkKeys,
  checkRedirectUri,
  checkRotation,
  checkString,
  pickDefined,
} from "./checks.js";
import type { App, PermissionGrant } from "./config.js";
import type { AppOptions } from "./config-options.js";
import { checkCredentials, credentialKeys, withDefaultAudiences } from "./resolve-credentials.js";

export function resolveApp(field: string, options: AppOptions, base: App | undefined): App {
  checkKeys(field, options, appKeys);
  const clientId = checkString(`${field}.clientId`, options.clientId);
  const { clientSecret, federatedCredentials, ...rest } = options;
  const secret = clientSecret === undefined ? base?.clientSecret : (clientSecret ?? undefined);
  if (secret !== undefined) checkString(`${field}.clientSecret`, secret);
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
  checkString(`${field}.name`, app.name);
  checkString(`${field}.identifierUri`, app.identifierUri);
  checkEach(`${field}.redirectUris`, app.redirectUris, checkRedirectUri);
  checkEach(`${field}.scopes`, app.scopes, checkString);
  checkEach(`${field}.roles`, app.roles, checkString);
  checkFlag(`${field}.requiresConsent`, app.requiresConsent);
  checkFlag(`${field}.multiTenant`, app.multiTenant);
  checkCredentials(field, app);
  if (app.disabled !== undefined) checkFlag(`${field}.disabled`, app.disabled);
  if (app.agentIdentityBlueprintId !== undefined) {
    checkString(`${field}.agentIdentityBlueprintId`, app.agentIdentityBlueprintId);
  }
  checkEach(`${field}.oauth2PermissionGrants`, app.oauth2PermissionGrants ?? [], checkGrant);
  if (app.familyId !== undefined) checkString(`${field}.familyId`, app.familyId);
  if (app.refreshTokenRotation !== undefined) {
    checkRotation(`${field}.refreshTokenRotation`, app.refreshTokenRotation);
  }
  return app;
}

function checkGrant(field: string, value: unknown): void {
  checkKeys(field, value, ["principalId", "resource", "scope"]);
  const { principalId, resource, scope } = value as PermissionGrant;
  checkString(`${field}.scope`, scope);
  if (principalId !== undefined) checkString(`${field}.principalId`, principalId);
  if (resource !== undefined) checkString(`${field}.resource`, resource);
}

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
  "agentIdentityBlueprintId",
  "oauth2PermissionGrants",
  ...credentialKeys,
];

function withoutSecret(app: App | undefined): Partial<App> {
  if (app === undefined) return {};
  const { clientSecret: _, ...rest } = app;
  return rest;
}
