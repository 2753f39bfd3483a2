import type { App } from "../config/config.js";
import { exchangeAppId, exchangeResource } from "../config/defaults.js";
import type { Directory, TenantScope } from "../directory.js";
import type { RequestedScopes } from "../stores/sign-in-request.js";
import { refuse } from "../errors/errors.js";

export const graphResource = "https://graph.microsoft.com";
const graphAppId = "00000003-0000-0000-c000-000000000000";
export const oidcScopes: readonly string[] = ["openid", "profile", "email", "offline_access"];

/** The parameters of a request that determine scopes and resource. */
export interface ScopeRequest {
  readonly at: TenantScope;
  readonly app: App;
  readonly scope: string | undefined;
  /** The parameter `resource` (RFC 8707 §2). AD FS uses it; at Entra it may only repeat what the scopes say. */
  readonly resource: string | undefined;
  /** The resource of the original request, used if this one does not name one. */
  readonly previousResource?: string;
  readonly directory: Directory;
}

/**
 * Parses the scopes of a request for a user, as Entra does.
 *
 * @throws {AadstsError} 900144 (missing), 70011 (malformed, or `.default` mixed with others), 28000 (two resources),
 * 500011 (unknown resource), 650053 (unknown permission of a known API), 9010010 (`resource` is not that of the scopes)
 */
export function readEntraScopes(request: ScopeRequest): RequestedScopes {
  const { at, app, scope, directory } = request;
  const words = splitScopes(scope);
  const oidc = words
    .filter((word) => oidcScopes.includes(word.toLowerCase()))
    .map((word) => word.toLowerCase());
  const parts = words
    .filter((word) => !oidcScopes.includes(word.toLowerCase()))
    .map((word) => split(word, words));
  const resource = parts[0]?.resource ?? graphResource;
  if (parts.some((part) => sameResource(part.resource) !== sameResource(resource))) {
    throw refuse(28000, { scope: words.join(" ") });
  }
  const permissions = [...new Set(parts.map((part) => part.permission))];
  if (permissions.includes(".default") && permissions.length > 1) {
    throw refuse(70011, {
      scope: `${words.join(" ")} (.default can't be combined with resource-specific scopes)`,
    });
  }
  const audience = findAudience(resource, directory, nameOf(at));
  if (parts.length > 0 && request.resource && audienceOf(request.resource, directory) !== audience) {
    throw refuse(9010010);
  }
  const api = directory.appById(audience);
  const unknown = permissions.find((name) => name !== ".default" && !isKnownPermission(api, name));
  if (unknown !== undefined) throw refuse(650053, { name: app.name, scope: unknown, resource });
  const isShort = parts.every((part) => part.isShort);
  return {
    resource,
    audience,
    permissions,
    oidc: [...new Set(oidc)],
    write: (permission) => (isShort ? permission : `${resource}/${permission}`),
  };
}

/**
 * Parses the single scope `{resource}/.default` of a client credentials request.
 *
 * @throws {AadstsError} 900144, 70011, 1002012, 500011
 */
export function readDefaultScope({ at, scope, directory }: ScopeRequest): string {
  const words = splitScopes(scope);
  const [word, ...rest] = words;
  if (word === undefined || rest.length > 0) throw refuse(70011, { scope: words.join(" ") });
  if (!word.endsWith("/.default")) throw refuse(1002012, { scope: word });
  return findAudience(word.slice(0, -"/.default".length), directory, nameOf(at));
}

export function isGraph(audience: string): boolean {
  return audience === graphResource;
}

function splitScopes(scope: string | undefined): readonly string[] {
  const words = (scope ?? "").split(" ").filter((word) => word !== "");
  if (words.length === 0) throw refuse(900144, { parameter: "scope" });
  return words;
}

/** Splits a scope at its last slash into resource and permission; the default resource is Microsoft Graph. */
function split(word: string, words: readonly string[]) {
  const slash = word.lastIndexOf("/");
  const resource = slash < 0 ? graphResource : word.slice(0, slash);
  const permission = word.slice(slash + 1);
  // RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ); permission names contain no slash or colon.
  if (
    !/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(word) ||
    !/^\.?[\w-][\w.-]*$/.test(permission) ||
    /^\w+:\/*$/.test(resource)
  ) {
    throw refuse(70011, { scope: words.join(" ") });
  }
  return { resource, permission, isShort: slash < 0 };
}

/** Returns the name of the tenant in errors. */
function nameOf({ tenant, segment }: TenantScope): string {
  return tenant?.name ?? segment;
}

/** Normalizes a resource for comparison. */
export function sameResource(resource: string): string {
  return withoutSlashesAtEnd(resource).toLowerCase();
}

/** The regular expression for this would read a run of slashes again from each of them. */
export function withoutSlashesAtEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === "/") end -= 1;
  return text.slice(0, end);
}

/** Returns the `aud` claim for a resource; for an API of this directory, its client ID. */
export function audienceOf(resource: string, directory: Directory): string {
  const wanted = sameResource(resource);
  if (wanted === graphResource || wanted === graphAppId) return graphResource;
  if (wanted === exchangeResource.toLowerCase() || wanted === exchangeAppId) return exchangeAppId;
  const api = directory.apps.find((app) =>
    [app.clientId, app.identifierUri].some((id) => sameResource(id) === wanted),
  );
  return api?.clientId ?? resource;
}

/** Like `audienceOf`. @throws {AadstsError} 500011 for a resource that is not among the configured ones */
export function findAudience(resource: string, directory: Directory, tenant: string): string {
  const audience = audienceOf(resource, directory);
  const isOwn =
    [graphResource, exchangeAppId].includes(audience) || directory.appById(audience) !== undefined;
  const { resources } = directory;
  if (!isOwn && resources?.some((known) => sameResource(known) === sameResource(resource)) === false) {
    throw refuse(500011, { resource, tenant });
  }
  return audience;
}

function isKnownPermission(api: App | undefined, permission: string): boolean {
  return api === undefined || api.scopes.length === 0 || api.scopes.includes(permission);
}
