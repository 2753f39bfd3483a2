import { clientConfigurationError, type AuthError } from "./errors.js";

/**
 * The error for an option that cannot be used.
 *
 * @param what what is wrong with it, such as `is not a function`; never a secret
 * @param remedy what to do instead, such as `pass a function`
 */
export function invalidOption(field: string, what: string, remedy: string): AuthError {
  return clientConfigurationError("invalid_option", `${field} ${what}: ${remedy}.`);
}

/**
 * Refuses names that are not options: a misspelt one would otherwise have no effect. Options that are `undefined` or `null` count
 * as absent.
 *
 * @param known a row for each option
 * @param owner what the options belong to, such as `createRedisStore`
 */
export function requireKnownOptions<O extends object>(
  options: O,
  known: Readonly<Record<keyof O, true>>,
  owner: string,
): void {
  const unknown = Object.entries(options).find(
    ([name, value]) => !Object.hasOwn(known, name) && value !== undefined && value !== null,
  );
  // The value is not shown, since it may be a secret.
  if (unknown)
    throw invalidOption(unknown[0], `is not an option of ${owner}`, `use ${Object.keys(known).join(", ")}`);
}
