/**
 * Returns how long to wait after the nth failure in a row, in milliseconds: doubled from failure to failure, and shortened at
 * random by up to a half. Callers that failed together do not come back together, and yet leave the server alone for a while.
 */
export function backOff(
  failures: number,
  { first, longest }: { readonly first: number; readonly longest: number },
): number {
  return shortened(Math.min(first * 2 ** (failures - 1), longest));
}

/** Shortens a pause at random, by up to a half. */
export function shortened(pause: number): number {
  return pause * (0.5 + Math.random() / 2);
}
