import type { RequestContext } from "./http.js";
import { consentPage } from "./pages/consent.js";
import { pageHeaders } from "./pages/layout.js";
import { signInPage } from "./pages/sign-in.js";
import { verifyPage } from "./pages/verify.js";
import type { AuthorityState } from "./state.js";
import { listScopes } from "./stores/consents.js";
import type { PendingRequest } from "./stores/pending-requests.js";
import type { SignIn } from "./stores/sessions.js";

/** Keeps the request and shows the sign-in page; `error` is what went wrong the last time. */
export function showSignIn(
  c: RequestContext,
  state: AuthorityState,
  pending: PendingRequest,
  retry?: { readonly username: string; readonly error: string },
) {
  const { at, app, loginHint } = pending.request;
  const page = signInPage({
    action: `/${at.segment}/login`,
    pendingId: state.pending.keep(pending),
    appName: app.name,
    tenantName: at.tenant?.name ?? "any organization",
    username: retry?.username ?? loginHint ?? "",
    error: retry?.error,
  });
  return c.html(page, 200, pageHeaders());
}

/** Keeps the request with its user and asks for the second factor. */
export function showVerification(
  c: RequestContext,
  state: AuthorityState,
  pending: PendingRequest & { readonly signIn: SignIn },
) {
  const { at, app } = pending.request;
  const page = verifyPage({
    action: `/${at.segment}/verify`,
    pendingId: state.pending.keep(pending),
    appName: app.name,
    username: pending.signIn.user.username,
  });
  return c.html(page, 200, pageHeaders());
}

/** Keeps the request with its user and asks for consent. */
export function showConsent(
  c: RequestContext,
  state: AuthorityState,
  pending: PendingRequest & { readonly signIn: SignIn },
) {
  const { at, app, scopes } = pending.request;
  const page = consentPage({
    action: `/${at.segment}/consent`,
    pendingId: state.pending.keep(pending),
    appName: app.name,
    username: pending.signIn.user.username,
    scopes: listScopes(scopes),
  });
  return c.html(page, 200, pageHeaders());
}
