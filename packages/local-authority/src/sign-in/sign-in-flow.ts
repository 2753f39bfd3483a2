import { sendCode, sendError } from "./authorization-response.js";
import type { AuthorizationRequest } from "../stores/sign-in-request.js";
import { challenge, unmetPolicy } from "./conditional-access.js";
import { realmOf } from "../dialects/dialects.js";
import type { AadstsError } from "../errors/errors.js";
import type { RequestContext } from "../http/request-context.js";
import { showConsent, showDeviceConfirmation, showDeviceResult, showVerification } from "./interaction.js";
import type { AuthorityState } from "../state.js";
import type { PendingRequest } from "../stores/pending-requests.js";
import type { SignIn } from "../stores/sessions.js";

/** Continues once the user has signed in: shows the next page, or sends the response. */
export function proceed(
  c: RequestContext,
  state: AuthorityState,
  pending: PendingRequest & { readonly signIn: SignIn },
): Response | Promise<Response> {
  const { request, signIn, isConfirmed = false } = pending;
  const policy = unmetPolicy(state, request, signIn);
  if (policy?.control === "block") throw challenge(policy, request);
  if (policy !== undefined) return showVerification(c, state, pending);
  if ("device" in request && !isConfirmed) return showDeviceConfirmation(c, state, pending);
  if (needsConsent(state, request, signIn)) return showConsent(c, state, pending);
  return finish(c, state, request, signIn);
}

export function needsConsent(
  state: AuthorityState,
  request: PendingRequest["request"],
  { user }: SignIn,
): boolean {
  // At AD FS, the administrator consents.
  if (request.at.kind === "adfs") return false;
  return (
    request.prompts.includes("consent") ||
    state.consents.missing(user, request.app, request.scopes).length > 0
  );
}

/** Completes the sign-in: sends a code, or releases the tokens to the waiting device. */
export function finish(
  c: RequestContext,
  state: AuthorityState,
  request: PendingRequest["request"],
  signIn: SignIn,
): Response | Promise<Response> {
  if ("device" in request) {
    request.device.decision = { signIn };
    return showDeviceResult(c, request, "signed-in");
  }
  return sendCode(c, state, request, { code: issueCode(state, request, signIn), signIn });
}

/** Ends the sign-in with an error, which is sent to the app or the device. */
export function decline(
  c: RequestContext,
  state: AuthorityState,
  request: PendingRequest["request"],
  failure: AadstsError,
): Response | Promise<Response> {
  if (!("device" in request)) return sendError(c, state, request, failure);
  request.device.decision = "declined";
  return showDeviceResult(c, request, "declined");
}

function issueCode(state: AuthorityState, request: AuthorizationRequest, signIn: SignIn): string {
  return state.codes.issue({
    ...signIn,
    clientId: request.app.clientId,
    redirectUri: request.redirectUri,
    realm: realmOf(request.at),
    scope: request.scope,
    resource: request.resource,
    tenantId: request.at.tenant?.id ?? signIn.home.id,
    nonce: request.nonce,
    codeChallenge: request.codeChallenge,
    codeChallengeMethod: request.codeChallengeMethod,
    claims: request.claims,
    maxAge: request.maxAge,
  });
}
