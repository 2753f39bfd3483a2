import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { idTokenIssuerMatches } from "../authority/issuer.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import { serverError } from "../response/server-error.js";
import type { AuthorizationResponse } from "./authorization-response.js";

/** What an authorization response says of its issuer. */
export interface ResponseIssuer {
  readonly iss: unknown;
  /** Whether the response is complete, so that it must name its issuer if the provider promises to. */
  readonly isWhole: boolean;
  /** Whether it has to be spelled as the provider publishes it, as in the Model Context Protocol. */
  readonly isExact?: boolean;
}

/**
 * Ensures that a response comes from the authority (RFC 9207 §2.4): its code is sent only there, and its error is the
 * authority's own.
 *
 * @throws ClientAuthError `invalid_state`
 */
export function checkResponseIssuer(
  authority: Authority,
  { iss, isWhole, isExact = false }: ResponseIssuer,
  call: Pick<Call, "correlationId">,
): void {
  const { metadata } = authority;
  const isPromised = isWhole && metadata["authorization_response_iss_parameter_supported"] === true;
  if ((iss === undefined && !isPromised) || isIssuedBy(authority, iss, isExact)) return;
  const issuer =
    typeof iss === "string" ? `issued by "${iss}"` : "issued by an unknown provider (iss is missing)";
  throw clientAuthError(
    "invalid_state",
    `The authorization response was ${issuer}, not by "${metadata.issuer}": it is not used (RFC 9207). Pass all parameters that came to the redirect URI.`,
    call,
  );
}

/**
 * Throws the error of an authorization response, if it has one and the authority has issued it.
 *
 * @throws ServerError, InteractionRequiredAuthError; ClientAuthError `invalid_state` for the error of another issuer
 */
export async function refuseErrorResponse(
  client: Client,
  url: AuthorityUrl,
  response: AuthorizationResponse,
  call: Call,
): Promise<void> {
  const { error, iss } = response;
  if (!error) return;
  if (iss !== undefined || dialectOf(url).hasIssuers) {
    const authority = await client.authorities.resolve(url, call);
    const isExact = client.requiresPkceSupport;
    checkResponseIssuer(authority, { iss, isWhole: true, isExact }, call);
  }
  throw serverError(response, undefined, call.correlationId);
}

function isIssuedBy(authority: Authority, iss: unknown, isExact: boolean): boolean {
  if (typeof iss !== "string") return false;
  if (isExact && dialectOf(authority.url).announcesFeatures) return iss === authority.metadata.issuer;
  const tenant = /^https:\/\/[^/]+\/([^/]+)\/v2\.0$/.exec(iss)?.[1] ?? "";
  return idTokenIssuerMatches(authority, { iss, tid: tenant });
}
