import { authenticateClient } from "../client-authentication.js";
import { refuse } from "../errors.js";
import { grants } from "../grants/grant.js";
import type { RequestContext } from "../http.js";
import type { AuthorityState } from "../state.js";

/** RFC 6749 §3.2: finds the tenant, authenticates the client, and hands over to the grant. */
export async function token(c: RequestContext, state: AuthorityState): Promise<Response> {
  c.header("Cache-Control", "no-store, no-cache");
  c.header("Pragma", "no-cache");
  const at = state.directory.findTenant(c.req.param("tenant") ?? "");
  const form = c.get("form");
  const grantType = form["grant_type"];
  if (!grantType) throw refuse(900144, { parameter: "grant_type" });
  const grant = grants.get(grantType);
  if (grant === undefined) throw refuse(70003, { grantType });
  const client = authenticateClient(form, c.req.header("authorization"), at, state.directory);
  return c.json(await grant(state, { ...client, form, at }));
}
