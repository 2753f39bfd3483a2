import { clientConfigurationError } from "../errors/errors.js";

/**
 * Checks a number of seconds that says how long a token counts as good.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedSeconds(value: unknown, field: string, correlationId = ""): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  const shown = typeof value === "number" ? String(value) : `a ${typeof value}`;
  throw clientConfigurationError(
    "invalid_option",
    `${field} is ${shown}: pass a number of seconds, 0 or more.`,
    { correlationId },
  );
}

/**
 * Checks the token that an API has refused.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedToken(value: unknown, correlationId: string): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw clientConfigurationError(
    "invalid_option",
    `refusedToken is a ${typeof value}: pass the access token that the API has refused, as a string.`,
    { correlationId },
  );
}
