import { clientConfigurationError } from "../errors/errors.js";

/**
 * Whether a string is a tenant id, a domain name or a policy: labels of letters, digits, `-` and `_`, separated by
 * dots. Such a string cannot add a host, path, query or encoding to a URL.
 */
export function isTenantName(text: string): boolean {
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(text);
}

/**
 * Checks a tenant before it is inserted into a URL.
 *
 * @param field the name of the option, for the message
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedTenant(value: unknown, field: string): string {
  if (typeof value === "string" && isTenantName(value)) return value;
  throw clientConfigurationError(
    "invalid_option",
    `${field} is ${shown(value)}: pass only the tenant's id (a GUID) or its domain name.`,
  );
}

/** Quotes a string for a message and escapes characters that a log or terminal would interpret. */
function shown(value: unknown): string {
  if (typeof value !== "string") return `of type ${typeof value}`;
  const quoted = JSON.stringify(value);
  return quoted.replace(
    /\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Whether a string is a GUID. */
export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
