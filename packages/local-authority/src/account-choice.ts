import type { SignInRequest } from "./authorization-request.js";
import { readSession } from "./cookies.js";
import { admits, domainOf } from "./directory.js";
import type { RequestContext } from "./http.js";
import { showAccounts, showCreation, showSignIn } from "./interaction.js";
import { proceed } from "./sign-in-flow.js";
import type { AuthorityState } from "./state.js";
import type { PendingRequest } from "./stores/pending-requests.js";
import type { SignIn } from "./stores/sessions.js";

/** Finds out who the user is: from the session, when one account fits, else by a page to choose or to sign in. */
export function identify(
  c: RequestContext,
  state: AuthorityState,
  pending: PendingRequest,
): Response | Promise<Response> {
  const { request } = pending;
  const { prompts } = request;
  if (prompts.includes("create")) return showCreation(c, state, pending);
  if (prompts.includes("login")) return showSignIn(c, state, pending);
  const accounts = state.sessions
    .list(readSession(c, state))
    .filter((signIn) => isAdmitted(state, request, signIn));
  const [first, ...others] = prompts.includes("select_account")
    ? accounts
    : accounts.filter((signIn) => fits(state, request, signIn));
  if (first === undefined) return showSignIn(c, state, pending);
  if (others.length > 0 || prompts.includes("select_account")) {
    return showAccounts(c, state, { ...pending, accounts: [first, ...others] });
  }
  return proceed(c, state, { ...pending, signIn: first });
}

/** The accounts of the session that this request can mean, the last used one first. */
export function fittingAccounts(
  c: RequestContext,
  state: AuthorityState,
  request: SignInRequest,
): readonly SignIn[] {
  return state.sessions
    .list(readSession(c, state))
    .filter((signIn) => isAdmitted(state, request, signIn) && fits(state, request, signIn));
}

/** OpenID Connect Core §3.1.2.1: older than `max_age` means sign in again, and `0` always does. */
export function isRecent(state: AuthorityState, { maxAge }: SignInRequest, { authTime }: SignIn): boolean {
  if (maxAge === undefined) return true;
  return Number(maxAge) > 0 && state.clock.seconds() - authTime <= Number(maxAge);
}

function isAdmitted({ directory }: AuthorityState, { at }: SignInRequest, { user, home }: SignIn): boolean {
  return admits(at, home) && !directory.isDisabled(user) && !directory.isPasswordExpired(user);
}

function fits(state: AuthorityState, request: SignInRequest, signIn: SignIn): boolean {
  const { loginHint, domainHint, sessionId } = request;
  const username = signIn.user.username.toLowerCase();
  if (loginHint && loginHint.toLowerCase() !== username) return false;
  if (sessionId !== undefined && sessionId !== signIn.sessionId) return false;
  // `organizations` and `consumers` are hints too, and say nothing about the domain.
  const realm = domainHint === undefined ? undefined : state.directory.realmOf(domainHint);
  if (realm !== undefined && realm.domain !== domainOf(username)) return false;
  return isRecent(state, request, signIn);
}
