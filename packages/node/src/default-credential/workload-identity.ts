import type { NodeSystemOptions } from "../configuration.js";
import { federatedTokenFile } from "../credential/federated-token-file.js";
import { registeredAppSource, unsetVariables } from "./registered-app.js";
import type { Source } from "./source.js";

/** The options that say which identity a workload has. */
export interface WorkloadIdentityOptions {
  readonly tenantId?: string;
  readonly managedIdentityClientId?: string;
  readonly system?: NodeSystemOptions;
}

/** The identity of a Kubernetes workload, by the token file that its platform mounts. */
export function workloadIdentitySource(options: WorkloadIdentityOptions): Source {
  return registeredAppSource("workload identity", options.system, () => {
    const { AZURE_FEDERATED_TOKEN_FILE: file, AZURE_CLIENT_ID, AZURE_TENANT_ID } = process.env;
    const clientId = options.managedIdentityClientId ?? AZURE_CLIENT_ID;
    const tenant = options.tenantId ?? AZURE_TENANT_ID;
    if (file && clientId && tenant) return { tenant, clientId, clientAssertion: federatedTokenFile(file) };
    return {
      unavailable: unsetVariables({
        AZURE_FEDERATED_TOKEN_FILE: file,
        AZURE_CLIENT_ID: clientId,
        AZURE_TENANT_ID: tenant,
      }),
      remedy: "on Kubernetes, label the pod azure.workload.identity/use and annotate its service account",
    };
  });
}
