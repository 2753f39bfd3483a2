import { isRecent } from "../sign-in/account-choice.js";
import { readBrowserId } from "../http/cookies.js";
import { refuse } from "../errors/errors.js";
import type { RequestContext } from "../http/request-context.js";
import { showSignIn } from "../sign-in/interaction.js";
import { decline, proceed } from "../sign-in/sign-in-flow.js";
import type { AuthorityState } from "../state.js";

/** Receives the choice of an account: continues with it, or shows the sign-in page. */
export async function selectAccount(c: RequestContext, state: AuthorityState): Promise<Response> {
  const form = c.get("form");
  const id = form["ctx"] ?? "";
  const found = state.pending.find(id, readBrowserId(c, state));
  if (found === undefined) throw refuse(90013);
  const { accounts = [], ...pending } = found;
  state.pending.drop(id);
  if (form["account"] === "cancel") return decline(c, state, pending.request, refuse(65004));
  const signIn = accounts.find(({ sessionId }) => sessionId === form["account"]);
  if (signIn === undefined) return showSignIn(c, state, pending, { username: "" });
  if (!isRecent(state, pending.request, signIn)) {
    return showSignIn(c, state, pending, { username: signIn.user.username });
  }
  return proceed(c, state, { ...pending, signIn });
}
