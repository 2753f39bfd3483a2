import { Parameters, version } from "@tessera/core/internal";
import { imdsRetries } from "./retry.js";
import {
  endpointIn,
  ManagedIdentitySourceNames,
  withIdentity,
  type Environment,
  type ManagedIdentitySource,
} from "./source.js";

const IDS = { clientId: "client_id", objectId: "object_id", resourceId: "msi_res_id" };

const HOST = "http://169.254.169.254";
const POD_IDENTITY_HOST = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/**
 * The Instance Metadata Service of virtual machines and AKS nodes. It is the default, so the connection is limited: a
 * machine outside Azure must not wait for an address that nobody has.
 */
export const imds: ManagedIdentitySource = {
  name: ManagedIdentitySourceNames.DEFAULT_TO_IMDS,
  isIn: () => true,
  request: ({ environment, resource, identity, correlationId }) => ({
    url: `${hostIn(environment)}/metadata/identity/oauth2/token`,
    headers: {
      Metadata: "true",
      "x-client-SKU": "tessera.node",
      "x-client-VER": version,
      "x-ms-client-request-id": correlationId,
    },
    query: withIdentity(
      new Parameters().set("api-version", "2018-02-01").set("resource", resource),
      IDS,
      identity,
    ),
  }),
  connection: () => ({ timeoutMs: 1000 }),
  retries: imdsRetries,
  advice:
    "Only Azure hosts have a managed identity. On any other machine use another credential, such as a client secret or a developer's sign-in; on a virtual machine, and in its containers, let the program reach 169.254.169.254.",
};

function hostIn(environment: Environment): string {
  if (!environment[POD_IDENTITY_HOST]) return HOST;
  const { href } = endpointIn(environment, POD_IDENTITY_HOST);
  return href.slice(0, href.length - trailingSlashes(href));
}

/** Counted from the end: a regular expression would begin again at every slash. */
function trailingSlashes(text: string): number {
  let count = 0;
  while (text.at(-1 - count) === "/") count += 1;
  return count;
}
