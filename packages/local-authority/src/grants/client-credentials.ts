import { readClaims } from "../claims-parameter.js";
import { refuse } from "../errors.js";
import { readDefaultScope } from "../scopes.js";
import { expiry } from "../token-response.js";
import { signAppAccessToken } from "../tokens.js";
import type { Grant } from "./grant.js";

/** RFC 6749 §4.4: a token for the app itself. */
export const clientCredentials: Grant = async (state, { form, at, app, azpacr }) => {
  if (azpacr === "0") throw refuse(7000218);
  if (at.tenant === undefined) throw refuse(50059);
  const audience = readDefaultScope(form["scope"], state.directory, at.tenant.name);
  const claims = readClaims(form["claims"]);
  const accessToken = await signAppAccessToken(state, { app, tenant: at.tenant, audience, claims, azpacr });
  return { token_type: "Bearer", ...expiry(state.config), access_token: accessToken };
};
