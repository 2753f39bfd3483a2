import { authenticateClient } from "../client-authentication/authenticate-client.js";
import { presentedCertificates } from "../client-authentication/mutual-tls.js";
import type { App } from "../config/config.js";
import { refuse } from "../errors/errors.js";
import { grants } from "../grants/grants.js";
import { answerJson, requestedAuthority, type RequestContext } from "../http/request-context.js";
import { regionOf } from "../client-authentication/own-addresses.js";
import type { AuthorityState } from "../state.js";

/** The token endpoint (RFC 6749 §3.2): resolves the tenant, authenticates the client and calls the grant. */
export async function token(c: RequestContext, state: AuthorityState): Promise<Response> {
  c.header("Cache-Control", "no-store, no-cache");
  c.header("Pragma", "no-cache");
  const at = requestedAuthority(c, state.directory);
  const form = c.get("form");
  const grantType = form["grant_type"];
  if (!grantType) throw refuse(900144, { parameter: "grant_type" });
  const grant = grants.get(grantType);
  if (grant === undefined) throw refuse(70003, { grantType });
  // Regional endpoints support client credentials only.
  const isRegional = regionOf(state, c.req.header("host") ?? "") !== undefined;
  if (isRegional && grantType !== "client_credentials") throw refuse(70003, { grantType });
  const client = await authenticateClient(state, {
    form,
    authorization: c.req.header("authorization"),
    certificates: presentedCertificates(c.env.incoming.socket),
    at,
  });
  if (isRefusedToAgents(state, client.app, grantType)) throw refuse(70003, { grantType });
  return answerJson(c, await grant(state, { ...client, form, at }));
}

/** Agents and their blueprints do not sign users in. */
function isRefusedToAgents({ directory }: AuthorityState, app: App, grantType: string): boolean {
  const isAgent = app.agentIdentityBlueprintId !== undefined;
  const allowed = isAgent ? [...blueprintGrants, "user_fic"] : blueprintGrants;
  return (isAgent || directory.isBlueprint(app)) && !allowed.includes(grantType);
}

/** https://learn.microsoft.com/entra/agent-id/identity-platform/agent-oauth-protocols */
const blueprintGrants: readonly string[] = [
  "client_credentials",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
  "refresh_token",
];
