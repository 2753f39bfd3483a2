import { isRecent } from "../account-choice.js";
import { readBrowserId } from "../cookies.js";
import { refuse } from "../errors.js";
import type { RequestContext } from "../http.js";
import { showSignIn } from "../interaction.js";
import { decline, proceed } from "../sign-in-flow.js";
import type { AuthorityState } from "../state.js";

/** The account picker, or the notice about new accounts, comes back: goes on with the account, or to the sign-in page. */
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
