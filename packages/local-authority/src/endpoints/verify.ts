import { readBrowserId, readSession, writeSession } from "../http/cookies.js";
import { refuse } from "../errors/errors.js";
import type { RequestContext } from "../http/request-context.js";
import { decline, proceed } from "../sign-in/sign-in-flow.js";
import type { AuthorityState } from "../state.js";

/** Receives the verification form: marks the session as multi-factor, or tells the app that the user canceled. */
export async function verify(c: RequestContext, state: AuthorityState): Promise<Response> {
  const form = c.get("form");
  const id = form["ctx"] ?? "";
  const pending = state.pending.find(id, readBrowserId(c, state));
  if (pending?.signIn === undefined) throw refuse(90013);
  state.pending.drop(id);
  if (form["decision"] !== "accept") return decline(c, state, pending.request, refuse(500121));
  const signIn = { ...pending.signIn, multiFactor: true, authTime: state.clock.seconds() };
  writeSession(c, state, state.sessions.add(readSession(c, state), signIn));
  return proceed(c, state, { ...pending, signIn });
}
