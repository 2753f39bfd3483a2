/** The longest `Set-Cookie` header that every browser keeps (RFC 6265 §6.1). */
export const LONGEST_COOKIE = 4000;

/** A cookie of the site. All are `HttpOnly`, and for every path, as `__Host-` requires. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  /** Seconds until the browser drops it; until the browser is closed by default. */
  readonly maxAge?: number;
  readonly isSecure: boolean;
  readonly sameSite: "Lax" | "None";
}

/** Writes a `Set-Cookie` header. */
export function setCookie({ name, value, maxAge, isSecure, sameSite }: Cookie): string {
  const age = maxAge === undefined ? "" : `; Max-Age=${Math.max(0, Math.floor(maxAge))}`;
  // Browsers take `None` only from a secure cookie, also on localhost, where they accept one without TLS.
  const secure = isSecure || sameSite === "None" ? "; Secure" : "";
  return `${name}=${value}; Path=/${age}; HttpOnly${secure}; SameSite=${sameSite}`;
}

/** Reads the cookies of a request (RFC 6265 §5.4). Of two with one name, the first one counts, as in other servers. */
export function cookiesOf(request: Request): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at < 0) continue;
    const name = pair.slice(0, at).trim();
    if (!cookies.has(name)) cookies.set(name, pair.slice(at + 1).trim());
  }
  return cookies;
}
