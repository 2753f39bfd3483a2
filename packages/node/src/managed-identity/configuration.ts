import type { BaseRequest } from "@tessera/core";
import { requireRecord, wrongType } from "@tessera/core/internal";
import { SYSTEM, type Members } from "../configuration-members.js";
import type { NodeSystemOptions } from "../configuration.js";
import { managedIdentityError } from "./managed-identity-error.js";

/** Names a user-assigned identity, by exactly one of its ids. */
export interface ManagedIdentityIdParams {
  /** Client id (application id). */
  userAssignedClientId?: string;
  /** Azure resource id, `/subscriptions/…/userAssignedIdentities/…`. */
  userAssignedResourceId?: string;
  /** Object id (principal id). */
  userAssignedObjectId?: string;
}

/** Configuration of a {@link ManagedIdentityApplication}. */
export interface ManagedIdentityConfiguration {
  /** Client capabilities, such as `CP1` (claims challenges). */
  clientCapabilities?: string[];
  /** The user-assigned identity; by default the host's system-assigned one. */
  managedIdentityIdParams?: ManagedIdentityIdParams;
  /**
   * Logging, retries, and the app's own HTTP client or clock. The other options have no effect: the endpoint of a managed
   * identity is always contacted directly.
   */
  system?: NodeSystemOptions;
}

/** Every member of a configuration. A new option without a row does not compile. */
export const MEMBERS = {
  clientCapabilities: "value",
  managedIdentityIdParams: {
    userAssignedClientId: "value",
    userAssignedResourceId: "value",
    userAssignedObjectId: "value",
  } satisfies Record<keyof ManagedIdentityIdParams, Members>,
  system: SYSTEM,
} satisfies Record<keyof ManagedIdentityConfiguration, Members>;

/** Request of {@link ManagedIdentityApplication.acquireToken}. */
export interface ManagedIdentityRequestParams extends Pick<
  BaseRequest,
  "claims" | "correlationId" | "refusedToken" | "renewalMarginSeconds" | "signal" | "timeoutMs"
> {
  /** The API's resource URI, with or without `/.default`. */
  resource: string;
  /** Request a new token even if one is cached. */
  forceRefresh?: boolean;
}

/** The types of ids of a user-assigned identity. */
export type IdType = "clientId" | "resourceId" | "objectId";

/** A user-assigned identity. */
export interface UserAssigned {
  readonly type: IdType;
  readonly id: string;
}

const FIELDS = [
  ["userAssignedClientId", "clientId"],
  ["userAssignedResourceId", "resourceId"],
  ["userAssignedObjectId", "objectId"],
] as const;

/**
 * Returns the user-assigned identity of a configuration. As in MSAL Node, an empty id counts as absent.
 *
 * @throws ManagedIdentityError `invalid_managed_identity_id_type` when there is more than one id
 */
export function userAssignedIn(params: ManagedIdentityIdParams | undefined): UserAssigned | undefined {
  const given = requireRecord(params ?? {}, "managedIdentityIdParams");
  const ids = FIELDS.flatMap(([field, type]) => {
    const id = given[field] ?? "";
    if (typeof id !== "string") throw wrongType(`managedIdentityIdParams.${field}`, id, "a string");
    return id === "" ? [] : [{ field, type, id }];
  });
  if (ids.length > 1) {
    throw managedIdentityError(
      "invalid_managed_identity_id_type",
      `managedIdentityIdParams has ${ids.map(({ field }) => field).join(" and ")}: name the identity by one of its ids only.`,
    );
  }
  return ids[0];
}
