import { absoluteUrl } from "../http/absolute-url.js";
import { refuse } from "../errors/errors.js";
import type { RequestContext } from "../http/request-context.js";
import type { AuthorityState } from "../state.js";

/**
 * Tells clients whether they can trust an authority's host. This authority vouches only for itself.
 * https://learn.microsoft.com/entra/msal/javascript/node/ (`api-version=1.1` lists the aliases)
 */
export function instanceDiscovery(c: RequestContext, state: AuthorityState): Response {
  const { authorization_endpoint: requested, "api-version": version } = c.get("query");
  if (!requested) throw refuse(900144, { parameter: "authorization_endpoint" });
  const { host, port } = new URL(state.url);
  const aliases = [host, `127.0.0.1:${port}`, `[::1]:${port}`];
  const authority = absoluteUrl(requested);
  if (authority === undefined || !aliases.includes(authority.host)) throw refuse(50049);
  const tenant = authority.pathname.split("/")[1] || "common";
  return c.json({
    tenant_discovery_endpoint: `${state.url}/${tenant}/v2.0/.well-known/openid-configuration`,
    "api-version": version ?? "1.0",
    ...(version === "1.1" ? { metadata: [{ preferred_network: host, preferred_cache: host, aliases }] } : {}),
  });
}
