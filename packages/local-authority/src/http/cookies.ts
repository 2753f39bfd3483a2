import { getCookie, setCookie } from "hono/cookie";
import type { RequestContext } from "./request-context.js";
import { randomHandle } from "../crypto/opaque.js";
import type { AuthorityState } from "../state.js";

/** Reads the session cookie, which identifies the users signed in with this browser. */
export function readSession(c: RequestContext, state: AuthorityState): string | undefined {
  return getCookie(c, cookieName("session", state));
}

export function writeSession(c: RequestContext, state: AuthorityState, value: string): void {
  write(c, state, { name: "session", value, maxAge: state.config.lifetimes.session });
}

export function clearSession(c: RequestContext, state: AuthorityState): void {
  write(c, state, { name: "session", value: "", maxAge: 0 });
}

/** Reads the cookie that ties a form to its browser, together with the form's hidden field (CSRF protection). */
export function readBrowserId(c: RequestContext, state: AuthorityState): string | undefined {
  return getCookie(c, cookieName("browser", state));
}

export function ensureBrowserId(c: RequestContext, state: AuthorityState): string {
  const existing = readBrowserId(c, state);
  if (existing !== undefined) return existing;
  const browserId = randomHandle();
  write(c, state, { name: "browser", value: browserId });
  return browserId;
}

interface Cookie {
  readonly name: "session" | "browser";
  readonly value: string;
  /** In seconds; absent for a session cookie. */
  readonly maxAge?: number;
}

function write(c: RequestContext, state: AuthorityState, { name, value, maxAge }: Cookie): void {
  setCookie(c, cookieName(name, state), value, {
    path: "/",
    httpOnly: true,
    secure: state.url.startsWith("https:"),
    sameSite: "Lax",
    // Browsers limit cookies to 400 days.
    ...(maxAge === undefined ? {} : { maxAge: Math.min(maxAge, 34_560_000) }),
  });
}

/** All ports of `localhost` share cookies, so the name includes the port to separate two authorities. */
function cookieName(name: Cookie["name"], state: AuthorityState): string {
  return `tessera_${name}_${new URL(state.url).port}`;
}
