import {
  readAuthorizationRequest,
  readReturnAddress,
  type AuthorizationRequest,
} from "../authorization-request.js";
import { sendError } from "../authorization-response.js";
import { challenge, unmetPolicy } from "../conditional-access.js";
import { ensureBrowserId, readSession } from "../cookies.js";
import { admits } from "../directory.js";
import { AadstsError, refuse } from "../errors.js";
import type { RequestContext } from "../http.js";
import { showSignIn } from "../interaction.js";
import { finish, needsConsent, proceed } from "../sign-in-flow.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";

/** RFC 6749 §3.1 and OpenID Connect Core §3.1.2. Answers at once when it can; otherwise shows the page that is missing. */
export async function authorize(c: RequestContext, state: AuthorityState): Promise<Response> {
  const at = state.directory.findTenant(c.req.param("tenant") ?? "");
  const parameters = { ...c.get("query"), ...c.get("form") };
  const address = readReturnAddress(parameters, at, state.directory);
  try {
    const request = readAuthorizationRequest(parameters, at, address, state.directory);
    return await decide(c, state, request);
  } catch (failure) {
    if (failure instanceof AadstsError) return sendError(c, state, address, failure);
    throw failure;
  }
}

function decide(c: RequestContext, state: AuthorityState, request: AuthorizationRequest) {
  const { prompts } = request;
  const signIn = usableSession(state, request, state.sessions.find(readSession(c, state)));
  if (prompts.includes("none")) {
    if (signIn === undefined) throw refuse(50058);
    const policy = unmetPolicy(state, request, signIn);
    if (policy !== undefined) throw challenge(policy, request);
    if (needsConsent(state, request, signIn)) {
      throw refuse(
        65001,
        { clientId: request.app.clientId, name: request.app.name },
        { error: "consent_required" },
      );
    }
    return finish(c, state, request, signIn);
  }
  const wantsPage = ["login", "select_account", "create"].some((prompt) => prompts.includes(prompt));
  const browserId = ensureBrowserId(c, state);
  if (signIn === undefined || wantsPage) return showSignIn(c, state, { request, browserId });
  return proceed(c, state, { request, browserId, signIn });
}

/** The session, if it is of a user whom this request can mean. */
function usableSession(state: AuthorityState, request: AuthorizationRequest, signIn: SignIn | undefined) {
  if (signIn === undefined || !admits(request.at, signIn.home)) return;
  const { directory } = state;
  if (directory.isDisabled(signIn.user) || directory.isPasswordExpired(signIn.user)) return;
  const { loginHint, maxAge } = request;
  if (loginHint && loginHint.toLowerCase() !== signIn.user.username.toLowerCase()) return;
  // OpenID Connect Core §3.1.2.1: older than max_age means sign in again.
  if (maxAge !== undefined && state.clock.seconds() - signIn.authTime > Number(maxAge)) return;
  return signIn;
}
