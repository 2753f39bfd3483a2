import { clientConfigurationError } from "@tessera/core/internal";

/**
 * Refuses a tenant other than the configured one, unless `AZURE_ADDITIONALLY_ALLOWED_TENANTS` lists it: the tenant of a
 * request often comes from an API's challenge.
 *
 * @param own the configured tenant; any tenant is allowed without one
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkTenant(asked: string | undefined, own: string | undefined): void {
  if (!asked || !own || asked === own) return;
  const allowed = (process.env["AZURE_ADDITIONALLY_ALLOWED_TENANTS"] ?? "").split(";");
  if (allowed.includes("*") || allowed.includes(asked)) return;
  throw clientConfigurationError(
    "invalid_option",
    `tenantId is ${JSON.stringify(asked)}, and the credential is for ${JSON.stringify(own)}: add the tenant to AZURE_ADDITIONALLY_ALLOWED_TENANTS (a list with semicolons, * for all).`,
  );
}
