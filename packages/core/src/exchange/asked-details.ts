import { clientAuthError } from "../errors/errors.js";
import { printable } from "../printable.js";
import { detailsIn } from "../request/authorization-details.js";
import type { TokenResponse } from "../response/token-response.js";
import type { Exchange } from "./exchange.js";

/**
 * Refuses a token for types of authorization details that were not requested. The provider may grant less of a type, or
 * enrich it (RFC 9396 §7, §7.1), and what it grants to a request without details is up to it.
 *
 * @throws ClientAuthError `invalid_token_response`
 */
export function requireAskedDetails(
  { request, call }: Pick<Exchange, "request" | "call">,
  { authorizationDetails }: TokenResponse,
): void {
  if (request.authorizationDetails === undefined) return;
  const asked = new Set(detailsIn(request.authorizationDetails).map(({ type }) => type));
  const other = detailsIn(authorizationDetails).find(({ type }) => !asked.has(type));
  if (!other) return;
  throw clientAuthError(
    "invalid_token_response",
    `The token endpoint's response is not valid: it grants authorization details of the type "${printable(other.type)}", which was not requested (RFC 9396, section 7).`,
    call,
  );
}
