import type { App } from "./config.js";
import type { Directory, TenantScope } from "./directory.js";
import { refuse } from "./errors.js";

export const graphResource = "https://graph.microsoft.com";
/** What workloads exchange for tokens of an app: the audience of federated credentials. */
export const exchangeResource = "api://AzureADTokenExchange";
const graphAppId = "00000003-0000-0000-c000-000000000000";
export const oidcScopes: readonly string[] = ["openid", "profile", "email", "offline_access"];

/** What a `scope` parameter asks for, taken apart (Entra's `{resource}/{permission}` form of RFC 6749 §3.3). */
export interface RequestedScopes {
  /** As the client wrote it. */
  readonly resource: string;
  /** The `aud` of the access token. */
  readonly audience: string;
  /** Delegated permissions without their prefix; `.default` stays among them. */
  readonly permissions: readonly string[];
  /** `openid`, `profile`, `email`, `offline_access`, as far as they were asked for. */
  readonly oidc: readonly string[];
  /** Puts a permission back into the form in which the client asked, so that its cache finds it. */
  readonly write: (permission: string) => string;
}

/** What a client asks for. */
export interface ScopeAsk {
  readonly at: TenantScope;
  readonly app: App;
  readonly scope: string | undefined;
  /** The parameter of that name (RFC 8707 §2), which AD FS goes by. */
  readonly resource: string | undefined;
  /** The one that was named when the user signed in, for requests that name none. */
  readonly earlierResource?: string;
  readonly directory: Directory;
}

/**
 * Reads the scopes of a user flow as Entra does.
 *
 * @throws {AadstsError} 900144 (missing), 70011 (malformed, or `.default` mixed with others), 28000 (two resources),
 * 500011 (unknown resource), 650053 (unknown permission of a known API)
 */
export function readEntraScopes({ at, app, scope, directory }: ScopeAsk): RequestedScopes {
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
  const api = directory.appById(audience);
  const unknown = permissions.find((name) => name !== ".default" && !isKnownPermission(api, name));
  if (unknown !== undefined) throw refuse(650053, { name: app.name, scope: unknown, resource });
  const short = parts.every((part) => part.short);
  return {
    resource,
    audience,
    permissions,
    oidc: [...new Set(oidc)],
    write: (permission) => (short ? permission : `${resource}/${permission}`),
  };
}

/**
 * Reads the one `{resource}/.default` of a client credentials request.
 *
 * @throws {AadstsError} 900144, 70011, 1002012, 500011
 */
export function readDefaultScope({ at, scope, directory }: ScopeAsk): string {
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

/** The last segment is the permission, all before it the resource; a word without resource means Microsoft Graph. */
function split(word: string, words: readonly string[]) {
  const slash = word.lastIndexOf("/");
  const resource = slash < 0 ? graphResource : word.slice(0, slash);
  const permission = word.slice(slash + 1);
  // RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ); a permission name has no slash or colon of its own.
  if (
    !/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(word) ||
    !/^\.?[\w-][\w.-]*$/.test(permission) ||
    /^\w+:\/*$/.test(resource)
  ) {
    throw refuse(70011, { scope: words.join(" ") });
  }
  return { resource, permission, short: slash < 0 };
}

/** How an error calls the place. */
function nameOf({ tenant, segment }: TenantScope): string {
  return tenant?.name ?? segment;
}

/** The spelling in which two names of one resource are equal. */
export function sameResource(resource: string): string {
  return resource.replace(/\/+$/, "").toLowerCase();
}

/** The `aud` of tokens for a resource: an API of this directory is known by its client id. */
export function audienceOf(resource: string, directory: Directory): string {
  const wanted = sameResource(resource);
  if (wanted === graphResource || wanted === graphAppId) return graphResource;
  if (wanted === exchangeResource.toLowerCase()) return exchangeResource;
  const api = directory.apps.find((app) =>
    [app.clientId, app.identifierUri].some((id) => sameResource(id) === wanted),
  );
  return api?.clientId ?? resource;
}

function findAudience(resource: string, directory: Directory, tenant: string): string {
  const audience = audienceOf(resource, directory);
  const isOwn =
    [graphResource, exchangeResource].includes(audience) || directory.appById(audience) !== undefined;
  const { resources } = directory;
  if (!isOwn && resources?.some((known) => sameResource(known) === sameResource(resource)) === false) {
    throw refuse(500011, { resource, tenant });
  }
  return audience;
}

function isKnownPermission(api: App | undefined, permission: string): boolean {
  return api === undefined || api.scopes.length === 0 || api.scopes.includes(permission);
}
