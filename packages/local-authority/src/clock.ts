/** The authority's own time: every `iat`, `exp` and expiry it checks reads from here, never from `Date`. */
export interface AuthorityClock {
  /** Now, in whole seconds since the epoch (RFC 7519 §2 NumericDate). */
  seconds(): number;
  /** Now, in milliseconds since the epoch. */
  milliseconds(): number;
  /** Moves the clock by so many seconds; negative values move it back. */
  advance(seconds: number): void;
}

/** @param source milliseconds since the epoch, as `Date.now` */
export function createClock(source: () => number): AuthorityClock {
  let offset = 0;
  return {
    seconds: () => Math.floor((source() + offset) / 1000),
    milliseconds: () => source() + offset,
    advance: (seconds) => {
      offset += seconds * 1000;
    },
  };
}
