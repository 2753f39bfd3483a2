import type { RequestContext } from "../http/request-context.js";
import { accountsPage, creationPage } from "../pages/accounts.js";
import { consentPage } from "../pages/consent.js";
import { deviceCodePage, deviceConfirmationPage, deviceResultPage } from "../pages/device.js";
import type { DeviceRequest } from "../stores/device-codes.js";
import { pageHeaders } from "../pages/layout.js";
import { signInPage } from "../pages/sign-in.js";
import { verifyPage } from "../pages/verify.js";
import { isLoopbackHost } from "../server/check-host.js";
import type { AuthorityState } from "../state.js";
import { listScopes } from "../stores/consents.js";
import type { PendingRequest } from "../stores/pending-requests.js";
import type { SignIn } from "../stores/sessions.js";

/**
 * Whether users are offered to sign in as without a password: to a browser on this machine, which addresses it by a loopback
 * name. A name from the option `hosts` may be one that others reach as well.
 */
export function picksUsers(c: RequestContext): boolean {
  return isLoopbackHost(c.req.header("host"));
}

/** Shows the sign-in page, with the hinted username filled in. `retry` repeats it after an error. */
export function showSignIn(
  c: RequestContext,
  state: AuthorityState,
  pending: PendingRequest,
  retry?: { readonly username: string; readonly error?: string },
) {
  const { at, app, loginHint, domainHint } = pending.request;
  const username = retry?.username ?? loginHint ?? "";
  const realm = state.directory.realmOf(username) ?? state.directory.realmOf(domainHint ?? "");
  const page = signInPage({
    action: `/${at.segment}/login`,
    pendingId: state.pending.keep(pending),
    appName: app.name,
    tenantName: at.tenant?.name ?? (at.kind === "adfs" ? "this AD FS" : "any organization"),
    federatedDomain: at.kind === "entra" ? realm?.federation?.domain : undefined,
    isUserFlow: at.kind === "b2c",
    users: picksUsers(c) ? state.directory.usersAt(at) : [],
    username,
    error: retry?.error,
  });
  return c.html(page, 200, pageHeaders());
}

/** Shows the accounts of the session to choose from. */
export function showAccounts(
  c: RequestContext,
  state: AuthorityState,
  pending: PendingRequest & { readonly accounts: readonly SignIn[] },
) {
  const { at, app } = pending.request;
  const page = accountsPage({
    action: `/${at.segment}/select-account`,
    pendingId: state.pending.keep(pending),
    appName: app.name,
    accounts: pending.accounts.map(({ user, sessionId }) => ({ ...user, id: sessionId })),
  });
  return c.html(page, 200, pageHeaders());
}

/** Shows how accounts are created (`prompt=create`). */
export function showCreation(c: RequestContext, state: AuthorityState, pending: PendingRequest) {
  const { at, app } = pending.request;
  const page = creationPage({
    action: `/${at.segment}/select-account`,
    pendingId: state.pending.keep(pending),
    appName: app.name,
  });
  return c.html(page, 200, pageHeaders());
}

/** Shows the form for a device's code. `error` explains why the last one was rejected. */
export function showDeviceCode(c: RequestContext, userCode: string, error?: string) {
  return c.html(deviceCodePage({ userCode, error }), 200, pageHeaders());
}

/** Asks the user to confirm the device. */
export function showDeviceConfirmation(
  c: RequestContext,
  state: AuthorityState,
  pending: PendingRequest & { readonly signIn: SignIn },
) {
  const page = deviceConfirmationPage({
    pendingId: state.pending.keep(pending),
    appName: pending.request.app.name,
    username: pending.signIn.user.username,
  });
  return c.html(page, 200, pageHeaders());
}

/** Shows the final page of a device sign-in. */
export function showDeviceResult(
  c: RequestContext,
  { app }: DeviceRequest,
  result: "signed-in" | "declined",
) {
  return c.html(deviceResultPage(app.name, result), 200, pageHeaders());
}

/** Asks for the second factor. */
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

/** Asks for consent. */
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
