import type { AuthorityClock } from "../clock.js";
import type { App } from "../config.js";

/** The `jti` of assertions that have been presented (RFC 7523 §3 (7)). */
export interface AssertionIdStore {
  /**
   * @param exp until when it must be remembered, seconds since the epoch
   * @returns `false` when it is missing, or was there already
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
