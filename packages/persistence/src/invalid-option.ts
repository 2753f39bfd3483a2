import { PersistenceError } from "./errors.js";

/** The error for an option that cannot be used. Not for secrets: the value is shown. */
export function invalidOption(field: string, value: unknown, remedy: string): PersistenceError {
  return invalid(`${field} is ${JSON.stringify(value) ?? "undefined"}: ${remedy}.`);
}

/** The same for a value that is not to be shown, or for several that do not go together. */
export function invalid(message: string): PersistenceError {
  return new PersistenceError("invalid_option", message);
}

/** Refuses names that are not options: `password` in place of `protection` would otherwise have no effect. */
export function requireKnownOptions(options: object, known: readonly string[], owner: string): void {
  const unknown = Object.entries(options).find(
    ([name, value]) => !known.includes(name) && value !== undefined && value !== null,
  );
  // The value is not shown, since it may be a secret.
  if (unknown) throw invalid(`${unknown[0]} is not an option of ${owner}: use ${known.join(", ")}.`);
}
