/** A date as hosts write it: ISO 8601 or US, with or without a time zone, in UTC by default. */
const DATE =
  /^(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\/(\d{1,2})\/(\d{4}))[T ](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?(?: ?([AP])M)?(?: ?(?:Z|([+-])(\d{2}):?(\d{2})))?$/i;

/**
 * Parses a time: seconds since the epoch as a number or text, or a date in any format that a host is known to have used.
 *
 * @returns whole seconds since the epoch; `undefined` for anything else
 */
export function parsedTime(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? Math.floor(value) : undefined;
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.floor(Number(text));
  const parts = DATE.exec(text);
  if (!parts) return undefined;
  const at = (index: number): number => Number(parts[index] ?? 0);
  const [year, month, day] = parts[1] ? [at(1), at(2), at(3)] : [at(6), at(4), at(5)];
  const half = parts[10]?.toUpperCase();
  const hour = half ? (at(7) % 12) + (half === "P" ? 12 : 0) : at(7);
  const isReal =
    month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 24 && at(8) < 60 && at(9) <= 60;
  if (!isReal) return undefined;
  const offset = (at(12) * 60 + at(13)) * (parts[11] === "-" ? -60 : 60);
  return Date.UTC(year, month - 1, day, hour, at(8), at(9)) / 1000 - offset;
}
