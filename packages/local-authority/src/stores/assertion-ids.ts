import type { AuthorityClock } from "../clock.js";
import type { App } from "../config/config.js";

/** Remembers the `jti` of presented assertions (RFC 7523 §3 (7)). */
export interface AssertionIdStore {
  /**
   * @param exp expiry of the assertion, in seconds since the epoch
   * @returns `false` if the `jti` is missing or was presented before
   */
  add(app: App, jti: string | undefined, exp: number): boolean;
}

export function createAssertionIdStore(clock: AuthorityClock): AssertionIdStore {
  const seen = new Map<string, number>();
  return {
    add: (app, jti, exp) => {
      const now = clock.seconds();
      for (const [key, until] of seen) if (until <= now) seen.delete(key);
      const key = JSON.stringify([app.clientId, jti]);
      if (!jti || seen.has(key)) return false;
      seen.set(key, exp);
      return true;
    },
  };
}
