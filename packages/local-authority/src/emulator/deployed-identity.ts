import { LocalAuthorityConfigurationError } from "../config/checks.js";
import type { ManagedIdentity } from "../config/config.js";
import { systemAssigned } from "./asked-identity.js";
import type { HostGround } from "./emulated-host.js";

/**
 * Returns the identity that the host is deployed with; `undefined` if it has none.
 *
 * @throws {LocalAuthorityConfigurationError} if the option `clientId` names no managed identity
 */
export function deployedIdentity({ state, options }: HostGround): ManagedIdentity | undefined {
  const { managedIdentities: identities } = state.config;
  const { clientId } = options;
  if (clientId === undefined) return systemAssigned(identities) ?? identities[0];
  const identity = identities.find((each) => each.clientId === clientId);
  if (identity !== undefined) return identity;
  throw new LocalAuthorityConfigurationError(
    "clientId",
    clientId,
    "use the client ID of one of managedIdentities",
  );
}
