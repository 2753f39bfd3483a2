import { clientConfigurationError } from "@tessera/core/internal";
import type { AmbientTokenRequest } from "../source.js";

/** Neither can begin an option, and no shell or batch file interprets a character of them. */
const SCOPE = /^[\w.:/][\w.:/-]*$/;
const TENANT = /^[a-z0-9][a-z0-9.-]*$/i;

/**
 * Returns scopes and tenant of a request for Entra, as arguments for a program.
 *
 * @throws ClientConfigurationError `empty_input_scopes_error`, `invalid_option`
 */
export function checkedArguments({ scopes, tenantId }: AmbientTokenRequest): {
  readonly scopes: readonly string[];
  readonly tenantId: string | undefined;
} {
  if (!Array.isArray(scopes) || scopes.length === 0) {
    const message =
      'scopes is empty: pass the scope of an API, such as ["https://management.azure.com/.default"].';
    throw clientConfigurationError("empty_input_scopes_error", message);
  }
  const wrong: unknown = scopes.find((scope: unknown) => typeof scope !== "string" || !SCOPE.test(scope));
  if (wrong !== undefined) throw invalid("scopes has", wrong, "letters, digits and -_.:/");
  if (tenantId && !TENANT.test(tenantId))
    throw invalid("tenantId is", tenantId, "its id (a GUID) or its domain name");
  return { scopes, tenantId };
}

function invalid(what: string, value: unknown, remedy: string): Error {
  return clientConfigurationError(
    "invalid_option",
    `${what} ${JSON.stringify(value) ?? "undefined"}, which no command line is given: pass ${remedy}.`,
  );
}
