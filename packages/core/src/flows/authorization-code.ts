import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { knownCloud } from "../authority/clouds.js";
import { idTokenIssuerMatches } from "../authority/issuer.js";
import type { Client } from "../client/client.js";
import { anchorHeaders } from "../dialect/anchor-headers.js";
import type { AnchorUser } from "../dialect/dialect.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { base64Decode, parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import { redeem } from "../exchange/redeem.js";
import { checkFieldTypes } from "../request/field-types.js";
import { Parameters } from "../request/parameters.js";
import { withOidcScopes } from "../request/scopes.js";
import {
  checkedRedirectUri,
  tokenRequest,
  type BaseRequest,
  type TokenRequest,
} from "../request/token-request.js";
import { decodeClientInfo } from "../response/client-info.js";
import { serverError } from "../response/server-error.js";
import { sameText } from "../response/verify-id-token.js";
import type { AuthenticationResult } from "../result.js";
import { responseParameters, type AuthorizationResponse } from "./authorization-response.js";

/** Request to redeem an authorization code. */
export interface CodeInput extends BaseRequest {
  /** The same redirect URI as in the authorization request. */
  readonly redirectUri: string;
  /** The code that came to the redirect URI. */
  readonly code: string;
  /** PKCE verifier, from `generatePkceCodes`. */
  readonly codeVerifier?: string;
  /** The nonce of the authorization request; the ID token must carry it. */
  readonly nonce?: string;
  /** The state of the authorization request; compared with that of the response when it is passed along. */
  readonly state?: string;
  /** `client_info` of an answer you trust: routes the request to the user's data center. */
  readonly clientInfo?: string;
  /** Ask for a second code for the single-page app of the same registration (`result.code`). */
  readonly enableSpaAuthorizationCode?: boolean;
  /** The user the code is for, where `clientInfo` does not say it: routes the request. */
  readonly ccsCredential?: AnchorUser;
}

/** What the library's own flows know of a code, beside the caller's request. */
export interface CodeExpectations {
  /** Most seconds since the user last authenticated. */
  readonly maxAge?: number | undefined;
  /** The response has every parameter that came: an `iss` that the provider promises must be among them (RFC 9207 §2.4). */
  readonly hasWholeResponse?: boolean;
  /** `sub` of the ID token that came with the code; that of the token response must be the same. */
  readonly subject?: string | undefined;
  /** The extra query parameters were the browser's: they distinguish the tokens, and are not sent again. */
  readonly hasSentQuery?: boolean;
}

/**
 * Exchanges an authorization code for tokens (RFC 6749 §4.1.3). The parameters of the authorization response that are
 * passed along are checked: `error`, `state`, and `iss` (RFC 9207). They never decide where a secret is sent, nor what is
 * expected.
 *
 * @throws ServerError, InteractionRequiredAuthError as the server says; ClientAuthError `state_mismatch`, `nonce_mismatch`,
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
  const made = tokenRequest(client, input);
  const request = expectations.hasSentQuery ? { ...made, extraQueryParameters: undefined } : made;
  const { correlationId, given } = request;
  checkFieldTypes(given, correlationId);
  const response = answer ? responseParameters(answer, correlationId) : undefined;
  if (response?.["error"]) throw serverError(response, undefined, correlationId);
  checkCode(request, response);
  const redirectUri = checkedRedirectUri(given.redirectUri, correlationId);
  const url = cloudOf(client, client.authorities.url(request.authorityUrl), response);
  const scopes = withOidcScopes(request.scopes);
  const { code, codeVerifier, nonce, enableSpaAuthorizationCode, ccsCredential } = given;
  // Only the same sign-in may share: a code that was injected into another one must fail there (RFC 9700 §2.1.1).
  const flow = ["authorization_code", { ...expectations, iss: response?.["iss"] }];
  const result = await sharedExchange(client, request, { url, flow }, async (exchange) => {
    const { hasWholeResponse = false } = expectations;
    checkResponseIssuer(exchange, response?.["iss"], hasWholeResponse);
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
      owner: { kind: "user" },
      nonce: { expected: nonce },
      maxAge: expectations.maxAge,
      subject: expectations.subject,
      throttleKey: ["authorization_code", code].join(" "),
      headers: anchorHeaders(dialect, user ?? ccsCredential),
    });
  });
  return { ...result, ...fieldsOf(client, response, given.state) };
}

function checkCode(request: TokenRequest<CodeInput>, response: AuthorizationResponse | undefined): void {
  const { code, state: sent } = request.given;
  if (typeof code !== "string" || code === "") {
    throw clientAuthError(
      "request_cannot_be_made",
      "code is missing: pass the code parameter that came to the redirect URI.",
      request,
    );
  }
  const state = response?.["state"];
  if (response && sent && !(typeof state === "string" && sameText(state, sent))) {
    throw clientAuthError(
      "state_mismatch",
      "The state that came back is not the one that was sent: the answer belongs to another sign-in, do not use it.",
      request,
    );
  }
}

/** The fields of the response that the app may read. Only the state shows that the hosts in it are not an attacker's. */
function fieldsOf(
  client: Client,
  response: AuthorizationResponse | undefined,
  state: string | undefined,
): Pick<AuthenticationResult, "state" | "cloudGraphHostName" | "msGraphHost"> {
  if (!response) return {};
  if (!state) return { state: typeof response["state"] === "string" ? userState(response["state"]) : "" };
  if (!client.isPublic) return {};
  const { cloud_graph_host_name: cloudGraph, msgraph_host: graph } = response;
  return {
    ...(typeof cloudGraph === "string" ? { cloudGraphHostName: cloudGraph } : {}),
    ...(typeof graph === "string" ? { msGraphHost: graph } : {}),
  };
}

/** The app's own part of a state that MSAL has made: after a bar behind the library's, which is base64 JSON. */
function userState(state: string): string {
  const [library = "", ...own] = state.split("|");
  return parseJsonObject(base64Decode(library)) ? own.join("|") : "";
}

/**
 * Entra sends users of a sovereign cloud back with the host that must redeem their code. Only known hosts are accepted, and
 * only where no credential is sent there along with the code.
 */
function cloudOf(
  client: Client,
  url: AuthorityUrl,
  response: AuthorizationResponse | undefined,
): AuthorityUrl {
  const host = response?.["cloud_instance_host_name"];
  if (!client.isPublic || typeof host !== "string" || !dialectOf(url).hasClouds) return url;
  if (!knownCloud(host) || !knownCloud(url.host)) return url;
  return client.authorities.url(`https://${host}/${url.segments.join("/")}`);
}

/** RFC 9207 §2.4: a code is redeemed where it was issued. */
function checkResponseIssuer({ authority, call }: Exchange, iss: unknown, hasWholeResponse: boolean): void {
  const { metadata } = authority;
  const promised = hasWholeResponse && metadata["authorization_response_iss_parameter_supported"] === true;
  if ((iss === undefined && !promised) || isIssuedBy(authority, iss)) return;
  throw clientAuthError(
    "invalid_state",
    `The authorization response was issued by "${typeof iss === "string" ? iss : ""}", not by "${metadata.issuer}": the code is not sent there (RFC 9207).`,
    call,
  );
}

function isIssuedBy(authority: Authority, iss: unknown): boolean {
  if (typeof iss !== "string") return false;
  const tenant = /^https:\/\/[^/]+\/([^/]+)\/v2\.0$/.exec(iss)?.[1] ?? "";
  return idTokenIssuerMatches(authority, { iss, tid: tenant });
}
