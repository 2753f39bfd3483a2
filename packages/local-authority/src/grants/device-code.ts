import { realmOf } from "../dialects/dialects.js";
import { refuse } from "../errors/errors.js";
import { respondToUser } from "./token-response.js";
import type { AuthorityState } from "../state.js";
import type { IssuedDeviceCode } from "../stores/device-codes.js";
import type { Grant } from "./grant.js";

/**
 * Redeems a device code (RFC 8628 §3.4, §3.5). Errors have Entra's names: `authorization_declined` and
 * `bad_verification_code` instead of `access_denied` and `invalid_grant`.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code
 */
export const deviceCode: Grant = (state, request) => {
  const { form, app, at } = request;
  // `code` is Entra's older name of the parameter.
  const code = form["device_code"] ?? form["code"];
  if (!code) throw refuse(900144, { parameter: "device_code" });
  const issued = state.deviceCodes.find(code);
  if (issued === undefined || realmOf(issued.grant.at) !== realmOf(at)) throw refuse(70018);
  if (issued.grant.app.clientId !== app.clientId) throw refuse(70000);
  if (issued.redeemed) throw refuse(54005);
  if (state.clock.seconds() >= issued.expiresAt) throw refuse(70020);
  if (issued.decision === "declined") throw refuse(65004, {}, { error: "authorization_declined" });
  if (issued.decision === undefined) throw pendingError(state, issued);
  const { signIn } = issued.decision;
  return respondToUser(state, request, {
    signIn,
    scope: form["scope"] ?? issued.grant.scope,
    resource: issued.grant.resource,
    claims: form["claims"] ?? issued.grant.claims,
    withAuthTime: false,
    // Before the first await, so that the second of two concurrent redemptions fails.
    onAccepted: () => {
      issued.redeemed = true;
    },
  });
};

/** Allows for timers that fire slightly early. */
const toleranceMs = 500;

function pendingError({ clock }: AuthorityState, issued: IssuedDeviceCode) {
  const now = clock.milliseconds();
  const isEarly = now < issued.nextPollAt - toleranceMs;
  // RFC 8628 §3.5: "increased by 5 seconds for this and all subsequent requests"
  if (isEarly) issued.interval += 5;
  issued.nextPollAt = now + issued.interval * 1000;
  return refuse(70016, {}, isEarly ? { error: "slow_down" } : {});
}
