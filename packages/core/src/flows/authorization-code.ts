import type { AuthorityUrl } from "../authority/authority-url.js";
import { knownCloud } from "../authority/clouds.js";
import type { Client } from "../client/client.js";
import { anchorHeaders } from "../dialect/anchor-headers.js";
import type { AnchorUser } from "../dialect/dialect.js";
import type { BindingKey } from "../dpop/binding-key.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { base64Decode, parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { asStep, boundedCall } from "../exchange/accounted.js";
import { sharedExchange } from "../exchange/exchange.js";
import { redeem } from "../exchange/redeem.js";
import { sessionHash } from "../exchange/session-tokens.js";
import { userScopes } from "../exchange/user-scopes.js";
import type { Call } from "../http/transport.js";
import { checkFieldTypes } from "../request/field-types.js";
import { Parameters } from "../request/parameters.js";
import { checkedRedirectUri } from "../request/redirect-uri.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import { decodeClientInfo } from "../response/client-info.js";
import { sameText } from "../response/same-text.js";
import type { AuthenticationResult } from "../result.js";
import { refuseRepeated, responseParameters, type AuthorizationResponse } from "./authorization-response.js";
import { isInstanceAware } from "./instance-aware.js";
import { isJwtMode, parametersInJwt } from "./jwt-response.js";
import { checkResponseIssuer, refuseErrorResponse } from "./response-issuer.js";

/** Request to redeem an authorization code. */
export interface CodeInput extends BaseRequest {
  /** The same redirect URI as in the authorization request. */
  readonly redirectUri: string;
  /** The code received at the redirect URI; may be left out if the response that is passed has it. */
  readonly code?: string;
  /** `responseMode` of the authorization request: with `jwt` and its kind, the response that is passed must be a JWT. */
  readonly responseMode?: string;
  /** PKCE verifier, from `generatePkceCodes`. */
  readonly codeVerifier?: string;
  /** The nonce of the authorization request, which the ID token must contain. */
  readonly nonce?: string;
  /** The state of the authorization request, compared with that of the response if the response is passed. */
  readonly state?: string;
  /** `client_info` of a trusted response: routes the request to the user's data center. */
  readonly clientInfo?: string;
  /** Request a second code for the single-page app of the same registration (`result.code`). */
  readonly enableSpaAuthorizationCode?: boolean;
  /** The user the code was issued for, if `clientInfo` is not set: routes the request. */
  readonly ccsCredential?: AnchorUser;
}

/** Additional expectations of the library's own flows. */
export interface CodeExpectations {
  /** Maximum seconds since the user last authenticated. */
  readonly maxAge?: number | undefined;
  /**
   * Whether the response is complete, so that it must contain `iss` if the provider supports it (RFC 9207 §2.4); `true`
   * by default.
   */
  readonly hasWholeResponse?: boolean;
  /** `sub` of the ID token received with the code, which the token response must repeat. */
  readonly subject?: string | undefined;
  /** Keeps the tokens by the key of a session, and not for the user. */
  readonly sessionKey?: string | undefined;
  /** The key that the code is bound to (RFC 9449 §10). */
  readonly key?: BindingKey | undefined;
  /**
   * Whether the extra query parameters were sent with the authorization URL: they distinguish the tokens, but are not
   * sent again.
   */
  readonly hasSentQuery?: boolean;
}

/** The authorization response, if the app has passed it, and what the tokens must meet. */
interface AnsweredCode {
  readonly answer: AuthorizationResponse | URLSearchParams | URL | undefined;
  readonly expectations: CodeExpectations;
}

/**
 * Exchanges an authorization code for tokens (RFC 6749 §4.1.3). If the authorization response is passed, its `error`,
 * `state` and `iss` (RFC 9207) are checked. The response never determines where a secret is sent or what is expected.
 *
 * @throws ServerError, InteractionRequiredAuthError for an error response; ClientAuthError `state_mismatch`, `nonce_mismatch`,
 * `invalid_state`, `invalid_id_token`
 * @example
 * ```ts
 * const { account } = await redeemCode(client, {
 *   scopes: ["User.Read"],
 *   code: query.code,
 *   redirectUri,
 *   codeVerifier: session.verifier,
 *   nonce: session.nonce,
 * });
 * ```
 */
export async function redeemCode(
  client: Client,
  input: CodeInput,
  answer?: AuthorizationResponse | URLSearchParams | URL,
  expectations: CodeExpectations = {},
): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input);
  return boundedCall(client, request, (call) =>
    redeemCodeIn(client, request, { answer, expectations }, call),
  );
}

/** Does the same as {@link redeemCode} as a step of a call. */
export async function redeemCodeIn(
  client: Client,
  made: TokenRequest<CodeInput>,
  { answer, expectations }: AnsweredCode,
  call: Call,
): Promise<AuthenticationResult> {
  const step = asStep(made, call);
  const request = expectations.hasSentQuery ? { ...step, extraQueryParameters: undefined } : step;
  const { correlationId, given } = request;
  checkFieldTypes(given, correlationId);
  const response = await responseOf(client, made, answer, call);
  if (response) await refuseErrorResponse(client, client.authorities.url(made.authorityUrl), response, call);
  const code = checkedCode(request, response);
  if (response) refuseRepeated(response, correlationId);
  const redirectUri = checkedRedirectUri(given.redirectUri, correlationId);
  const url = answeringAuthority(client, made, response);
  const { codeVerifier, nonce, enableSpaAuthorizationCode, ccsCredential } = given;
  // Only calls of the same sign-in share a request: a code injected into another sign-in must fail there (RFC 9700
  // §2.1.1).
  const expected: readonly (readonly [string, unknown])[] = Object.entries(expectations);
  const flow = ["authorization_code", response?.["iss"], ...expected.flat()];
  const result = await sharedExchange(client, request, { url, flow }, async (exchange) => {
    const { hasWholeResponse = response !== undefined } = expectations;
    const isExact = client.requiresPkceSupport;
    const issuer = { iss: response?.["iss"], isWhole: hasWholeResponse, isExact };
    checkResponseIssuer(exchange.authority, issuer, call);
    const scopes = userScopes(exchange);
    const dialect = dialectOf(url);
    const info = dialect.hasTenants ? decodeClientInfo(given.clientInfo, correlationId) : undefined;
    const user = info && { type: "home_account_id" as const, credential: `${info.uid}.${info.utid}` };
    return redeem(exchange, {
      apiId: ApiId.authorizationCode,
      scopes,
      parameters: new Parameters()
        .set("redirect_uri", redirectUri)
        .set("scope", scopes.join(" "))
        .set("code", code)
        .set("code_verifier", codeVerifier)
        .set("grant_type", "authorization_code")
        .set("return_spa_code", enableSpaAuthorizationCode ? "1" : undefined),
      hasDetails: true,
      key: expectations.key,
      owner:
        expectations.sessionKey === undefined
          ? { kind: "user" }
          : { kind: "assertion", hash: sessionHash(expectations.sessionKey) },
      nonce: { expected: nonce },
      maxAge: expectations.maxAge,
      subject: expectations.subject,
      hashed: { c_hash: code, s_hash: given.state },
      throttleKey: ["authorization_code", code].join(" "),
      headers: anchorHeaders(dialect, user ?? ccsCredential),
    });
  });
  return response ? { ...result, ...fieldsOf(client, response, given.state) } : result;
}

/** Returns the parameters of the response, which may stand in a JWT (JARM). */
async function responseOf(
  client: Client,
  request: TokenRequest<CodeInput>,
  answer: AuthorizationResponse | URLSearchParams | URL | undefined,
  call: Call,
): Promise<AuthorizationResponse | undefined> {
  const received = answer && responseParameters(answer, request.correlationId);
  const isJwt = isJwtMode(request.given.responseMode);
  if (!isJwt && received?.["response"] === undefined) return received;
  const response = await parametersInJwt(
    client,
    client.authorities.url(request.authorityUrl),
    received ?? {},
    call,
  );
  const { code } = request.given;
  if (!code || response["error"] || response["code"] === code) return response;
  throw clientAuthError(
    "invalid_authorization_response",
    "The authorization response is refused: its code is not that of the request. Leave code out of the request.",
    request,
  );
}

function checkedCode(request: TokenRequest<CodeInput>, response: AuthorizationResponse | undefined): string {
  const { state: sent } = request.given;
  const code = request.given.code || response?.["code"];
  if (typeof code !== "string" || code === "") {
    throw clientAuthError(
      "request_cannot_be_made",
      "code is missing: pass the code parameter received at the redirect URI.",
      request,
    );
  }
  const state = response?.["state"];
  if (response && sent && !(typeof state === "string" && sameText(state, sent))) {
    throw clientAuthError(
      "state_mismatch",
      "The state in the response is not the one that was sent: the response belongs to another sign-in, do not use it.",
      request,
    );
  }
  return code;
}

/** Returns the response fields that the app may read. Its hosts are trusted only if the state was verified. */
function fieldsOf(
  client: Client,
  response: AuthorizationResponse,
  state: string | undefined,
): Pick<AuthenticationResult, "state" | "cloudGraphHostName" | "msGraphHost"> {
  if (!state) return { state: typeof response["state"] === "string" ? userState(response["state"]) : "" };
  if (!client.isPublic) return {};
  const { cloud_graph_host_name: cloudGraph, msgraph_host: graph } = response;
  return {
    ...(typeof cloudGraph === "string" ? { cloudGraphHostName: cloudGraph } : {}),
    ...(typeof graph === "string" ? { msGraphHost: graph } : {}),
  };
}

/** Returns the app's part of a state in MSAL's format: the library's part in base64 JSON, a bar, the app's part. */
function userState(state: string): string {
  const [library = "", ...own] = state.split("|");
  return parseJsonObject(base64Decode(library)) ? own.join("|") : "";
}

/**
 * Returns the authority that answered, which redeems the code. For users of a sovereign cloud, the response to an
 * instance-aware request names its host. Only known hosts are accepted, and only if no credential is sent with the code.
 */
export function answeringAuthority(
  client: Client,
  request: TokenRequest,
  response: AuthorizationResponse | undefined,
): AuthorityUrl {
  const url = client.authorities.url(request.authorityUrl);
  const host = isInstanceAware(client, request) ? response?.["cloud_instance_host_name"] : undefined;
  if (!client.isPublic || typeof host !== "string" || !dialectOf(url).hasClouds) return url;
  if (!knownCloud(host) || !knownCloud(url.host)) return url;
  return client.authorities.url(`https://${host}/${url.segments.join("/")}`);
}
