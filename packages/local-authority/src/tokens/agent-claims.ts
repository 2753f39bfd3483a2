import type { JWTPayload } from "jose";
import { exchangeAppId } from "../config/defaults.js";
import type { App, User } from "../config/config.js";
import type { Directory } from "../directory.js";

/**
 * Returns the claims that tell an API about agents: `xms_act_fct` (the actor), `xms_sub_fct` (the subject), `xms_idrel`
 * (the subject's relation to the tenant) and `xms_par_app_azp` (the agent's blueprint). Values: 9 and 1 application, 11 agent
 * identity, 13 agent user. https://learn.microsoft.com/entra/agent-id/identity-platform/agent-token-claims
 *
 * @param user absent in a token of the app itself
 */
export function agentClaims(directory: Directory, app: App, audience: string, user?: User): JWTPayload {
  const blueprint = directory.blueprintOf(app);
  if (blueprint === undefined) {
    // A blueprint shows itself in its exchange tokens only; for users it is an app like any other.
    return directory.isBlueprint(app) && user === undefined
      ? { xms_act_fct: "9 1", xms_sub_fct: "1 9", xms_idrel: "14 7" }
      : {};
  }
  const actor = { xms_act_fct: "1 9 11", xms_par_app_azp: blueprint.clientId };
  if (user === undefined) {
    return { ...actor, xms_sub_fct: "11 1 9", xms_idrel: audience === exchangeAppId ? "7 12" : "7" };
  }
  return { ...actor, xms_sub_fct: user.identityParentId === undefined ? "1" : "1 13", xms_idrel: "1" };
}
