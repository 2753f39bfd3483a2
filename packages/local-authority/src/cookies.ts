import { getCookie, setCookie } from "hono/cookie";
import type { RequestContext } from "./http.js";
import { randomHandle } from "./opaque.js";
import type { AuthorityState } from "./state.js";

/** The session: who is signed in, in this browser. */
export function readSession(c: RequestContext, state: AuthorityState): string | undefined {
  return getCookie(c, cookieName("session", state));
}

export function writeSession(c: RequestContext, state: AuthorityState, value: string): void {
  write(c, state, "session", value, state.config.lifetimes.session);
}

export function clearSession(c: RequestContext, state: AuthorityState): void {
  write(c, state, "session", "", 0);
}

/** Ties a form to the browser it was made for: the other half of the form's hidden field. */
export function readBrowserId(c: RequestContext, state: AuthorityState): string | undefined {
  return getCookie(c, cookieName("browser", state));
}

export function ensureBrowserId(c: RequestContext, state: AuthorityState): string {
  const existing = readBrowserId(c, state);
  if (existing !== undefined) return existing;
  const browserId = randomHandle();
  write(c, state, "browser", browserId);
  return browserId;
}

function write(
  c: RequestContext,
  state: AuthorityState,
  name: "session" | "browser",
  value: string,
  maxAge?: number,
) {
  setCookie(c, cookieName(name, state), value, {
    path: "/",
    httpOnly: true,
    secure: state.url.startsWith("https:"),
    sameSite: "Lax",
    // Browsers allow no more than 400 days.
    ...(maxAge === undefined ? {} : { maxAge: Math.min(maxAge, 34_560_000) }),
  });
}

/** Cookies of `localhost` are shared by all its ports: two authorities must not overwrite each other's. */
function cookieName(name: "session" | "browser", state: AuthorityState): string {
  return `tessera_${name}_${new URL(state.url).port}`;
}
