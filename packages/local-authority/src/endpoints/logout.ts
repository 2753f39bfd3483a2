import { clearSession, readSession } from "../http/cookies.js";
import { requestedAuthority, type RequestContext } from "../http/request-context.js";
import { pageHeaders } from "../pages/layout.js";
import { signedOutPage } from "../pages/notice.js";
import { isRegistered } from "../http/redirect-uris.js";
import type { AuthorityState } from "../state.js";

/** OpenID Connect RP-Initiated Logout §2. Ends the browser's session; refresh tokens stay valid, as at Entra. */
export function logout(c: RequestContext, state: AuthorityState): Response | Promise<Response> {
  requestedAuthority(c, state.directory);
  state.sessions.close(readSession(c, state));
  clearSession(c, state);
  const parameters = { ...c.get("query"), ...c.get("form") };
  const target = parameters["post_logout_redirect_uri"];
  const isKnown =
    target !== undefined && state.directory.apps.some((app) => isRegistered(target, app.redirectUris));
  if (!isKnown) return c.html(signedOutPage(), 200, pageHeaders());
  const url = new URL(target);
  if (parameters["state"] !== undefined) url.searchParams.set("state", parameters["state"]);
  return c.redirect(url.href);
}
