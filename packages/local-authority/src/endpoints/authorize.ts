import { admitDescribedClient } from "../clients/described-client.js";
import { matchingAccounts, identify } from "../sign-in/account-choice.js";
import { readAuthorizationRequest, readReturnAddress } from "../sign-in/authorization-request.js";
import type { AuthorizationRequest } from "../stores/sign-in-request.js";
import { sendError } from "../sign-in/authorization-response.js";
import { challenge, unmetPolicy } from "../sign-in/conditional-access.js";
import { ensureBrowserId } from "../http/cookies.js";
import { AadstsError, refuse } from "../errors/errors.js";
import { requestedAuthority, type RequestContext } from "../http/request-context.js";
import { finish, needsConsent } from "../sign-in/sign-in-flow.js";
import type { AuthorityState } from "../state.js";

/** The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2). Responds at once if it can, otherwise shows a page. */
export async function authorize(c: RequestContext, state: AuthorityState): Promise<Response> {
  const at = requestedAuthority(c, state.directory);
  const parameters = { ...c.get("query"), ...c.get("form") };
  await admitDescribedClient(state, at, parameters["client_id"], true);
  const address = readReturnAddress(parameters, at, state.directory);
  try {
    const request = readAuthorizationRequest(parameters, at, address, state.directory);
    if (request.prompts.includes("none")) return await respondSilently(c, state, request);
    return await identify(c, state, { request, browserId: ensureBrowserId(c, state) });
  } catch (failure) {
    if (failure instanceof AadstsError) return sendError(c, state, address, failure);
    throw failure;
  }
}

/**
 * Handles `prompt=none`. @throws {AadstsError} 50058, 16000, 50076, 53003, 65001, if user interaction is required
 */
function respondSilently(c: RequestContext, state: AuthorityState, request: AuthorizationRequest) {
  const [signIn, ...others] = matchingAccounts(c, state, request);
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
