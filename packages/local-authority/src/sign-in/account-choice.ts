import type { SignInRequest } from "../stores/sign-in-request.js";
import { readSession } from "../http/cookies.js";
import { admits, domainOf } from "../directory.js";
import type { RequestContext } from "../http/request-context.js";
import { showAccounts, showCreation, showSignIn } from "./interaction.js";
import { proceed } from "./sign-in-flow.js";
import type { AuthorityState } from "../state.js";
import type { PendingRequest } from "../stores/pending-requests.js";
import type { SignIn } from "../stores/sessions.js";

/** Identifies the user: from the session if exactly one account matches, otherwise with a page. */
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
    : accounts.filter((signIn) => matchesRequest(state, request, signIn));
  if (first === undefined) return showSignIn(c, state, pending);
  if (others.length > 0 || prompts.includes("select_account")) {
    return showAccounts(c, state, { ...pending, accounts: [first, ...others] });
  }
  return proceed(c, state, { ...pending, signIn: first });
}

/** Returns the accounts of the session that match the request, most recent first. */
export function matchingAccounts(
  c: RequestContext,
  state: AuthorityState,
  request: SignInRequest,
): readonly SignIn[] {
  return state.sessions
    .list(readSession(c, state))
    .filter((signIn) => isAdmitted(state, request, signIn) && matchesRequest(state, request, signIn));
}

/** Whether a sign-in satisfies `max_age` (OpenID Connect Core §3.1.2.1); 0 always requires a new one. */
export function isRecent(state: AuthorityState, { maxAge }: SignInRequest, { authTime }: SignIn): boolean {
  if (maxAge === undefined) return true;
  return Number(maxAge) > 0 && state.clock.seconds() - authTime <= Number(maxAge);
}

function isAdmitted({ directory }: AuthorityState, { at }: SignInRequest, { user, home }: SignIn): boolean {
  return admits(at, home) && !directory.isDisabled(user) && !directory.isPasswordExpired(user);
}

function matchesRequest(state: AuthorityState, request: SignInRequest, signIn: SignIn): boolean {
  const { loginHint, domainHint, sessionId } = request;
  const username = signIn.user.username.toLowerCase();
  if (loginHint && loginHint.toLowerCase() !== username) return false;
  if (sessionId !== undefined && sessionId !== signIn.sessionId) return false;
  // The hints `organizations` and `consumers` do not name a domain.
  const realm = domainHint === undefined ? undefined : state.directory.realmOf(domainHint);
  if (realm !== undefined && realm.domain !== domainOf(username)) return false;
  return isRecent(state, request, signIn);
}
