/** The authority's clock. All issued and checked times come from here, never from `Date`. */
export interface AuthorityClock {
  /** The current time in whole seconds since the epoch (RFC 7519 §2, NumericDate). */
  seconds(): number;
  /** The current time in milliseconds since the epoch. */
  milliseconds(): number;
  /**
   * Moves the clock by a number of seconds; negative values move it back.
   *
   * @throws {RangeError} if the number is not finite, or the time is beyond what a date can express
   */
  advance(seconds: number): void;
  /** How far it has been moved, in seconds. */
  offset(): number;
}

/** ECMA-262, Time Values and Time Range, in milliseconds. */
const latest = 8.64e15;

/** @param source returns milliseconds since the epoch, like `Date.now` */
export function createClock(source: () => number): AuthorityClock {
  let offset = 0;
  return {
    seconds: () => Math.floor((source() + offset) / 1000),
    milliseconds: () => source() + offset,
    advance: (seconds) => {
      if (!Number.isFinite(seconds)) throw new RangeError(`${seconds} is not a finite number of seconds.`);
      const moved = offset + seconds * 1000;
      if (Math.abs(source() + moved) > latest) {
        throw new RangeError(`${seconds} seconds from now is not a date: use at most 100 million days.`);
      }
      offset = moved;
    },
    offset: () => offset / 1000,
  };
}
