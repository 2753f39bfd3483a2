import type { Client } from "../client/client.js";
import { clientAuthError } from "../errors/errors.js";
import { accountedCall } from "../exchange/accounted.js";
import { withinBounds } from "../flight/deadline.js";
import type { TokenRequest } from "../request/token-request.js";
import { decryptJwt } from "../response/decrypt-jwt.js";
import { AUTHORIZATION_RESPONSE } from "../response/jwt-kind.js";
import { verifyJwt } from "../response/verify-jwt.js";
import type { AuthorizationResponse } from "./authorization-response.js";

/** The response modes in which the response is a JWT (JARM §2.3). */
export const JWT_MODES: readonly string[] = ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"];

/** Whether the response has to be a JWT. */
export function isJwtMode(mode: unknown): boolean {
  return typeof mode === "string" && JWT_MODES.includes(mode);
}

/**
 * Takes the parameters out of an authorization response that is a JWT (JARM §2.4): decrypts it, and checks its issuer,
 * audience, expiry and signature. Parameters beside the JWT are ignored.
 *
 * @throws ClientAuthError `invalid_authorization_response`
 */
export async function parametersInJwt(
  client: Client,
  request: TokenRequest,
  { response: jwt }: AuthorizationResponse,
): Promise<AuthorizationResponse> {
  const { correlationId } = request;
  if (typeof jwt !== "string" || jwt === "") {
    throw clientAuthError(
      AUTHORIZATION_RESPONSE.code,
      "The authorization response is refused: it is not a JWT, although responseMode asks for one. Its parameter response is missing.",
      { correlationId },
    );
  }
  return accountedCall((tally) =>
    withinBounds(request, async (signal) => {
      const call = { correlationId, signal, budget: client.transport.budget(), tally };
      const url = client.authorities.url(request.authorityUrl);
      const authority = await client.authorities.resolve(url, call);
      const signed = await decryptJwt(jwt, AUTHORIZATION_RESPONSE, client, call);
      return verifyJwt(signed, { kind: AUTHORIZATION_RESPONSE, client, authority }, call);
    }),
  );
}
