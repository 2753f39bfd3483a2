/** Smaller differences are normal between two good clocks, given the time that a response takes. */
const LEAST_SKEW_MS = 60_000;

/** A larger difference is not corrected: the clock of such a machine also fails the check of certificates. */
const LARGEST_SKEW_MS = 86_400_000;

/**
 * Returns the milliseconds to add to this machine's clock to get the time of a host.
 *
 * @param skewMs how far the host's clock is ahead of this machine's
 */
export function correctionOf(skewMs: number | undefined): number {
  return isClockWrong(skewMs) && Math.abs(skewMs) <= LARGEST_SKEW_MS ? skewMs : 0;
}

/** Whether this machine's clock differs from a host's by more than two good clocks would. */
export function isClockWrong(skewMs: number | undefined): skewMs is number {
  return skewMs !== undefined && Math.abs(skewMs) > LEAST_SKEW_MS;
}

/** Describes how wrong this machine's clock is, and what to do; empty if it is right. */
export function skewSentence(host: string, skewMs: number | undefined): string {
  if (!isClockWrong(skewMs)) return "";
  const way = skewMs > 0 ? "behind" : "ahead of";
  return `This machine's clock is ${duration(Math.abs(skewMs))} ${way} that of ${host}: set it, and keep it right with NTP.`;
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** The two largest units say enough. */
function duration(milliseconds: number): string {
  let seconds = Math.round(milliseconds / 60_000) * 60;
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? "" : "s"}`);
  }
  return parts.slice(0, 2).join(" and ");
}
