import type { AuthorityUrl } from "../authority/authority-url.js";
import type { Client } from "../client/client.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import { decryptJwt } from "../response/decrypt-jwt.js";
import { ID_TOKEN } from "../response/jwt-kind.js";
import { verifyIdToken } from "../response/verify-id-token.js";
import type { AuthorizationResponse } from "./authorization-response.js";

/**
 * Verifies that the signed front-channel ID token binds the code to this sign-in (OpenID Connect Core §3.3.2.10-11).
 *
 * @returns the subject of the ID token
 */
export async function checkFrontChannel(
  client: Client,
  { url, nonce: expectedNonce, response, code }: FrontChannel,
  call: Call,
): Promise<string | undefined> {
  const idToken = response["id_token"];
  if (typeof idToken !== "string") {
    throw clientAuthError(
      "invalid_id_token",
      "id_token is missing from the response, although code id_token was requested.",
      call,
    );
  }
  const authority = await client.authorities.resolve(url, call);
  const nonce = { expected: expectedNonce };
  const signed = await decryptJwt(idToken, ID_TOKEN, client, call);
  const { state } = response;
  const expected = {
    client,
    authority,
    nonce,
    // The token came through the browser, so TLS to the token endpoint does not vouch for it.
    signature: "always" as const,
    hashed: { c_hash: code, s_hash: typeof state === "string" ? state : undefined },
    requiredHash: "c_hash" as const,
  };
  const { sub } = await verifyIdToken(signed, expected, call);
  return sub;
}

/** The parts of a front-channel response. */
export interface FrontChannel {
  /** The authority that answered. */
  readonly url: AuthorityUrl;
  /** The nonce of the authorization request. */
  readonly nonce: string;
  readonly response: AuthorizationResponse;
  readonly code: string;
}
