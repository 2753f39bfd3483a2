import { clientAuthError, ServerError } from "../errors/errors.js";
import { isHeaderValue } from "../http/header-value.js";
import type { HttpResponse } from "../http/http-client.js";
import { isThrottled, statusOf } from "../http/throttle.js";
import { printable } from "../printable.js";
import { areDetails } from "../request/authorization-details.js";
import { answerBody } from "../http/answer-body.js";
import { lifetimeSeconds } from "./seconds.js";
import { serverError } from "./server-error.js";

/** A valid token response (RFC 6749 §5.1). Times are in whole seconds. */
export interface TokenResponse {
  /** `""` for a B2C sign-in that requests no API scope, where B2C sends only the ID token. */
  readonly accessToken: string;
  /** `N_A` for a token from an exchange that is not an access token (RFC 8693 §2.2.1). */
  readonly tokenType: "Bearer" | "DPoP" | "N_A";
  /** Type of a token from an exchange, a URI. */
  readonly issuedTokenType?: string;
  /** `undefined` when the answer does not say. */
  readonly expiresIn: number | undefined;
  readonly extExpiresIn?: number | undefined;
  readonly refreshIn?: number | undefined;
  readonly refreshToken?: string | undefined;
  readonly refreshTokenExpiresIn?: number | undefined;
  readonly idToken?: string | undefined;
  readonly clientInfo?: string | undefined;
  /** Granted scopes, or `undefined` when they are the requested ones. */
  readonly scope?: string | undefined;
  /** Granted authorization details, as JSON. */
  readonly authorizationDetails?: string | undefined;
  /** Family of the refresh token. */
  readonly foci?: string | undefined;
  /** Code for the single-page app of the same registration. */
  readonly spaCode?: string | undefined;
  /** The user's account id at the operating system's broker. */
  readonly spaAccountId?: string | undefined;
  /** `x-ms-request-id` of the response. */
  readonly requestId?: string;
}

/**
 * Parses the response of a token endpoint.
 *
 * @param acceptsIdTokenAlone accept a response without an access token
 * @param scheme the type of the requested access token
 * @throws ServerError, InteractionRequiredAuthError when it is an OAuth error (RFC 6749 §5.2)
 * @throws ClientAuthError `invalid_token_response` when it is neither, `dpop_token_type_mismatch`
 */
export function parseTokenResponse(
  response: HttpResponse,
  acceptsIdTokenAlone: boolean,
  correlationId: string,
  scheme: "Bearer" | "DPoP" = "Bearer",
): TokenResponse {
  const body = answerBody(response);
  const isGood = response.status >= 200 && response.status <= 299;
  if (body && isError(body, response)) throw serverError(body, response.status, correlationId);
  if (!isGood) throw unusableStatus(response, correlationId);
  if (!body)
    throw invalidTokenResponse(`the body is not a JSON object (${contentType(response)})`, correlationId);

  const accessToken = optionalText(body, "access_token", correlationId) ?? "";
  const idToken = optionalText(body, "id_token", correlationId);
  if (!accessToken && !(idToken && acceptsIdTokenAlone))
    throw invalidTokenResponse("access_token is missing", correlationId);
  // RFC 6749 §A.12. The token is later sent in a header, and the error for an invalid header value would quote it.
  if (!isHeaderValue(accessToken))
    throw invalidTokenResponse(
      "access_token holds characters that cannot be sent in a header",
      correlationId,
    );
  const tokenType = optionalText(body, "token_type", correlationId) ?? "Bearer";
  if (scheme === "DPoP" && accessToken && tokenType.toLowerCase() !== "dpop")
    throw notBound(tokenType, correlationId);
  if (accessToken && tokenType.toLowerCase() !== scheme.toLowerCase()) {
    throw invalidTokenResponse(
      `token_type ${shown(tokenType)} was not requested: the request was for a ${scheme} token`,
      correlationId,
    );
  }
  return {
    accessToken,
    tokenType: scheme,
    expiresIn: lifetime(body, "expires_in", correlationId),
    extExpiresIn: lifetime(body, "ext_expires_in", correlationId) ?? 0,
    refreshIn: lifetime(body, "refresh_in", correlationId) || undefined,
    refreshToken: optionalText(body, "refresh_token", correlationId),
    refreshTokenExpiresIn: lifetime(body, "refresh_token_expires_in", correlationId) || undefined,
    idToken,
    clientInfo: optionalText(body, "client_info", correlationId),
    scope: grantedScope(body, correlationId),
    authorizationDetails: details(body, correlationId),
    foci: optionalText(body, "foci", correlationId),
    spaCode: optionalText(body, "spa_code", correlationId),
    spaAccountId: optionalText(body, "spa_accountid", correlationId),
    requestId: printable(response.headers["x-ms-request-id"] ?? ""),
  };
}

/**
 * Some servers answer with an error in a 200 (GitHub, Slack), others without the member `error` (Twitch). That of a gateway
 * that throttles is none of the server's.
 */
function isError(body: Readonly<Record<string, unknown>>, response: HttpResponse): boolean {
  if (["error", "suberror"].some((member) => (body[member] ?? undefined) !== undefined)) return true;
  const isFailure = response.status >= 400 && !isThrottled(response);
  return isFailure && typeof body["message"] === "string" && body["message"] !== "";
}

/** A text with spaces (RFC 6749 §3.3), a list (Twitch), or a text with commas (GitHub, LinkedIn). */
function grantedScope(body: Readonly<Record<string, unknown>>, correlationId: string): string | undefined {
  const { scope } = body;
  if (Array.isArray(scope) && scope.every((one) => typeof one === "string"))
    return scope.join(" ") || undefined;
  const text = optionalText(body, "scope", correlationId);
  // A comma may stand in a scope. Where URLs have one, the text is left as it is.
  return text?.includes("://") === false ? text.replaceAll(",", " ") : text;
}

function optionalText(
  body: Readonly<Record<string, unknown>>,
  field: string,
  correlationId: string,
): string | undefined {
  const value = body[field];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string")
    throw invalidTokenResponse(`${field} is a ${typeof value}, not a string`, correlationId);
  return value;
}

function details(body: Readonly<Record<string, unknown>>, correlationId: string): string | undefined {
  const value = body["authorization_details"];
  if (value === undefined || value === null) return undefined;
  if (areDetails(value)) return JSON.stringify(value);
  throw invalidTokenResponse("authorization_details is not an array of objects with a type", correlationId);
}

function lifetime(
  body: Readonly<Record<string, unknown>>,
  field: string,
  correlationId: string,
): number | undefined {
  const value = body[field];
  if (value === undefined || value === null || value === "") return undefined;
  const seconds = lifetimeSeconds(value);
  if (seconds !== undefined) return seconds;
  throw invalidTokenResponse(`${field} is ${shown(value)}, not a number of seconds`, correlationId);
}

/** A longer value than this may be a token in the wrong place, and is not quoted. */
const LONGEST_QUOTE = 20;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= LONGEST_QUOTE ? text : `a ${typeof value} of ${text.length} characters`;
}

function unusableStatus(response: HttpResponse, correlationId: string): Error {
  const { status } = response;
  if (status >= 300 && status <= 399) {
    return invalidTokenResponse(
      `HTTP ${status} redirects the token request, and such redirects are never followed (the request may hold a secret)`,
      correlationId,
    );
  }
  const answer = `The token endpoint returned ${statusOf(response)}`;
  return new ServerError(
    "server_error",
    correlationId,
    isThrottled(response)
      ? `${answer}.`
      : `${answer} (${contentType(response)}) without an OAuth error: it may be down, or a proxy responded in its place.`,
    undefined,
    undefined,
    status,
  );
}

/** A bearer token in place of a bound one would be good for anyone who gets hold of it (RFC 9449 §5). */
function notBound(tokenType: string, correlationId: string): Error {
  return clientAuthError(
    "dpop_token_type_mismatch",
    `The token endpoint returned a token of the type ${shown(tokenType)}, although a DPoP token was requested: the provider does not bind tokens to keys, or not for this client. Request Bearer, or change the registration.`,
    { correlationId },
  );
}

function contentType(response: HttpResponse): string {
  return response.headers["content-type"] ?? "no content type";
}

function invalidTokenResponse(what: string, correlationId: string): Error {
  return clientAuthError("invalid_token_response", `The token endpoint's response is not valid: ${what}.`, {
    correlationId,
  });
}
