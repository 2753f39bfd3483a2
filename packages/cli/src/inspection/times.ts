/** Claims that are seconds since the epoch. */
export const TIME_CLAIMS: readonly string[] = ["exp", "iat", "nbf", "auth_time", "updated_at", "xms_ssm"];

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** Returns a time in words: `2026-11-30 02:15:00 UTC, in 59 minutes`. */
export function timeInWords(seconds: number, now: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "not a time";
  const stamp = date.toISOString().slice(0, 19).replace("T", " ");
  return `${stamp} UTC, ${distance(seconds - now)}`;
}

/** Returns how far away a time is, in words. */
export function distance(seconds: number): string {
  const length = Math.abs(Math.round(seconds));
  if (length === 0) return "now";
  const [unit, size] = UNITS.find(([, one]) => length >= one) ?? (["second", 1] as const);
  const count = Math.floor(length / size);
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}

/** Returns what a token's lifetime says of it now. */
export function validity(claims: Readonly<Record<string, unknown>>, now: number): string {
  const { exp, nbf } = claims;
  if (typeof exp !== "number") return "It does not say when it expires.";
  if (exp <= now) return `It has expired, ${distance(exp - now)}.`;
  if (typeof nbf === "number" && nbf > now) return `It is not valid yet: ${distance(nbf - now)}.`;
  return `It is valid, and expires ${distance(exp - now)}.`;
}
