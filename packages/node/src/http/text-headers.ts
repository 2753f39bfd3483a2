/** Converts names to lower case and values to strings: some clients return numbers and lists. */
export function textHeaders(headers: object): Record<string, string> {
  const text: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers) as [string, unknown][]) {
    if (isHeaderPart(value)) text[name.toLowerCase()] = String(value);
    else if (Array.isArray(value) && value.some(isHeaderPart))
      text[name.toLowerCase()] = value.filter(isHeaderPart).join(", ");
  }
  return text;
}

function isHeaderPart(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}
