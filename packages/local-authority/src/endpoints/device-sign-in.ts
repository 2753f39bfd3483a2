import { identify } from "../sign-in/account-choice.js";
import { ensureBrowserId, readBrowserId } from "../http/cookies.js";
import { refuse } from "../errors/errors.js";
import type { RequestContext } from "../http/request-context.js";
import { showDeviceCode } from "../sign-in/interaction.js";
import { decline, proceed } from "../sign-in/sign-in-flow.js";
import type { AuthorityState } from "../state.js";

/** Shows the form for a device's code (RFC 8628 §3.3). A code in the URL (§3.3.1) is filled in but not submitted. */
export function deviceSignIn(c: RequestContext): Response | Promise<Response> {
  return showDeviceCode(c, c.get("query")["user_code"] ?? "");
}

/** Receives the code: the user signs in, or is told that the code is unknown. */
export async function typeDeviceCode(c: RequestContext, state: AuthorityState): Promise<Response> {
  const userCode = c.get("form")["user_code"] ?? "";
  const device = state.deviceCodes.findWaiting(userCode);
  if (device === undefined) {
    const error = "That code didn’t work. Check the code and try again, or request a new one on the device.";
    return showDeviceCode(c, userCode, error);
  }
  return identify(c, state, {
    request: { ...device.grant, prompts: [], device },
    browserId: ensureBrowserId(c, state),
  });
}

/** Receives the user's confirmation that they started this sign-in (RFC 8628 §5.4). */
export async function confirmDevice(c: RequestContext, state: AuthorityState): Promise<Response> {
  const form = c.get("form");
  const id = form["ctx"] ?? "";
  const pending = state.pending.find(id, readBrowserId(c, state));
  if (pending?.signIn === undefined) throw refuse(90013);
  const { signIn } = pending;
  state.pending.drop(id);
  if (form["decision"] !== "accept") return decline(c, state, pending.request, refuse(65004));
  return proceed(c, state, { ...pending, signIn, isConfirmed: true });
}
