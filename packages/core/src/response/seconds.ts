/** Maximum plausible lifetime: a hundred years, in seconds. */
const MAX_LIFETIME = 100 * 366 * 86_400;

/** Parses a lifetime, a number or a numeric string, to whole seconds. Returns `undefined` for anything else. */
export function lifetimeSeconds(value: unknown): number | undefined {
  const isStated = typeof value === "number" || (typeof value === "string" && value.trim() !== "");
  const seconds = isStated ? Number(value) : Number.NaN;
  return seconds >= 0 && seconds <= MAX_LIFETIME ? Math.floor(seconds) : undefined;
}
