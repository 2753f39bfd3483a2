/** The authority's clock. All issued and checked times come from here, never from `Date`. */
export interface AuthorityClock {
  /** The current time in whole seconds since the epoch (RFC 7519 §2, NumericDate). */
  seconds(): number;
  /** The current time in milliseconds since the epoch. */
  milliseconds(): number;
  /** Moves the clock by a number of seconds; negative values move it back. */
  advance(seconds: number): void;
}

/** @param source returns milliseconds since the epoch, like `Date.now` */
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
