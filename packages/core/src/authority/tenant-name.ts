import { clientConfigurationError } from "../errors/errors.js";

/**
 * True for a tenant id, a domain name or a policy as it stands in a path: labels of letters, digits, `-` and `_` between
 * dots. Nothing of that kind can add a host, a path, a query or an encoding to the URL it is put into.
 */
export function isTenantName(text: string): boolean {
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(text);
}

/**
 * Checks a tenant before it becomes a part of a URL.
 *
 * @param field the name of the option, for the message
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedTenant(value: unknown, field: string): string {
  if (typeof value === "string" && isTenantName(value)) return value;
  throw clientConfigurationError(
    "invalid_option",
    `${field} is ${shown(value)}: pass the tenant's id (a GUID) or its domain name, and nothing around it.`,
  );
}

/** A text for a message, with nothing in it that a log or a terminal would act on. */
function shown(value: unknown): string {
  if (typeof value !== "string") return `of type ${typeof value}`;
  const quoted = JSON.stringify(value);
  return quoted.replace(
    /\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** True for a tenant id in GUID form. */
export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
