import type { SigningKey } from "./dialect.js";

/** Returns the header members that depend only on the key, not on the provider. */
export function commonHeader({ kid, x5c }: SigningKey): Readonly<Record<string, unknown>> {
  return { typ: "JWT", ...(kid ? { kid } : {}), ...(x5c ? { x5c: [...x5c] } : {}) };
}

/** Encodes a thumbprint for a JOSE header (RFC 7515 §4.1.7, §4.1.8). */
export function thumbprint(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64url");
}
