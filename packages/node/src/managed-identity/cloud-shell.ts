import { Parameters } from "@tessera/core/internal";
import { managedIdentityError } from "./managed-identity-error.js";
import { usualRetries } from "./retry.js";
import { endpointIn, ManagedIdentitySourceNames, type ManagedIdentitySource } from "./source.js";

/** Azure Cloud Shell, whose tokens are those of the user who is signed in. */
export const cloudShell: ManagedIdentitySource = {
  name: ManagedIdentitySourceNames.CLOUD_SHELL,
  isIn: (environment) => Boolean(environment["MSI_ENDPOINT"]),
  request({ environment, resource, identity, correlationId }) {
    if (identity) {
      throw managedIdentityError(
        "unable_to_create_cloud_shell",
        "Cloud Shell has no user-assigned identities, only the user who is signed in: omit managedIdentityIdParams.",
        correlationId,
      );
    }
    return {
      url: endpointIn(environment, "MSI_ENDPOINT").href,
      headers: { Metadata: "true" },
      query: new Parameters(),
      body: new Parameters().set("resource", resource),
    };
  },
  retries: usualRetries,
  advice: "MSI_ENDPOINT names the endpoint, which only programs in that Cloud Shell can reach.",
};
