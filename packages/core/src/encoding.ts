import { nodeCrypto } from "./node-crypto.js";

/** SHA-256 of a text, base64url without padding: PKCE challenges, assertion hashes, `at_hash`. */
export function sha256Base64Url(text: string): string {
  return nodeCrypto().createHash("sha256").update(text).digest("base64url");
}

/** Text to base64url without padding. */
export function base64UrlEncode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}

/** base64 or base64url to text. */
export function base64Decode(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

/** A text as a URL or a form carries it (RFC 3986 §2.1). Half a character, which has no UTF-8, becomes U+FFFD. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"));
}

/** A random GUID that nobody can guess, as `state` and `nonce` must be. */
export function newGuid(): string {
  return nodeCrypto().randomUUID();
}

/** Parses a JSON object, also behind a byte order mark (RFC 8259 §8.1); `undefined` for anything else. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An object without its fields that are `null`: JavaScript programs leave out in this way, too. The object itself is kept. */
export function withoutNull<T>(value: T): T {
  if (typeof value !== "object" || value === null || !hasNull(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null)) as T;
}

/** Asked with every call: nothing is made to find out. */
function hasNull(value: object): boolean {
  for (const field in value) if (value[field as keyof typeof value] === null) return true;
  return false;
}

/** True for a plain JSON object: not null, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
