import { absoluteUrl } from "../http/absolute-url.js";
import { refuse } from "../errors/errors.js";
import { oidcScopes, sameResource, type ScopeRequest } from "../tokens/scopes.js";
import type { RequestedScopes } from "../stores/sign-in-request.js";

/** The default resource: the user info endpoint. */
export const userInfoResource = "urn:microsoft:userinfo";

/**
 * Parses scopes as AD FS does. The resource is the parameter `resource` or the prefix of each scope (`{resource}/{scope}`); a
 * request has one resource. Scopes are optional. https://learn.microsoft.com/windows-server/identity/ad-fs/overview/ad-fs-faq
 *
 * @throws {AadstsError} 28000 (two resources), 500011 (unknown resource), 650053 (unknown permission of a known API)
 */
export function readAdfsScopes(request: ScopeRequest): RequestedScopes {
  const words = (request.scope ?? "openid").split(" ").filter((word) => word !== "");
  const isOidc = (word: string) => oidcScopes.includes(word.toLowerCase());
  const parts = words.filter((word) => !isOidc(word)).map(split);
  const named = [request.resource, ...parts.map(({ resource }) => resource)].filter(
    (resource) => resource !== undefined && resource !== "",
  );
  const [resource = request.previousResource ?? userInfoResource] = named;
  if (named.some((other) => sameResource(other ?? "") !== sameResource(resource))) {
    throw refuse(28000, { scope: words.join(" ") }, { error: "invalid_scope" });
  }
  const permissions = [...new Set(parts.map(({ permission }) => permission))];
  const api = findApi(request, resource);
  const unknown = permissions.find(
    (name) => name !== ".default" && api !== undefined && api.scopes.length > 0 && !api.scopes.includes(name),
  );
  if (unknown !== undefined) {
    throw refuse(650053, { name: request.app.name, scope: unknown, resource }, { error: "invalid_scope" });
  }
  const isShort = parts.every((part) => part.resource === undefined);
  return {
    resource,
    audience: adfsAudience(resource),
    permissions,
    oidc: [...new Set(words.filter(isOidc).map((word) => word.toLowerCase()))],
    write: (permission) => (isShort ? permission : `${resource}/${permission}`),
  };
}

export function readAdfsAppAudience(request: ScopeRequest): string {
  return readAdfsScopes(request).audience;
}

/** Returns the `aud` claim for a resource. Identifiers that are not URIs get a prefix. */
export function adfsAudience(resource: string): string {
  return absoluteUrl(resource) ? resource : `microsoft:identityserver:${resource}`;
}

function split(word: string): { readonly resource?: string; readonly permission: string } {
  const slash = word.lastIndexOf("/");
  const permission = word.slice(slash + 1);
  return slash < 0 ? { permission } : { resource: word.slice(0, slash), permission };
}

/** @throws {AadstsError} 500011 */
function findApi({ directory }: ScopeRequest, resource: string) {
  const isSameApi = (id: string) => sameResource(id) === sameResource(resource);
  const api = directory.apps.find((app) => isSameApi(app.clientId) || isSameApi(app.identifierUri));
  const known = [userInfoResource, ...(directory.resources ?? [resource])];
  if (api === undefined && !known.some(isSameApi)) throw refuse(500011, { resource, tenant: "AD FS" });
  return api;
}
