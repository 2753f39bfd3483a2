/** Converts names to lower case and values to strings: some clients return numbers and lists. */
export function textHeaders(headers: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]: [string, unknown]) => {
      const parts = (Array.isArray(value) ? value : [value]).filter(isHeaderPart);
      return parts.length > 0 ? [[name.toLowerCase(), parts.join(", ")]] : [];
    }),
  );
}

function isHeaderPart(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}
