import { json, page, redirect } from "./pages.js";
import { isNavigation, isReadByUser, pageOf } from "./return-to.js";
import type { Site } from "./site.js";
import { signInUrl, type SignInStep } from "./step.js";

/**
 * Answers a request for which the user has to act. A page leads to the sign-in and back; a script and a posted form get a 401 that
 * says where to go, because neither could follow, and what was posted would be lost.
 */
export async function userMustAct(site: Site, request: Request, step: SignInStep = {}): Promise<Response> {
  const url = await signInUrl(site, { returnTo: pageOf(site, request), step });
  if (isNavigation(request)) return redirect(url);
  if (isReadByUser(request)) {
    return page(401, "Please sign in", [{ text: "Nothing was changed." }, { link: "Sign in", to: url }]);
  }
  const challenge = { "www-authenticate": `Session sign_in="${url}"` };
  return json(401, { error: "sign_in_required", signInUrl: url }, challenge);
}
