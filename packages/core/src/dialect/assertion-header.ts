import type { SigningKey } from "./dialect.js";

/** The members that a certificate's key brings along, whatever the provider. */
export function commonHeader({ kid, x5c }: SigningKey): Readonly<Record<string, unknown>> {
  return { typ: "JWT", ...(kid ? { kid } : {}), ...(x5c ? { x5c: [...x5c] } : {}) };
}

/** A thumbprint as a JOSE header has it (RFC 7515 §4.1.7, §4.1.8). */
export function thumbprint(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64url");
}
