import type { AccessTokenEntity } from "./schema/schema.js";

/** The share of the lifetime that is left when a token is renewed whose response does not state the time. */
const SHARE = 0.2;

/** How much earlier a process may be, as a share of the time until then. */
const EARLIER = 0.1;

/**
 * Returns when this process renews a token in the background, in seconds since the epoch: at the time that the server
 * stated or, if it stated none, when a fifth of the lifetime is left. Each process chooses a time shortly before, at
 * random, so that the processes that share a cache do not all renew it at the same moment.
 */
export function renewalTime({ expires_on, refresh_on, cached_at }: AccessTokenEntity): number {
  const cachedAt = Number(cached_at);
  const latest = refresh_on
    ? Number(refresh_on)
    : Number(expires_on) - SHARE * (Number(expires_on) - cachedAt);
  const earlier = Math.max(0, latest - cachedAt) * EARLIER * Math.random();
  const time = Math.ceil(latest - earlier);
  return Number.isNaN(time) ? Infinity : time;
}
