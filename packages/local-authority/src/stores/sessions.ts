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

export interface SessionStore {
  /** @returns the value of the session cookie */
  open(signIn: SignIn): string;
  find(cookie: string | undefined): SignIn | undefined;
  close(cookie: string | undefined): void;
}

export function createSessionStore(clock: AuthorityClock, lifetime: number): SessionStore {
  const sessions = new Map<string, SignIn>();
  return {
    open: (signIn) => {
      const cookie = randomHandle();
      sessions.set(cookie, signIn);
      return cookie;
    },
    find: (cookie) => {
      const signIn = sessions.get(cookie ?? "");
      return signIn !== undefined && clock.seconds() < signIn.authTime + lifetime ? signIn : undefined;
    },
    close: (cookie) => {
      sessions.delete(cookie ?? "");
    },
  };
}
