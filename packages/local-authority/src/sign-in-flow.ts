import type { AuthorizationRequest } from "./authorization-request.js";
import { sendCode } from "./authorization-response.js";
import { challenge, unmetPolicy } from "./conditional-access.js";
import type { RequestContext } from "./http.js";
import { showConsent, showVerification } from "./interaction.js";
import type { AuthorityState } from "./state.js";
import type { PendingRequest } from "./stores/pending-requests.js";
import type { SignIn } from "./stores/sessions.js";

/** The user is known: shows the page that is still missing, or answers. */
export function proceed(
  c: RequestContext,
  state: AuthorityState,
  pending: PendingRequest & { readonly signIn: SignIn },
): Response | Promise<Response> {
  const { request, signIn } = pending;
  const policy = unmetPolicy(state, request, signIn);
  if (policy?.control === "block") throw challenge(policy, request);
  if (policy !== undefined) return showVerification(c, state, pending);
  if (needsConsent(state, request, signIn)) return showConsent(c, state, pending);
  return finish(c, state, request, signIn);
}

export function needsConsent(
  state: AuthorityState,
  request: AuthorizationRequest,
  { user }: SignIn,
): boolean {
  return (
    request.prompts.includes("consent") ||
    state.consents.missing(user, request.app, request.scopes).length > 0
  );
}

/** The user is known and agrees: answers with a code. */
export function finish(
  c: RequestContext,
  state: AuthorityState,
  request: AuthorizationRequest,
  signIn: SignIn,
) {
  const code = state.codes.issue({
    ...signIn,
    clientId: request.app.clientId,
    redirectUri: request.redirectUri,
    scope: request.scope,
    tenantId: request.at.tenant?.id ?? signIn.home.id,
    nonce: request.nonce,
    codeChallenge: request.codeChallenge,
    codeChallengeMethod: request.codeChallengeMethod,
    claims: request.claims,
    maxAge: request.maxAge,
  });
  return sendCode(c, request, code, signIn);
}
