import { createHash } from "node:crypto";
import type { AuthCodeFlow } from "@tessera/node";
import { LONGEST_COOKIE, cookiesOf, setCookie } from "./cookies.js";
import type { Seal } from "./key-ring.js";
import { isPosted, type Site } from "./site.js";

/** A sign-in that waits for its answer, as the browser keeps it. */
export interface WaitingFlow {
  readonly flow: AuthCodeFlow;
  readonly returnTo: string;
  /** Id of the session that the new one takes the place of: a posted answer comes without its cookie. */
  readonly replaces?: string;
  /** See `Session.asked`. */
  readonly asked?: string;
}

const FLOW: Seal<WaitingFlow> = { purpose: "flow" };

/** Seconds that a sign-in may take: the lifetime of a flow. */
export const LONGEST_SIGN_IN = 3600;

/** Sign-ins of one browser at a time. The oldest is given up for a further one. */
const MOST_FLOWS = 5;

/** Characters that the flows of one browser may take in a header: servers refuse headers of 8 or 16 kB. */
const MOST_CHARACTERS = 6000;

/**
 * Returns the cookies that keep a flow, which may give up older ones.
 *
 * @returns `undefined` if the flow does not fit into a cookie
 */
export async function flowCookies(
  site: Site,
  request: Request,
  waiting: WaitingFlow,
): Promise<readonly string[] | undefined> {
  // The browser has the URL already.
  const kept = { ...waiting, flow: { ...waiting.flow, authUrl: "" } };
  const name = nameOf(site, waiting.flow.state, site.clock.now());
  const value = await site.keys.seal(FLOW, kept);
  const cookie = cookieOf(site, { name, value, maxAge: LONGEST_SIGN_IN });
  if (cookie.length > LONGEST_COOKIE) return undefined;
  let left = MOST_CHARACTERS - name.length - value.length;
  const dropped = waitingIn(site, request).filter(([other, text], at) => {
    left -= other.length + text.length;
    return left < 0 || at >= MOST_FLOWS - 1;
  });
  return [...dropped.map(([other]) => cookieOf(site, { name: other, value: "", maxAge: 0 })), cookie];
}

/** Returns the flow that waits for an answer with a state, and the cookie that ends its waiting. */
export async function waitingFlow(
  site: Site,
  request: Request,
  state: string,
): Promise<{ readonly waiting: WaitingFlow; readonly ended: string } | undefined> {
  const end = suffixOf(state);
  for (const [name, value] of waitingIn(site, request)) {
    if (!name.endsWith(end)) continue;
    const opened = await site.keys.open(FLOW, value);
    if (opened) return { waiting: opened.content, ended: cookieOf(site, { name, value: "", maxAge: 0 }) };
  }
  return undefined;
}

/** The flows of a browser, the youngest first: the names tell their time, so that none has to be opened for it. */
function waitingIn(
  { cookieNames }: Site,
  request: Request,
): readonly (readonly [name: string, value: string])[] {
  const prefix = `${cookieNames.flow}.`;
  const timeOf = (name: string): number => Number.parseInt(name.slice(prefix.length), 36) || 0;
  return [...cookiesOf(request)]
    .filter(([name]) => name.startsWith(prefix))
    .sort(([a], [b]) => timeOf(b) - timeOf(a));
}

function nameOf({ cookieNames }: Site, state: string, now: number): string {
  return `${cookieNames.flow}.${Math.floor(now / 1000).toString(36)}${suffixOf(state)}`;
}

/** Tells the flows apart, and is no secret: the flow has to have the state as well. */
function suffixOf(state: string): string {
  return `.${createHash("sha256").update(state).digest("hex").slice(0, 12)}`;
}

function cookieOf(
  site: Site,
  { name, value, maxAge }: { readonly name: string; readonly value: string; readonly maxAge: number },
): string {
  const sameSite = isPosted(site) ? "None" : "Lax";
  return setCookie({ name, value, maxAge, isSecure: site.isSecure, sameSite });
}
