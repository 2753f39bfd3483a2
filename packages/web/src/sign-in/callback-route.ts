import { base64Decode, clientAuthError, parseJsonObject, textIn } from "@tessera/core/internal";
import { waitingFlow, type WaitingFlow } from "./flow-cookies.js";
import { formOf } from "./form.js";
import { redirect, withNoStore } from "./pages.js";
import { problemPage } from "./problem.js";
import { returnAddress } from "./return-to.js";
import { newSession, newSessionId, sessionCookie, tokenKeyOf } from "./session.js";
import { takenFrom } from "./session-store.js";
import { endSession, type Sessions } from "./sessions.js";
import { codeOf } from "./sign-in-route.js";
import { isPosted, type Site } from "./site.js";
import { signInUrl } from "./step.js";

/** Completes a sign-in: the answer has to be that of a flow which this browser has begun, and which nobody has completed. */
export async function completeSignIn(site: Site, sessions: Sessions, request: Request): Promise<Response> {
  const parameters = isPosted(site) ? await formOf(request) : new URL(request.url).searchParams;
  const found = await waitingFlow(site, request, stateOf(parameters));
  if (!parameters || !found) return outOfDate(site, sessions, request);
  const { waiting, ended } = found;
  const returnTo = returnAddress(site, waiting.returnTo);
  try {
    const cookie = await signedIn(site, waiting, parameters);
    // Another tab may have signed in meanwhile. A browser has one session.
    const other = await sessions.read(request);
    if (other && other.session.id !== waiting.replaces) await endSession(site, other.session.id);
    return redirect(returnTo, [ended, cookie]);
  } catch (error) {
    const code = codeOf(error);
    if (code === "invalid_state" || code === "state_mismatch")
      return withNoStore(await outOfDate(site, sessions, request, error), [ended]);
    const problem = { status: code === "access_denied" ? 403 : 502, code, error };
    const again = await signInUrl(site, { returnTo });
    return withNoStore(await problemPage(site, request, { ...problem, signInUrl: again }), [ended]);
  }
}

/** Redeems the code, and begins a session with an id of its own: one that was there before is not taken over. */
async function signedIn(site: Site, waiting: WaitingFlow, parameters: URLSearchParams): Promise<string> {
  const { app, records, store } = site;
  const id = newSessionId();
  const { account } = await app.acquireTokenByAuthCodeFlow(waiting.flow, parameters, {
    sessionKey: tokenKeyOf({ id }),
    ...(store ? { useOnce: takenFrom(store) } : {}),
  });
  if (!account) throw clientAuthError("no_account_found", "The provider does not say who has signed in.");
  const { asked, replaces } = waiting;
  const session = newSession(site, account, { id, ...(asked === undefined ? {} : { asked }) });
  const cookie = await sessionCookie(site, session, { ...account.idTokenClaims });
  await records?.begin(session);
  if (replaces !== undefined) await endSession(site, replaces);
  return cookie;
}

/**
 * Answers a callback that no sign-in waits for. A user who has gone back in the history is signed in already, and sees the
 * site; nothing of the answer is used.
 */
async function outOfDate(
  site: Site,
  sessions: Sessions,
  request: Request,
  error?: unknown,
): Promise<Response> {
  if (await sessions.read(request)) return redirect(site.baseUrl.href);
  return problemPage(site, request, {
    status: 400,
    code: "sign_in_out_of_date",
    ...(error ? { error } : {}),
  });
}

/** The state of an answer, also of one in a JWT, which is verified later: until then the state only finds the flow. */
function stateOf(parameters: URLSearchParams | undefined): string {
  const state = parameters?.get("state");
  if (state) return state;
  const payload = parameters?.get("response")?.split(".")[1] ?? "";
  return textIn(parseJsonObject(base64Decode(payload))?.["state"]);
}
