import { identify } from "../account-choice.js";
import { ensureBrowserId, readBrowserId } from "../cookies.js";
import { deviceRequest } from "../device-request.js";
import { refuse } from "../errors.js";
import type { RequestContext } from "../http.js";
import { showDeviceCode } from "../interaction.js";
import { decline, proceed } from "../sign-in-flow.js";
import type { AuthorityState } from "../state.js";

/** RFC 8628 §3.3: the page for the code of a device. A code in the address (§3.3.1) is filled in, and still to be sent. */
export function deviceSignIn(c: RequestContext): Response | Promise<Response> {
  return showDeviceCode(c, c.get("query")["user_code"] ?? "");
}

/** The code comes back: the user signs in, or is told that nothing waits for this code. */
export async function typeDeviceCode(c: RequestContext, state: AuthorityState): Promise<Response> {
  const userCode = c.get("form")["user_code"] ?? "";
  const device = state.deviceCodes.findWaiting(userCode);
  if (device === undefined) {
    const error = "That code didn’t work. Check the code and try again, or ask the device for a new one.";
    return showDeviceCode(c, userCode, error);
  }
  return identify(c, state, { request: deviceRequest(device), browserId: ensureBrowserId(c, state) });
}

/** The user has seen which app asks, and says whether that is what they are doing (RFC 8628 §5.4). */
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
