import type { ReturnAddress } from "./authorization-request.js";
import { describe, errorUri, type AadstsError } from "./errors.js";
import type { RequestContext } from "./http.js";
import { formPostPage, submitScript } from "./pages/form-post.js";
import { pageHeaders } from "./pages/layout.js";
import type { AuthorityState } from "./state.js";
import type { SignIn } from "./stores/sessions.js";
import { clientInfo } from "./tokens.js";

type Fields = Readonly<Record<string, string>>;

/** RFC 6749 §4.1.2. `client_info` and `session_state` as Entra adds them. */
export function sendCode(
  c: RequestContext,
  address: ReturnAddress,
  code: string,
  { user, home, sessionId }: SignIn,
) {
  return send(c, address, {
    code,
    ...(address.clientInfo ? { client_info: clientInfo(user, home) } : {}),
    ...stateOf(address),
    session_state: sessionId,
  });
}

/** RFC 6749 §4.1.2.1 */
export function sendError(
  c: RequestContext,
  state: AuthorityState,
  address: ReturnAddress,
  failure: AadstsError,
) {
  return send(c, address, {
    error: failure.error,
    error_description: describe(failure, c.get("trace")),
    error_uri: errorUri(failure, state.url),
    ...(failure.claims === undefined ? {} : { claims: failure.claims }),
    ...(failure.code === 65004 ? { error_subcode: "cancel" } : {}),
    ...stateOf(address),
  });
}

function stateOf(address: ReturnAddress): Fields {
  return address.state === undefined ? {} : { state: address.state };
}

function send(c: RequestContext, { redirectUri, responseMode }: ReturnAddress, fields: Fields) {
  if (responseMode === "form_post") {
    return c.html(formPostPage(redirectUri, fields), 200, pageHeaders(submitScript));
  }
  c.header("Cache-Control", "no-store");
  const answer = new URLSearchParams(fields).toString();
  if (responseMode === "fragment") return c.redirect(`${redirectUri}#${answer}`);
  return c.redirect(`${redirectUri}${redirectUri.includes("?") ? "&" : "?"}${answer}`);
}
