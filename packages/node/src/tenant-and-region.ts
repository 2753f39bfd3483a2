import {
  authorityForCloud,
  authorityInTenant,
  AzureCloudInstance,
  type RegionAsk,
} from "@tessera/core/internal";
import type { ClientCredentialRequest } from "./requests.js";

/**
 * Returns the region from `azureRegion` of the request, else from `MSAL_FORCE_REGION`, unless the request opts out.
 */
export function regionOf(azureRegion: string | undefined): RegionAsk | undefined {
  if (azureRegion === "DisableMsalForceRegion") return undefined;
  const region = azureRegion || process.env["MSAL_FORCE_REGION"];
  return region ? { azureRegion: region, environmentRegion: process.env["REGION_NAME"] } : undefined;
}

type InTenant = Pick<ClientCredentialRequest, "tenantId" | "authority" | "azureCloudOptions">;

/** Returns the request with its `tenantId` inserted into the authority. */
export function inTenant<R extends InTenant>(request: R, defaultAuthority: string): R {
  if (!request.tenantId) return request;
  const { tenantId, azureCloudOptions } = request;
  const authority = request.authority ?? authorityForCloud(defaultAuthority, azureCloudOptions);
  // The tenant of the request's or the application's cloud options must not override it.
  const none = { azureCloudInstance: AzureCloudInstance.None };
  return { ...request, authority: authorityInTenant(authority, tenantId), azureCloudOptions: none };
}
