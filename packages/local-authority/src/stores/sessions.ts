import type { AuthorityClock } from "../clock.js";
import type { User } from "../config/config.js";
import type { SignedInUser } from "../directory.js";
import { randomHandle } from "../crypto/opaque.js";

/** A user's sign-in in a browser session. */
export interface SignIn extends SignedInUser {
  /** The `sid` claim; differs from the session cookie. */
  readonly sessionId: string;
  /** The `auth_time` claim, in seconds since the epoch. */
  readonly authTime: number;
  /** `true` if the user has passed a second factor. */
  readonly multiFactor?: boolean;
}

/** The users signed in with each browser; there can be several at once. */
export interface SessionStore {
  /**
   * Adds a sign-in to a browser's session, replacing the user's previous one.
   *
   * @returns the new session cookie, which replaces the old one
   */
  add(cookie: string | undefined, signIn: SignIn): string;
  /** The most recent sign-in comes first. */
  list(cookie: string | undefined): readonly SignIn[];
  close(cookie: string | undefined): void;
  /** The sign-ins of a user in all browsers. */
  ofUser(user: User): readonly SignIn[];
  /** Signs a user out of all browsers. */
  revokeAll(user: User): void;
}

export function createSessionStore(clock: AuthorityClock, lifetime: number): SessionStore {
  const sessions = new Map<string, readonly SignIn[]>();
  const list = (cookie: string | undefined) =>
    (sessions.get(cookie ?? "") ?? []).filter(({ authTime }) => clock.seconds() < authTime + lifetime);
  return {
    add: (cookie, signIn) => {
      const others = list(cookie).filter(({ user }) => user !== signIn.user);
      sessions.delete(cookie ?? "");
      const value = randomHandle();
      sessions.set(value, [signIn, ...others]);
      return value;
    },
    list,
    close: (cookie) => {
      sessions.delete(cookie ?? "");
    },
    ofUser: (user) => [...sessions.keys()].flatMap(list).filter((signIn) => signIn.user === user),
    revokeAll: (user) => {
      for (const [cookie, signIns] of sessions) {
        sessions.set(
          cookie,
          signIns.filter((signIn) => signIn.user !== user),
        );
      }
    },
  };
}
