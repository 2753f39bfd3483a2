import { formOf } from "./form.js";
import { json, page } from "./pages.js";
import { tokenKeyOf } from "./session.js";
import { usedIn } from "./session-store.js";
import { codeOf } from "./sign-in-route.js";
import type { Site } from "./site.js";

/** Without a store, no process can end a session whose cookie it does not see. */
const NO_STORE = {
  error: "not_implemented",
  error_description: "The site keeps no sessions: it has no store.",
};

const REFUSED: readonly string[] = ["invalid_logout_token", "token_parsing_error"];

/**
 * Ends the sessions that a logout token names (OpenID Connect Back-Channel Logout §2.5): those of the provider's session or, if it
 * names none, all of the user.
 */
export async function backChannelLogout(site: Site, request: Request): Promise<Response> {
  const { app, records, store } = site;
  if (!records || !store) return json(501, NO_STORE);
  const logoutToken = (await formOf(request))?.get("logout_token");
  if (!logoutToken) return refusal("logout_token is missing.");
  try {
    const { iss, sub, sid, accounts } = await app.validateLogoutToken({
      logoutToken,
      useOnce: usedIn(store),
    });
    if (sid !== undefined) await endOfProvider(site, iss, sid);
    if (sub !== undefined) await records.endOfUser({ issuer: iss, subject: sub }, sid === undefined);
    if (sid === undefined) for (const account of accounts) await app.signOut({ account });
    return json(200, {});
  } catch (error) {
    const code = codeOf(error);
    // The provider may try again when it is the site that cannot verify the token now.
    return REFUSED.includes(code) ? refusal(code) : json(503, { error: "temporarily_unavailable" });
  }
}

/**
 * Ends the sessions of a provider's session (OpenID Connect Front-Channel Logout §3). The page is loaded in a frame of the
 * provider, so it has no cookies: `iss` and `sid` name the session, which only somebody who has seen its ID token knows.
 */
export async function frontChannelLogout(site: Site, request: Request): Promise<Response> {
  if (!site.records) return json(501, NO_STORE);
  const { searchParams } = new URL(request.url);
  const [iss, sid] = [searchParams.get("iss"), searchParams.get("sid")];
  if (!iss || !sid) return refusal("iss or sid is missing.");
  await endOfProvider(site, iss, sid);
  const response = page(200, "Signed out", []);
  // It is there to be framed.
  response.headers.delete("content-security-policy");
  return response;
}

async function endOfProvider({ app, records }: Site, issuer: string, sid: string): Promise<void> {
  const ids = (await records?.endOfProvider(issuer, sid)) ?? [];
  await Promise.all(ids.map((id) => app.endOnBehalfOfSession(tokenKeyOf({ id }))));
}

function refusal(description: string): Response {
  return json(400, { error: "invalid_request", error_description: description });
}
