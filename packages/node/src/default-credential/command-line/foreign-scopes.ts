import { clientConfigurationError } from "@tessera/core/internal";
import type { AmbientTokenRequest } from "../source.js";

/**
 * Refuses a scope that is not the provider's: its token would be sent to somebody else's API. The token has the scopes of
 * the sign-in, so none need to be named.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function requireScopes(
  { scopes, claims, tenantId }: AmbientTokenRequest,
  own: RegExp,
  provider: string,
): void {
  const foreign = (Array.isArray(scopes) ? (scopes as readonly unknown[]) : [scopes]).find(
    (scope) => typeof scope !== "string" || !own.test(scope),
  );
  if (foreign !== undefined) {
    throw clientConfigurationError(
      "invalid_option",
      `scopes has ${JSON.stringify(foreign) ?? "undefined"}, and the token is for ${provider} only: pass scopes: [], or scopes of ${provider}.`,
    );
  }
  if (claims || tenantId) {
    const field = claims ? "claims" : "tenantId";
    throw clientConfigurationError("invalid_option", `${field} means nothing to ${provider}: omit it.`);
  }
}

/** Refuses an option that is not a name: it becomes an argument of a program. */
export function requireName(field: string, value: unknown): void {
  if (value === undefined || (typeof value === "string" && /^[\w][\w.@:+-]*$/.test(value))) return;
  throw clientConfigurationError(
    "invalid_option",
    `${field} is ${JSON.stringify(value) ?? "invalid"}: pass a plain name.`,
  );
}
