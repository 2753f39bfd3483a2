import { clientConfigurationError, isTenantName } from "@tessera/core/internal";
import type { NodeAuthOptions, NodeSystemOptions } from "../configuration.js";
import { ConfidentialClientApplication } from "../confidential-client-application.js";
import type { Source, Unavailable } from "./source.js";
import { checkTenant } from "./tenants.js";

/** An application's registration in a tenant, with its credential. */
export interface RegisteredApp extends Pick<
  NodeAuthOptions,
  "clientAssertion" | "clientCertificate" | "clientId" | "clientSecret"
> {
  readonly tenant: string;
}

/** A source whose identity is a registered application, found by `find` before its first token. */
export function registeredAppSource(
  name: string,
  system: NodeSystemOptions | undefined,
  find: () => RegisteredApp | Unavailable,
): Source {
  let app: ConfidentialClientApplication | undefined;
  let ownTenant: string | undefined;
  return {
    name,
    async acquire(request) {
      if (!app) {
        const found = find();
        if ("unavailable" in found) return found;
        const { tenant, ...auth } = found;
        app = new ConfidentialClientApplication({
          auth: { ...auth, authority: authorityOf(tenant) },
          system,
        });
        ownTenant = tenant;
      }
      checkTenant(request.tenantId, ownTenant);
      return app.acquireTokenByClientCredential(request);
    },
  };
}

/** Tells which of the needed variables are not set; empty if all are. */
export function unsetVariables(needed: Readonly<Record<string, string | undefined>>): string {
  const unset = Object.entries(needed).flatMap(([name, value]) => (value ? [] : [name]));
  if (unset.length === 0) return "";
  return `${unset.join(" and ")} ${unset.length > 1 ? "are" : "is"} not set`;
}

/** The authority of a tenant at the host that `AZURE_AUTHORITY_HOST` names. */
function authorityOf(tenant: string): string {
  const host = process.env["AZURE_AUTHORITY_HOST"] || "https://login.microsoftonline.com";
  const url = host.includes("://") ? host : `https://${host}`;
  if (isTenantName(tenant)) return `${url.endsWith("/") ? url : `${url}/`}${tenant}`;
  throw clientConfigurationError(
    "invalid_option",
    `The tenant is ${JSON.stringify(tenant)}: set AZURE_TENANT_ID to the tenant's id (a GUID) or its domain name.`,
  );
}
