import type { ManagedIdentity } from "../config/config.js";
import type { Parameters } from "../http/parameters.js";

/** The parameters that name a user-assigned identity, in all API versions. */
const parameters = {
  client_id: "clientId",
  clientid: "clientId",
  object_id: "objectId",
  principal_id: "objectId",
  msi_res_id: "resourceId",
  mi_res_id: "resourceId",
} as const satisfies Readonly<Record<string, keyof ManagedIdentity>>;

export type IdParameter = keyof typeof parameters;

/** Returns the parameters of the request that name an identity. */
export function namedBy(query: Parameters, known: readonly IdParameter[]): readonly IdParameter[] {
  return known.filter((name) => query[name] !== undefined && query[name] !== "");
}

/** Returns the identity that a parameter names; IDs are compared without regard to case. */
export function identityNamed(
  identities: readonly ManagedIdentity[],
  name: IdParameter,
  query: Parameters,
): ManagedIdentity | undefined {
  const wanted = query[name]?.toLowerCase();
  return identities.find((identity) => identity[parameters[name]].toLowerCase() === wanted);
}

export function systemAssigned(identities: readonly ManagedIdentity[]): ManagedIdentity | undefined {
  return identities.find((identity) => identity.systemAssigned);
}
