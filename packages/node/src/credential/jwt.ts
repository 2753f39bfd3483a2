import { base64Decode, parseJsonObject } from "@tessera/core/internal";

/** Whether a text has the form of a signed JWT (RFC 7515 §3.1): three parts in base64url. */
export function isJwt(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/**
 * Until when a JWT may be used, in seconds since the epoch; `undefined` when the token does not say. A clock that is behind
 * does not lengthen the life of a token, which is counted from when it was received.
 */
export function expiryOf(jwt: string, receivedAt: number): number | undefined {
  const { exp, iat } = parseJsonObject(base64Decode(jwt.split(".")[1] ?? "")) ?? {};
  if (typeof exp !== "number") return undefined;
  return typeof iat === "number" ? Math.min(exp, receivedAt + exp - iat) : exp;
}
