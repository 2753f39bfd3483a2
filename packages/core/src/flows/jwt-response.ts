import type { AuthorityUrl } from "../authority/authority-url.js";
import type { Client } from "../client/client.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
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
  url: AuthorityUrl,
  { response: jwt }: AuthorizationResponse,
  call: Call,
): Promise<AuthorizationResponse> {
  if (typeof jwt !== "string" || jwt === "") {
    throw clientAuthError(
      AUTHORIZATION_RESPONSE.code,
      "The authorization response is refused: it is not a JWT, although responseMode asks for one. Its parameter response is missing.",
      call,
    );
  }
  const authority = await client.authorities.resolve(url, call);
  const signed = await decryptJwt(jwt, AUTHORIZATION_RESPONSE, client, call);
  return verifyJwt(signed, { kind: AUTHORIZATION_RESPONSE, client, authority }, call);
}
