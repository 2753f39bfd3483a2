/**
 * Returns how long to wait after the nth failure in a row, in milliseconds: doubled from failure to failure, and shortened at
 * random by up to a half. Callers that failed together do not come back together, and yet leave the server alone for a while.
 *
 * @param failures how many there were in a row, from 1
 * @param pauses the first pause and the longest, in milliseconds
 */
export function backOff(
  failures: number,
  pauses: { readonly first: number; readonly longest: number },
): number {
  return shortened(Math.min(pauses.first * 2 ** (failures - 1), pauses.longest));
}

/** Shortens a pause at random, by up to a half. */
export function shortened(pause: number): number {
  return pause * (0.5 + Math.random() / 2);
}
