import {
  parsedUrl,
  requireKnownOptions,
  requireRecord,
  tokenExchangeResource,
  wrongType,
} from "@tessera/core/internal";
import type { ClientAssertionCallback } from "../configuration.js";
import { ManagedIdentityApplication } from "../managed-identity/managed-identity-application.js";

/** Options of {@link managedIdentityAssertion}: at most one id. */
export interface ManagedIdentityAssertionOptions {
  /** Client id of the user-assigned identity. */
  readonly clientId?: string | undefined;
  /** Object id (principal id) of the user-assigned identity. */
  readonly objectId?: string | undefined;
  /** Azure resource id of the user-assigned identity. */
  readonly resourceId?: string | undefined;
  /** Audience of the federated credential; by default that of the cloud in which the app requests its tokens. */
  readonly audience?: string | undefined;
}

/**
 * Authenticates a client with the managed identity of its host, which is a federated credential of the app: in the
 * identity's tenant, or, for an app of several tenants, in another one. The token of the identity is cached and renewed as in
 * {@link ManagedIdentityApplication}.
 *
 * @throws ManagedIdentityError `invalid_managed_identity_id_type` for more than one id
 *
 * @example
 * ```ts
 * const auth = { clientId, authority, clientAssertion: managedIdentityAssertion() };
 * const app = new ConfidentialClientApplication({ auth });
 * ```
 */
export function managedIdentityAssertion(
  options: ManagedIdentityAssertionOptions = {},
): ClientAssertionCallback {
  const given = requireRecord(options ?? {}, "options");
  const known = { clientId: true, objectId: true, resourceId: true, audience: true } as const;
  // A misspelt ID would choose the identity of the machine.
  requireKnownOptions(given, known, "managedIdentityAssertion");
  const { clientId, objectId, resourceId, audience } = given;
  if (audience !== undefined && (typeof audience !== "string" || audience === ""))
    throw wrongType("audience", audience || undefined, "the audience of the federated credential");
  const managedIdentityIdParams = {
    ...(clientId ? { userAssignedClientId: clientId } : {}),
    ...(objectId ? { userAssignedObjectId: objectId } : {}),
    ...(resourceId ? { userAssignedResourceId: resourceId } : {}),
  };
  const app = new ManagedIdentityApplication({ managedIdentityIdParams });
  return async (context) => {
    const resource = audience ?? tokenExchangeResource(parsedUrl(context?.tokenEndpoint ?? "")?.host ?? "");
    const refusedToken = context?.refusedAssertion;
    const signal = context?.signal;
    const request = {
      resource,
      ...(signal ? { signal } : {}),
      ...(refusedToken === undefined ? {} : { refusedToken }),
    };
    return (await app.acquireToken(request)).accessToken;
  };
}
