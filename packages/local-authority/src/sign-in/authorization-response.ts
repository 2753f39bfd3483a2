import { readClaims } from "../tokens/claims-parameter.js";
import type { AuthorizationRequest, ReturnAddress } from "../stores/sign-in-request.js";
import { openidIssuer } from "../dialects/openid.js";
import { dialectOf } from "../dialects/dialects.js";
import { errorUri, type AadstsError } from "../errors/errors.js";
import type { RequestContext } from "../http/request-context.js";
import { formPostPage, submitScript } from "../pages/form-post.js";
import { pageHeaders } from "../pages/layout.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";
import { signIdToken } from "../dialects/sign-tokens.js";
import { clientInfo } from "../tokens/tokens.js";

type Fields = Readonly<Record<string, string>>;

/**
 * Sends the authorization response (RFC 6749 §4.1.2), with an ID token for a hybrid request (OpenID Connect Core §3.3.2.5),
 * and with Entra's `client_info` and `session_state`.
 */
export async function sendCode(
  c: RequestContext,
  state: AuthorityState,
  request: AuthorizationRequest,
  { code, signIn }: { readonly code: string; readonly signIn: SignIn },
) {
  const { user, home, sessionId } = signIn;
  const isEntra = request.at.kind === "entra" || request.at.kind === "b2c";
  return send(c, request, {
    code,
    ...(request.isHybrid ? { id_token: await idTokenFor(state, request, code, signIn) } : {}),
    ...(request.clientInfo && isEntra ? { client_info: clientInfo(user.oid, home) } : {}),
    ...stateOf(request),
    ...issuerField(state, request),
    ...(isEntra ? { session_state: sessionId } : {}),
  });
}

function idTokenFor(state: AuthorityState, request: AuthorizationRequest, code: string, signIn: SignIn) {
  return signIdToken(state, {
    at: request.at,
    app: request.app,
    tenant: request.at.tenant ?? signIn.home,
    signIn,
    scopes: request.scopes.oidc,
    nonce: request.nonce,
    claims: readClaims(request.claims),
    withAuthTime: request.maxAge !== undefined,
    code,
  });
}

/** Sends the error response (RFC 6749 §4.1.2.1). */
export function sendError(
  c: RequestContext,
  state: AuthorityState,
  address: ReturnAddress,
  failure: AadstsError,
) {
  const { error, error_description } = dialectOf(address.at).errorBody(failure, c.get("trace"), state.url);
  return send(c, address, {
    error,
    error_description,
    ...(address.at.kind === "entra" ? entraFields(failure, state.url) : {}),
    ...stateOf(address),
    ...issuerField(state, address),
  });
}

/** RFC 9207 §2. Entra, AD FS and B2C do not send it. */
function issuerField({ url }: AuthorityState, { at }: ReturnAddress): Fields {
  return at.kind === "openid" && at.tenant !== undefined ? { iss: openidIssuer(url, at.tenant) } : {};
}

function entraFields(failure: AadstsError, url: string): Fields {
  return {
    error_uri: errorUri(failure, url),
    ...(failure.claims === undefined ? {} : { claims: failure.claims }),
    ...(failure.code === 65004 ? { error_subcode: "cancel" } : {}),
  };
}

function stateOf(address: ReturnAddress): Fields {
  return address.state === undefined ? {} : { state: address.state };
}

function send(c: RequestContext, { redirectUri, responseMode }: ReturnAddress, fields: Fields) {
  if (responseMode === "form_post") {
    return c.html(formPostPage(redirectUri, fields), 200, pageHeaders(submitScript));
  }
  c.header("Cache-Control", "no-store");
  const parameters = new URLSearchParams(fields).toString();
  if (responseMode === "fragment") return c.redirect(`${redirectUri}#${parameters}`);
  return c.redirect(`${redirectUri}${redirectUri.includes("?") ? "&" : "?"}${parameters}`);
}
