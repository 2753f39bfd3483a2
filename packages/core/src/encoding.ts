import { createHash, randomUUID } from "node:crypto";

/** SHA-256 of a text, base64url without padding: PKCE challenges, assertion hashes, `at_hash`. */
export function sha256Base64Url(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** Text to base64url without padding. */
export function base64UrlEncode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}

/** base64 or base64url to text. */
export function base64Decode(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

/** A random GUID, for correlation ids, state and nonce. */
export function newGuid(): string {
  return randomUUID();
}

/** Parses a JSON object; `undefined` for anything else. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** True for a plain JSON object: not null, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
