import { clientConfigurationError } from "@tessera/core/internal";

/** The error for an option that cannot be used. */
export function invalid(field: string, what: string, remedy: string): Error {
  return clientConfigurationError("invalid_option", `${field} ${what}: ${remedy}.`);
}
