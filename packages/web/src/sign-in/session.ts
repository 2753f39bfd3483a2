import { randomBytes } from "node:crypto";
import { clientAuthError } from "@tessera/core/internal";
import type { AccountInfo } from "@tessera/node";
import { LONGEST_COOKIE, cookiesOf, setCookie } from "./cookies.js";
import type { Seal } from "./key-ring.js";
import { sidHash } from "./session-store.js";
import type { Site } from "./site.js";

/** A user who has signed in. */
export interface WebUser {
  /** Id of the user across tenants: `{uid}.{utid}` for Entra, otherwise the `sub`. */
  readonly homeAccountId: string;
  /** `sub` of the ID token: identifies the user together with `issuer`. */
  readonly subject: string;
  readonly issuer: string;
  /** Tenant of the user, or `""`. */
  readonly tenantId: string;
  /** Sign-in name, or `""`. Names change hands: do not identify a user by it. */
  readonly username: string;
  /** Display name, or `""`. */
  readonly name: string;
  /** Those of the ID token that `session.claims` lists. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signedInAt: Date;
}

/** What a session's cookie holds: who the user is, and no token. Times are in milliseconds since the epoch. */
export interface Session {
  readonly id: string;
  readonly homeAccountId: string;
  readonly subject: string;
  readonly issuer: string;
  readonly tenantId: string;
  readonly username: string;
  readonly name: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly begunAt: number;
  /** When the cookie was written. */
  readonly seenAt: number;
  /** Hash of the provider's session, if its ID token names one. */
  readonly sid?: string;
  /** Digest of what the sign-in asked for beyond the site's scopes: asking for the same again would lead in a circle. */
  readonly asked?: string;
}

/** A session that was read, and whether its cookie was sealed with the current key. */
export interface ReadSession {
  readonly session: Session;
  readonly isCurrent: boolean;
}

const SESSION: Seal<Session> = { purpose: "session" };

/** Longer names are cut off: they are shown, and nobody is known by them. */
const LONGEST_NAME = 200;

/** Seconds that the clocks of two processes may differ. */
const CLOCK_SKEW = 60;

/** Returns the key that the session's tokens are kept by. */
export function tokenKeyOf({ id }: Pick<Session, "id">): string {
  return `@tessera/web ${id}`;
}

/** Returns an unguessable id. */
export function newSessionId(): string {
  return randomBytes(24).toString("base64url");
}

/** Returns the session of a user who has just signed in. */
export function newSession(
  site: Site,
  account: AccountInfo,
  { id, asked }: Pick<Session, "id" | "asked">,
): Session {
  const { iss, sub, sid } = account.idTokenClaims ?? {};
  const now = site.clock.now();
  const issuer = typeof iss === "string" ? iss : "";
  return {
    id,
    homeAccountId: account.homeAccountId,
    subject: typeof sub === "string" ? sub : account.homeAccountId,
    issuer,
    tenantId: account.tenantId,
    username: account.username.slice(0, LONGEST_NAME),
    name: (account.name ?? "").slice(0, LONGEST_NAME),
    claims: {},
    begunAt: now,
    seenAt: now,
    ...(typeof sid === "string" ? { sid: sidHash(issuer, sid) } : {}),
    ...(asked === undefined ? {} : { asked }),
  };
}

/**
 * Writes the cookie of a session. Claims are added in the order of the site's list as long as the cookie has room: a browser
 * drops a longer one, and the user would not be signed in.
 *
 * @throws ClientAuthError `invalid_id_token` when even who the user is does not fit
 */
export async function sessionCookie(
  site: Site,
  session: Session,
  idTokenClaims: Readonly<Record<string, unknown>> = session.claims,
): Promise<string> {
  const wanted = site.claims.filter((name) => idTokenClaims[name] !== undefined);
  for (let count = wanted.length; count >= 0; count -= 1) {
    const names = wanted.slice(0, count);
    const claims = Object.fromEntries(names.map((name) => [name, idTokenClaims[name]]));
    const cookie = cookieWith(site, await site.keys.seal(SESSION, { ...session, claims }));
    if (cookie.length <= LONGEST_COOKIE) return cookie;
  }
  throw clientAuthError(
    "invalid_id_token",
    "The session does not fit into a cookie: the subject or the issuer of the user is too long.",
  );
}

/** Writes the cookie that takes the session from the browser. */
export function endedCookie(site: Site): string {
  return cookieWith(site, "", 0);
}

/** Reads the session of a request from its cookie alone. */
export async function sessionInCookie(site: Site, request: Request): Promise<ReadSession | undefined> {
  const text = cookiesOf(request).get(site.cookieNames.session) ?? "";
  const opened = await site.keys.open(SESSION, text);
  if (!opened) return undefined;
  const { content: session, isCurrent } = opened;
  const age = site.clock.now() - session.begunAt;
  const idle = site.clock.now() - session.seenAt;
  const isOver = age >= site.maxSeconds * 1000 || idle >= site.idleSeconds * 1000 || age < -CLOCK_SKEW * 1000;
  return isOver ? undefined : { session, isCurrent };
}

/** Whether a cookie has to be written anew: a tenth of the idle time is over, or its key is being phased out. */
export function isDue(site: Site, { session, isCurrent }: ReadSession): boolean {
  return !isCurrent || site.clock.now() - session.seenAt >= site.idleSeconds * 100;
}

/** Returns what the app sees of a session. */
export function userOf(session: Session): WebUser {
  const { homeAccountId, subject, issuer, tenantId, username, name, claims, begunAt } = session;
  const user = { homeAccountId, subject, issuer, tenantId, username, name, claims };
  return { ...user, signedInAt: new Date(begunAt) };
}

function cookieWith({ cookieNames, isSecure }: Site, value: string, maxAge?: number): string {
  const age = maxAge === undefined ? {} : { maxAge };
  return setCookie({ name: cookieNames.session, value, ...age, isSecure, sameSite: "Lax" });
}
