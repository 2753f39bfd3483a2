import { readClaims } from "../claims-parameter.js";
import { refuse } from "../errors.js";
import { readDefaultScope } from "../scopes.js";
import { expiry } from "../token-response.js";
import { signAppAccessToken } from "../tokens.js";
import type { Grant } from "./grant.js";

/** RFC 6749 §4.4: a token for the app itself, or with `fmi_path` for a part of it. */
export const clientCredentials: Grant = async (state, { form, at, app, azpacr, boundTo }) => {
  if (azpacr === "0") throw refuse(7000218);
  if (at.tenant === undefined) throw refuse(50059);
  const audience = readDefaultScope(form["scope"], state.directory, at.tenant.name);
  const claims = readClaims(form["claims"]);
  const fmiPath = form["fmi_path"];
  const order = { app, tenant: at.tenant, audience, claims, azpacr, boundTo, fmiPath };
  const accessToken = await signAppAccessToken(state, order);
  return { token_type: "Bearer", ...expiry(state.config), access_token: accessToken };
};
