import type { Client } from "../client/client.js";
import { epochSeconds } from "../clock.js";
import { dialectOf } from "../dialect/dialects.js";
import { base64UrlEncode } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { acceptTokens } from "../exchange/accept-tokens.js";
import { sharedExchange } from "../exchange/exchange.js";
import { Parameters } from "../request/parameters.js";
import type { TokenRequest } from "../request/token-request.js";
import { decryptJwt } from "../response/decrypt-jwt.js";
import { decodeIdToken } from "../response/id-token.js";
import { ID_TOKEN } from "../response/jwt-kind.js";
import type { AuthenticationResult } from "../result.js";
import type { AuthorizationResponse } from "./authorization-response.js";
import { checkResponseIssuer } from "./response-issuer.js";

/** The values of the authorization request that the ID token is checked against. */
export interface StartedSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly maxAge?: number;
}

/**
 * Completes a sign-in whose response brings an ID token and nothing else (OpenID Connect Core §3.2.2.11). The result has an
 * account and no access token.
 */
export function acceptFrontChannel(
  client: Client,
  request: TokenRequest,
  { state, nonce, maxAge }: StartedSignIn,
  response: AuthorizationResponse,
): Promise<AuthenticationResult> {
  const { id_token: idToken, iss } = response;
  if (typeof idToken !== "string" || idToken === "") {
    throw clientAuthError(
      "invalid_id_token",
      "id_token is missing from the response, although it was requested: pass all parameters received at the redirect URI.",
      request,
    );
  }
  const url = client.authorities.url(request.authorityUrl);
  return sharedExchange(client, request, { url, flow: ["id_token", state] }, async (exchange) => {
    const { authority, call } = exchange;
    // The ID token names its issuer, so a provider need not repeat it (RFC 9207 §4).
    checkResponseIssuer(authority, { iss, isWhole: false }, call);
    const signed = await decryptJwt(idToken, ID_TOKEN, client, call);
    const clientInfo = dialectOf(url).hasTenants ? clientInfoOf(signed) : undefined;
    const tokens = {
      accessToken: "",
      tokenType: "Bearer" as const,
      expiresIn: undefined,
      idToken,
      clientInfo,
    };
    const grant = {
      scopes: ["openid", "profile"],
      parameters: new Parameters(),
      owner: { kind: "user" as const },
      nonce: { expected: nonce },
      maxAge,
      // The browser brought it, so TLS does not vouch for it.
      signature: "always" as const,
      hashed: { s_hash: state },
      throttleKey: "",
    };
    return acceptTokens(exchange, grant, { tokens, requestedAt: epochSeconds(client.clock) });
  });
}

/**
 * Names the user of a provider with tenants as `client_info` does. That of the response is not used: anybody can send one
 * to the redirect URI. The token's signature is checked before anything is kept.
 */
function clientInfoOf(idToken: string): string | undefined {
  const { oid, tid } = decodeIdToken(idToken);
  if (typeof oid !== "string" || typeof tid !== "string") return undefined;
  return base64UrlEncode(JSON.stringify({ uid: oid, utid: tid }));
}
