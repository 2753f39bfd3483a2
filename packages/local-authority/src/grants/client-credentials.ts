import { readClaims } from "../tokens/claims-parameter.js";
import { exchangeAppId } from "../config/defaults.js";
import { dialectOf } from "../dialects/dialects.js";
import { refuse } from "../errors/errors.js";
import { signAppAccessToken } from "../dialects/sign-tokens.js";
import type { Grant } from "./grant.js";

/** Issues a token for the app itself (RFC 6749 §4.4), or with `fmi_path` for a part of it. */
export const clientCredentials: Grant = async (state, { form, at, app, azpacr, boundTo }) => {
  if (azpacr === "0") throw refuse(7000218);
  const { directory } = state;
  const dialect = dialectOf(at);
  // AD FS has no tenants, so the app's home tenant is used.
  const tenant = at.kind === "adfs" ? directory.homeOf(app) : at.tenant;
  if (tenant === undefined) throw refuse(50059);
  const { scope, resource } = form;
  const audience = dialect.readAppAudience({ at, app, scope, resource, directory });
  if (directory.isBlueprint(app) && audience !== exchangeAppId) {
    throw refuse(82001, { clientId: app.clientId, resource: audience });
  }
  const claims = readClaims(form["claims"]);
  const fmiPath = form["fmi_path"];
  const input = { at, app, tenant, audience, claims, azpacr, boundTo, fmiPath, scope };
  const accessToken = await signAppAccessToken(state, input);
  return dialect.tokenResponse(state, { at, accessToken, resource });
};
