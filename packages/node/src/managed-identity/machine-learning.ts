import { Parameters } from "@tessera/core/internal";
import { managedIdentityError } from "./managed-identity-error.js";
import { usualRetries } from "./retry.js";
import { endpointIn, ManagedIdentitySourceNames, type ManagedIdentitySource } from "./source.js";

/** Azure Machine Learning. */
export const machineLearning: ManagedIdentitySource = {
  name: ManagedIdentitySourceNames.MACHINE_LEARNING,
  isIn: (environment) => Boolean(environment["MSI_ENDPOINT"] && environment["MSI_SECRET"]),
  request({ environment, resource, identity, correlationId }) {
    if (identity && identity.type !== "clientId") {
      throw managedIdentityError(
        "invalid_managed_identity_id_type",
        "Only client id is supported for user-assigned managed identity in MachineLearning: set managedIdentityIdParams.userAssignedClientId.",
        correlationId,
      );
    }
    return {
      url: endpointIn(environment, "MSI_ENDPOINT").href,
      headers: { Metadata: "true", secret: environment["MSI_SECRET"] ?? "" },
      query: new Parameters()
        .set("api-version", "2017-09-01")
        .set("resource", resource)
        .set("clientid", identity ? identity.id : environment["DEFAULT_IDENTITY_CLIENT_ID"]),
    };
  },
  retries: usualRetries,
  advice:
    "MSI_ENDPOINT names the endpoint, which only programs of that Azure Machine Learning job can reach.",
};
