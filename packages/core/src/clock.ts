/** Where the library gets the time from. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** Whole seconds since the epoch, the unit of every time in tokens and in the cache. */
export function epochSeconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}
