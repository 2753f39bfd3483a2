import { invalidOption, isRecord } from "@tessera/core/internal";

/** Refuses anything but a function. */
export function requireFunction(value: unknown, field: string, remedy = "pass one, or omit it"): void {
  if (value === undefined || value === null || typeof value === "function") return;
  throw invalidOption(field, "is not a function", remedy);
}

/** Refuses an object of the app that lacks methods. */
export function requireFunctions(
  value: unknown,
  field: string,
  type: string,
  names: readonly string[],
): void {
  if (value === undefined || value === null) return;
  const missing = names.filter((name) => typeof (value as Record<string, unknown>)[name] !== "function");
  if (missing.length > 0)
    throw invalidOption(field, `lacks ${missing.join(" and ")}`, `pass an object with them (${type})`);
}

/** Refuses anything but a boolean; `false` if absent. */
export function flag(value: unknown, field: string): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw invalidOption(field, `is of type ${typeof value}`, "pass true or false");
}

/** Refuses anything but an array of strings. */
export function strings(value: unknown, field: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item): item is string => typeof item === "string")) return value;
  throw invalidOption(field, "is not an array of strings", "pass an array of strings");
}

/** Copies an object of strings. Those that are missing are left out. */
export function texts(value: unknown, field: string): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = isRecord(value) ? Object.entries(value) : [];
  const given = entries.filter((entry) => entry[1] !== undefined && entry[1] !== null);
  const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === "string";
  if (isRecord(value) && given.every(isText))
    return given.length > 0 ? Object.fromEntries(given.filter(isText)) : undefined;
  throw invalidOption(
    field,
    "is not an object of strings",
    'pass one such as { audience: "https://api.example" }',
  );
}
