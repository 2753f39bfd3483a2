import { fittingAccounts, identify } from "../account-choice.js";
import {
  readAuthorizationRequest,
  readReturnAddress,
  type AuthorizationRequest,
} from "../authorization-request.js";
import { sendError } from "../authorization-response.js";
import { challenge, unmetPolicy } from "../conditional-access.js";
import { ensureBrowserId } from "../cookies.js";
import { AadstsError, refuse } from "../errors.js";
import { requestedAuthority, type RequestContext } from "../http.js";
import { finish, needsConsent } from "../sign-in-flow.js";
import type { AuthorityState } from "../state.js";

/** RFC 6749 §3.1 and OpenID Connect Core §3.1.2. Answers at once when it can; otherwise shows the page that is missing. */
export async function authorize(c: RequestContext, state: AuthorityState): Promise<Response> {
  const at = requestedAuthority(c, state.directory);
  const parameters = { ...c.get("query"), ...c.get("form") };
  const address = readReturnAddress(parameters, at, state.directory);
  try {
    const request = readAuthorizationRequest(parameters, at, address, state.directory);
    if (request.prompts.includes("none")) return await answerSilently(c, state, request);
    return await identify(c, state, { request, browserId: ensureBrowserId(c, state) });
  } catch (failure) {
    if (failure instanceof AadstsError) return sendError(c, state, address, failure);
    throw failure;
  }
}

/** @throws {AadstsError} 50058, 16000, 50076, 53003, 65001: what only the user could settle */
function answerSilently(c: RequestContext, state: AuthorityState, request: AuthorizationRequest) {
  const [signIn, ...others] = fittingAccounts(c, state, request);
  if (signIn === undefined) throw refuse(50058);
  if (others.length > 0) throw refuse(16000);
  const policy = unmetPolicy(state, request, signIn);
  if (policy !== undefined) throw challenge(policy, request);
  if (needsConsent(state, request, signIn)) {
    const { clientId, name } = request.app;
    throw refuse(65001, { clientId, name }, { error: "consent_required" });
  }
  return finish(c, state, request, signIn);
}
