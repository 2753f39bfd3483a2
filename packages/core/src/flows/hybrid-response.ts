import type { AuthorityUrl } from "../authority/authority-url.js";
import type { Client } from "../client/client.js";
import { clientAuthError } from "../errors/errors.js";
import { nodeCrypto } from "../node-crypto.js";
import type { TokenRequest } from "../request/token-request.js";
import { decodeIdToken } from "../response/id-token.js";
import { sameText } from "../response/same-text.js";
import { verifyIdToken } from "../response/verify-id-token.js";
import type { AuthorizationResponse } from "./authorization-response.js";

/**
 * Verifies that the signed front-channel ID token binds the code to this sign-in (OpenID Connect Core §3.3.2.10-11).
 *
 * @returns the subject of the ID token
 */
export async function checkFrontChannel(
  client: Client,
  request: TokenRequest,
  { url, nonce: expectedNonce, response, code }: FrontChannel,
): Promise<string | undefined> {
  const idToken = response["id_token"];
  const call = { correlationId: request.correlationId, signal: request.signal };
  if (typeof idToken !== "string") {
    throw clientAuthError(
      "invalid_id_token",
      "id_token is missing from the response, although code id_token was requested.",
      call,
    );
  }
  const authority = await client.authorities.resolve(url, call);
  const nonce = { expected: expectedNonce };
  // The token came through the browser, so TLS to the token endpoint does not vouch for it.
  const expected = { client, authority, nonce, signature: "always" as const };
  const { sub } = await verifyIdToken(idToken, expected, call);
  const { c_hash: hash } = decodeIdToken(idToken, call.correlationId);
  if (typeof hash !== "string" || !sameText(hash, halfHash(code, idToken))) {
    throw clientAuthError(
      "invalid_id_token",
      "c_hash of the ID token does not match the code: the code was replaced.",
      call,
    );
  }
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

/** Returns the left half of the hash for the token's algorithm, in base64url (OpenID Connect Core §3.3.2.11). */
function halfHash(text: string, idToken: string): string {
  const header = JSON.parse(Buffer.from(idToken.split(".", 1)[0] ?? "", "base64url").toString()) as {
    alg?: unknown;
  };
  const size = /(384|512)$/.exec(String(header.alg))?.[1] ?? "256";
  const hash = nodeCrypto().createHash(`sha${size}`).update(text).digest();
  return hash.subarray(0, hash.length / 2).toString("base64url");
}
