import { newGuid, sha256Base64Url } from "../encoding.js";
import type { BindingKey } from "./binding-key.js";

/** The request that a proof is for. */
export interface ProvenRequest {
  readonly method: string;
  readonly url: string;
  /** The access token that is sent with it. */
  readonly accessToken?: string | undefined;
  /** The last nonce of the server. */
  readonly nonce?: string | undefined;
}

/**
 * Signs a proof of possession for one request (RFC 9449 §4.2).
 *
 * @param now milliseconds since the epoch, by the clock of the server that checks it
 */
export async function dpopProof(
  { algorithm, publicKey, privateKey }: BindingKey,
  { method, url, accessToken, nonce }: ProvenRequest,
  now: number,
): Promise<string> {
  const { SignJWT } = await import("jose");
  const { origin, pathname } = new URL(url);
  const claims = {
    jti: newGuid(),
    htm: method,
    htu: origin + pathname,
    iat: Math.floor(now / 1000),
    ...(nonce === undefined ? {} : { nonce }),
    ...(accessToken === undefined ? {} : { ath: sha256Base64Url(accessToken) }),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ typ: "dpop+jwt", alg: algorithm, jwk: publicKey })
    .sign(privateKey);
}
