import { readClaims } from "../claims-parameter.js";
import { dialectOf } from "../dialects/dialect.js";
import { refuse } from "../errors.js";
import { signAppAccessToken } from "../sign-tokens.js";
import type { Grant } from "./grant.js";

/** RFC 6749 §4.4: a token for the app itself, or with `fmi_path` for a part of it. */
export const clientCredentials: Grant = async (state, { form, at, app, azpacr, boundTo }) => {
  if (azpacr === "0") throw refuse(7000218);
  const { directory } = state;
  const dialect = dialectOf(at);
  // An app belongs to no tenant of an AD FS: its home stands in.
  const tenant = at.kind === "adfs" ? directory.homeOf(app) : at.tenant;
  if (tenant === undefined) throw refuse(50059);
  const { scope, resource } = form;
  const audience = dialect.readAppAudience({ at, app, scope, resource, directory });
  const claims = readClaims(form["claims"]);
  const fmiPath = form["fmi_path"];
  const order = { at, app, tenant, audience, claims, azpacr, boundTo, fmiPath };
  const accessToken = await signAppAccessToken(state, order);
  return dialect.tokenResponse(state, { at, accessToken, resource });
};
