import { refuse } from "../errors.js";
import type { RequestContext } from "../http.js";
import type { AuthorityState } from "../state.js";

/**
 * Tells a client whether it may trust the host of an authority. This one vouches for itself only.
 * https://learn.microsoft.com/entra/msal/javascript/node/ — the answer to `api-version=1.1` lists the aliases
 */
export function instanceDiscovery(c: RequestContext, state: AuthorityState): Response {
  const { authorization_endpoint: asked, "api-version": version } = c.get("query");
  if (!asked) throw refuse(900144, { parameter: "authorization_endpoint" });
  const { host, port } = new URL(state.url);
  const aliases = [host, `127.0.0.1:${port}`, `[::1]:${port}`];
  if (!URL.canParse(asked) || !aliases.includes(new URL(asked).host)) throw refuse(50049);
  const tenant = new URL(asked).pathname.split("/")[1] || "common";
  return c.json({
    tenant_discovery_endpoint: `${state.url}/${tenant}/v2.0/.well-known/openid-configuration`,
    "api-version": version ?? "1.0",
    ...(version === "1.1" ? { metadata: [{ preferred_network: host, preferred_cache: host, aliases }] } : {}),
  });
}
