import type { App, Tenant } from "../config/config.js";
import { guidFrom } from "../crypto/opaque.js";

/** Returns the object ID of an app's service principal in a tenant. */
export function objectIdOf(app: App, tenant: Tenant): string {
  // Entra gives an agent identity one ID for both.
  if (app.agentIdentityBlueprintId !== undefined) return app.clientId;
  return app.managedIdentity?.objectId ?? appObjectId(tenant.id, app.clientId);
}

/**
 * Returns the object ID of an app in a tenant: the `oid` and `sub` claims of the app's own tokens, the same in every run.
 *
 * @param tenantId GUID of the tenant, in lower case
 * @param clientId client ID of the app, spelled as in the configuration
 * @returns a GUID in lower case; the arguments are not checked
 *
 * @example
 * ```ts
 * import { appObjectId, startLocalAuthority } from "@tessera/local-authority";
 *
 * const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
 * const partner = await startLocalAuthority({ http: true });
 * const subject = appObjectId(tenantId, "c0c0c0c0-0000-4000-8000-0000000000a4");
 * // The partner's app can authenticate as "workload" with its own tokens.
 * const federatedCredentials = [{ issuer: partner.issuer(tenantId), subject }];
 * const authority = await startLocalAuthority({
 *   tenants: [{ id: tenantId, apps: [{ clientId: "workload", federatedCredentials }] }],
 * });
 * await authority.close();
 * await partner.close();
 * ```
 */
export function appObjectId(tenantId: string, clientId: string): string {
  return guidFrom(JSON.stringify([tenantId, clientId]));
}

/**
 * Returns the `sub` claim of an app token that was requested with an `fmi_path`, in Entra's format.
 *
 * @param tenantId GUID of the tenant
 * @param clientId client ID of the app; a GUID at Entra
 * @param fmiPath the parameter `fmi_path` of the token request
 * @returns `/eid1/c/pub/t/{tenant}/a/{app}/{path}`, with the GUIDs as base64url of their bytes in .NET's order; the arguments
 * are not checked
 *
 * @example
 * ```ts
 * import { fmiSubject, startLocalAuthority } from "@tessera/local-authority";
 *
 * const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
 * const blueprintId = "c0c0c0c0-0000-4000-8000-0000000000a4";
 * // The agent authenticates with a token that its blueprint requests with fmi_path=agent.
 * const federatedCredentials = [{ subject: fmiSubject(tenantId, blueprintId, "agent") }];
 * const authority = await startLocalAuthority({
 *   tenants: [{ id: tenantId, apps: [{ clientId: "agent", federatedCredentials }] }],
 * });
 * await authority.close();
 * ```
 */
export function fmiSubject(tenantId: string, clientId: string, fmiPath: string): string {
  return `/eid1/c/pub/t/${compact(tenantId)}/a/${compact(clientId)}/${fmiPath}`;
}

/** Encodes a GUID in .NET's byte order, base64url; any other ID as base64url of its characters. */
function compact(id: string): string {
  const bytes = Buffer.from(id.replaceAll("-", ""), "hex");
  if (bytes.length !== 16) return Buffer.from(id).toString("base64url");
  const swapped = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)].map((part) =>
    part.reverse(),
  );
  return Buffer.concat([...swapped, bytes.subarray(8)]).toString("base64url");
}
