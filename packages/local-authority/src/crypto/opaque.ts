import { createHash, randomBytes } from "node:crypto";

/** Returns an unguessable value for codes, refresh tokens and cookies: 256 bits, base64url. */
export function randomHandle(): string {
  return randomBytes(32).toString("base64url");
}

/** Returns a unique identifier that need not be secret, for example the `uti` claim. */
export function randomId(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}

/** Returns the SHA-256 hash of a string, base64url. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** Returns a GUID derived from a string, the same in every run. */
export function guidFrom(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
