import { createHash, randomBytes } from "node:crypto";

/** A value nobody can guess, for codes, refresh tokens and cookies: 256 bits, base64url. */
export function randomHandle(): string {
  return randomBytes(32).toString("base64url");
}

/** A short identifier that only has to differ, such as the `uti` claim. */
export function randomId(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** A GUID that is the same for the same text in every run. */
export function guidFrom(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
