import { readBrowserId, readSession, writeSession } from "../cookies.js";
import { refuse } from "../errors.js";
import type { RequestContext } from "../http.js";
import { decline, proceed } from "../sign-in-flow.js";
import type { AuthorityState } from "../state.js";

/** The verification form comes back: the session now counts as multi-factor, or the app learns that the user gave up. */
export async function verify(c: RequestContext, state: AuthorityState): Promise<Response> {
  const form = c.get("form");
  const id = form["ctx"] ?? "";
  const pending = state.pending.find(id, readBrowserId(c, state));
  if (pending?.signIn === undefined) throw refuse(90013);
  state.pending.drop(id);
  if (form["decision"] !== "accept") return decline(c, state, pending.request, refuse(500121));
  const signIn = { ...pending.signIn, multiFactor: true, authTime: state.clock.seconds() };
  writeSession(c, state, state.sessions.enter(readSession(c, state), signIn));
  return proceed(c, state, { ...pending, signIn });
}
