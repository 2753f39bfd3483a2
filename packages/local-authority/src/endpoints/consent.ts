import { readBrowserId } from "../http/cookies.js";
import { refuse } from "../errors/errors.js";
import type { RequestContext } from "../http/request-context.js";
import { decline, finish } from "../sign-in/sign-in-flow.js";
import type { AuthorityState } from "../state.js";

/** Receives the consent form: stores the consent, or tells the app that the user declined. */
export async function consent(c: RequestContext, state: AuthorityState): Promise<Response> {
  const form = c.get("form");
  const id = form["ctx"] ?? "";
  const pending = state.pending.find(id, readBrowserId(c, state));
  if (pending?.signIn === undefined) throw refuse(90013);
  const { request, signIn } = pending;
  state.pending.drop(id);
  if (form["decision"] !== "accept") return decline(c, state, request, refuse(65004));
  state.consents.grant(signIn.user, request.app, request.scopes);
  return finish(c, state, request, signIn);
}
