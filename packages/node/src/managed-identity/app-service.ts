import { Parameters } from "@tessera/core/internal";
import { usualRetries } from "./retry.js";
import {
  endpointIn,
  ManagedIdentitySourceNames,
  withIdentity,
  type ManagedIdentitySource,
} from "./source.js";

const IDS = { clientId: "client_id", objectId: "object_id", resourceId: "mi_res_id" };

/** App Service, Functions and Container Apps. */
export const appService: ManagedIdentitySource = {
  name: ManagedIdentitySourceNames.APP_SERVICE,
  isIn: (environment) => Boolean(environment["IDENTITY_ENDPOINT"] && environment["IDENTITY_HEADER"]),
  request: ({ environment, resource, identity }) => ({
    url: endpointIn(environment, "IDENTITY_ENDPOINT").href,
    headers: { "X-IDENTITY-HEADER": environment["IDENTITY_HEADER"] ?? "" },
    query: withIdentity(
      new Parameters().set("api-version", "2019-08-01").set("resource", resource),
      IDS,
      identity,
    ),
  }),
  retries: usualRetries,
  advice:
    "IDENTITY_ENDPOINT names the endpoint, which only programs on that App Service or Container App can reach.",
};
