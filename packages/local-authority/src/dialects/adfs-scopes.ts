import { refuse } from "../errors.js";
import { oidcScopes, sameResource, type RequestedScopes, type ScopeAsk } from "../scopes.js";

/** What a token is for when no resource was named: the user info endpoint. */
export const userInfoResource = "urn:microsoft:userinfo";

/**
 * The resource stands in `resource`, or in front of each scope (`{resource}/{scope}`), and there is one a request; the
 * scopes may be missing. https://learn.microsoft.com/windows-server/identity/ad-fs/overview/ad-fs-faq
 *
 * @throws {AadstsError} 28000 (two resources), 500011 (unknown resource), 650053 (unknown permission of a known API)
 */
export function readAdfsScopes(ask: ScopeAsk): RequestedScopes {
  const words = (ask.scope ?? "openid").split(" ").filter((word) => word !== "");
  const isOidc = (word: string) => oidcScopes.includes(word.toLowerCase());
  const parts = words.filter((word) => !isOidc(word)).map(split);
  const named = [ask.resource, ...parts.map(({ resource }) => resource)].filter(
    (resource) => resource !== undefined && resource !== "",
  );
  const [resource = ask.earlierResource ?? userInfoResource] = named;
  if (named.some((other) => sameResource(other ?? "") !== sameResource(resource))) {
    throw refuse(28000, { scope: words.join(" ") }, { error: "invalid_scope" });
  }
  const permissions = [...new Set(parts.map(({ permission }) => permission))];
  const api = findApi(ask, resource);
  const unknown = permissions.find(
    (name) => name !== ".default" && api !== undefined && api.scopes.length > 0 && !api.scopes.includes(name),
  );
  if (unknown !== undefined) {
    throw refuse(650053, { name: ask.app.name, scope: unknown, resource }, { error: "invalid_scope" });
  }
  const short = parts.every((part) => part.resource === undefined);
  return {
    resource,
    audience: audienceOf(resource),
    permissions,
    oidc: [...new Set(words.filter(isOidc).map((word) => word.toLowerCase()))],
    write: (permission) => (short ? permission : `${resource}/${permission}`),
  };
}

export function readAdfsAppAudience(ask: ScopeAsk): string {
  return readAdfsScopes(ask).audience;
}

/** Identifiers that are no URI get a prefix. */
export function audienceOf(resource: string): string {
  return URL.canParse(resource) ? resource : `microsoft:identityserver:${resource}`;
}

function split(word: string): { readonly resource?: string; readonly permission: string } {
  const slash = word.lastIndexOf("/");
  const permission = word.slice(slash + 1);
  return slash < 0 ? { permission } : { resource: word.slice(0, slash), permission };
}

/** @throws {AadstsError} 500011 */
function findApi({ directory }: ScopeAsk, resource: string) {
  const isIt = (id: string) => sameResource(id) === sameResource(resource);
  const api = directory.apps.find((app) => isIt(app.clientId) || isIt(app.identifierUri));
  const known = [userInfoResource, ...(directory.resources ?? [resource])];
  if (api === undefined && !known.some(isIt)) throw refuse(500011, { resource, tenant: "AD FS" });
  return api;
}
