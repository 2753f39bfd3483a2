import type { GuardedRequest } from "./options.js";
import { invalidRequest, type Refusal } from "./refusal.js";

/** A token as it was presented. */
export interface PresentedToken {
  readonly scheme: "bearer" | "dpop";
  readonly token: string;
}

const NOT_READABLE = "Send one access token, in the Authorization header, as: Bearer {token}";

/** Reads the token of a request (RFC 6750 §2.1, RFC 9449 §7.1). A token in the URL is refused: URLs are logged (RFC 9700 §4.3.2). */
export function presentedToken({ url, headers }: GuardedRequest): PresentedToken | Refusal | undefined {
  const query = url.indexOf("?");
  if (query >= 0 && hasToken(url, query)) return invalidRequest("Do not send an access token in the URL");
  const value = headers.get("authorization");
  if (value === null || value === undefined) return undefined;
  const space = value.indexOf(" ");
  const name = (space < 0 ? value : value.slice(0, space)).toLowerCase();
  if (name !== "bearer" && name !== "dpop") return undefined;
  const token = value.slice(name.length).trim();
  return token === "" ? invalidRequest(NOT_READABLE) : { scheme: name, token };
}

/** Whether a token has the syntax of one (RFC 6750 §2.1); two headers in one do not. Asked only of tokens that are not known. */
export function isReadable(token: string): boolean {
  return /^[\w.~+/-]+=*$/.test(token);
}

/** What is refused if it does not. */
export const unreadable = invalidRequest(NOT_READABLE);

function hasToken(url: string, query: number): boolean {
  const end = url.indexOf("#", query);
  return new URLSearchParams(url.slice(query + 1, end < 0 ? undefined : end)).has("access_token");
}
