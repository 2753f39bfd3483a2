import { page, redirect } from "./pages.js";
import { problemPage } from "./problem.js";
import { isOwnRequest } from "./return-to.js";
import { endedCookie, tokenKeyOf } from "./session.js";
import { endSession, type Sessions } from "./sessions.js";
import type { Site } from "./site.js";

/** Asks whether to sign out: a link or an image must not do it. */
export async function askToSignOut(site: Site, sessions: Sessions, request: Request): Promise<Response> {
  if (!(await sessions.read(request))) return redirect(site.baseUrl.href, [endedCookie(site)]);
  return page(200, "Sign out?", [
    { button: "Sign out", to: site.paths.signOut },
    { link: "Back to the site", to: site.baseUrl.href },
  ]);
}

/**
 * Ends the session here, and leads to where the provider ends its own. The user's sessions in other browsers go on, with their
 * tokens.
 */
export async function signOut(site: Site, sessions: Sessions, request: Request): Promise<Response> {
  if (!isOwnRequest(site, request))
    return problemPage(site, request, { status: 403, code: "foreign_sign_out" });
  const found = await sessions.read(request);
  if (!found) return redirect(site.baseUrl.href, [endedCookie(site)]);
  const { app, postLogoutRedirectUri } = site;
  const sessionKey = tokenKeyOf(found.session);
  // The provider has to learn which of its sessions ends before the ID token that says so is removed. Whatever goes wrong there,
  // the user signs out here.
  const url = await app
    .buildEndSessionUrl({ sessionKey, postLogoutRedirectUri })
    .catch(() => site.baseUrl.href);
  await endSession(site, found.session.id);
  return redirect(url, [endedCookie(site)]);
}
