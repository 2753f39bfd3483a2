import type { AuthorityClock } from "../clock.js";
import type { SignedInUser } from "../directory.js";
import { randomHandle } from "../opaque.js";

/** Who signed in, in which browser session, and when. */
export interface SignIn extends SignedInUser {
  /** Not the cookie: the `sid` that tokens may carry. */
  readonly sessionId: string;
  /** Seconds since the epoch: the `auth_time` claim. */
  readonly authTime: number;
  /** `true`: the user has proved more than the password. */
  readonly multiFactor?: boolean;
}

/** Who is signed in, by browser. Several users may be, side by side. */
export interface SessionStore {
  /**
   * Adds a user to a browser's session, or puts a new sign-in in the place of an old one.
   * @returns the new value of the session cookie: the old one is void from now on
   */
  enter(cookie: string | undefined, signIn: SignIn): string;
  /** The last one who signed in comes first. */
  list(cookie: string | undefined): readonly SignIn[];
  close(cookie: string | undefined): void;
}

export function createSessionStore(clock: AuthorityClock, lifetime: number): SessionStore {
  const sessions = new Map<string, readonly SignIn[]>();
  const list = (cookie: string | undefined) =>
    (sessions.get(cookie ?? "") ?? []).filter(({ authTime }) => clock.seconds() < authTime + lifetime);
  return {
    enter: (cookie, signIn) => {
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
  };
}
