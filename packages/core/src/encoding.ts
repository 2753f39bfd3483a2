import { nodeCrypto } from "./node-crypto.js";

/** Returns the SHA-256 of a string in base64url without padding, as in PKCE challenges and assertion hashes. */
export function sha256Base64Url(text: string): string {
  return nodeCrypto().hash("sha256", text, "base64url");
}

/** Encodes a string in base64url without padding. */
export function base64UrlEncode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}

/** Decodes base64 or base64url to a string. */
export function base64Decode(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

/** Percent-encodes a string for a URL or a form (RFC 3986 §2.1). An unpaired surrogate becomes U+FFFD. */
export function percentEncode(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"));
  }
}

/** Returns an unguessable GUID, as required for `state` and `nonce`. */
export function newGuid(): string {
  return nodeCrypto().randomUUID();
}

/** Maximum depth of JSON from outside. Deeper values overflow the stack where they are copied or written. */
const DEEPEST_JSON = 100;

/**
 * Parses a JSON object, also after a byte order mark (RFC 8259 §8.1). Returns `undefined` for anything else, and for one that
 * is nested more than a hundred times.
 */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  const value = parseOwnJsonObject(text);
  return value && isShallow(value, DEEPEST_JSON) ? value : undefined;
}

/** Does the same for what this library has written, of any depth. */
export function parseOwnJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isShallow(value: object, depth: number): boolean {
  if (depth === 0) return false;
  for (const name in value) {
    const member: unknown = value[name as keyof typeof value];
    if (typeof member === "object" && member !== null && !isShallow(member, depth - 1)) return false;
  }
  return true;
}

/**
 * Returns an object without its `null` fields, which JavaScript programs use like absent ones. The argument is not
 * changed.
 */
export function withoutNull<T>(value: T): T {
  if (typeof value !== "object" || value === null || !hasNull(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null)) as T;
}

/** Allocates nothing, because every call runs it. */
function hasNull(value: object): boolean {
  for (const field in value) if (value[field as keyof typeof value] === null) return true;
  return false;
}

/**
 * Returns a number from outside, also one in a string; `NaN` for anything else. `Number` runs code of an object, and throws
 * where that is no code: `{"toString": 1}`.
 */
export function numberIn(value: unknown): number {
  return typeof value === "number" || typeof value === "string" ? Number(value) : Number.NaN;
}

/** Returns a string from outside; `""` for anything else, for the same reason. */
export function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Whether a value is an object, and neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
