import { Parameters } from "@tessera/core/internal";
import { usualRetries } from "./retry.js";
import {
  endpointIn,
  ManagedIdentitySourceNames,
  withIdentity,
  type ManagedIdentitySource,
} from "./source.js";

const IDS = { clientId: "client_id", objectId: "object_id", resourceId: "mi_res_id" };

const VARIABLES = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT"];

/** A Service Fabric cluster. Its certificate is self-signed, and known by its thumbprint. */
export const serviceFabric: ManagedIdentitySource = {
  name: ManagedIdentitySourceNames.SERVICE_FABRIC,
  isIn: (environment) => VARIABLES.every((variable) => environment[variable]),
  request({ environment, resource, identity, warn }) {
    if (identity) {
      warn(
        "The identity of a Service Fabric application is fixed when it is deployed, so managedIdentityIdParams may have no effect: omit it.",
      );
    }
    return {
      url: endpointIn(environment, "IDENTITY_ENDPOINT").href,
      headers: { secret: environment["IDENTITY_HEADER"] ?? "" },
      query: withIdentity(
        new Parameters().set("api-version", "2019-07-01-preview").set("resource", resource),
        IDS,
        identity,
      ),
      takesRevokedToken: true,
    };
  },
  connection: (environment) => ({ thumbprint: environment["IDENTITY_SERVER_THUMBPRINT"] ?? "" }),
  retries: usualRetries,
  advice:
    "IDENTITY_ENDPOINT names the endpoint, whose certificate must have the thumbprint in IDENTITY_SERVER_THUMBPRINT.",
};
