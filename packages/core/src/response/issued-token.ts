import { clientAuthError } from "../errors/errors.js";
import { answerBody } from "../http/answer-body.js";
import type { HttpResponse } from "../http/http-client.js";
import { printable } from "../printable.js";
import { ACCESS_TOKEN_TYPE, isAccessTokenType, isTypeAsked } from "../request/token-type.js";
import { parseTokenResponse, type TokenResponse } from "./token-response.js";

/**
 * Parses the response to a token exchange (RFC 8693 §2.2.1). Its member `access_token` holds the issued token whatever
 * its type. A token that is not an access token has the token type `N_A`, also where the server calls it a bearer token.
 *
 * @param requestedType the URI of the type that was asked for, if any
 * @throws as {@link parseTokenResponse}; ClientAuthError `invalid_token_response` for a token of another type
 */
export function parseIssuedToken(
  response: HttpResponse,
  {
    requestedType,
    scheme,
  }: { readonly requestedType: string | undefined; readonly scheme?: "DPoP" | undefined },
  correlationId: string,
): TokenResponse {
  const body = answerBody(response);
  const type = body?.["token_type"];
  const isUnusable = typeof type === "string" && type.toLowerCase() === "n_a";
  const usable = isUnusable
    ? { ...response, body: JSON.stringify({ ...body, token_type: scheme ?? "Bearer" }) }
    : response;
  const tokens = parseTokenResponse(usable, false, correlationId, scheme);
  const stated = body?.["issued_token_type"] ?? undefined;
  const issued = stated ?? requestedType ?? ACCESS_TOKEN_TYPE;
  if (typeof issued !== "string")
    throw invalid(`issued_token_type is a ${typeof issued}, not a string`, correlationId);
  if (requestedType !== undefined && !isTypeAsked(issued, requestedType))
    throw invalid(
      `a token of the type "${printable(issued)}" was issued, but "${requestedType}" was requested`,
      correlationId,
    );
  if (isUnusable && issued === ACCESS_TOKEN_TYPE)
    throw invalid("the token type N_A says that the token is not an access token", correlationId);
  const isOther = isUnusable || !isAccessTokenType(issued);
  return { ...tokens, issuedTokenType: issued, ...(isOther ? { tokenType: "N_A" } : {}) };
}

function invalid(what: string, correlationId: string): Error {
  return clientAuthError("invalid_token_response", `The token endpoint's response is not valid: ${what}.`, {
    correlationId,
  });
}
