import type { NodeAuthOptions } from "../configuration.js";
import { federatedTokenFile } from "../credential/federated-token-file.js";
import { registeredAppSource, unsetVariables, type RegisteredApp } from "./registered-app.js";
import type { Source, Unavailable } from "./source.js";
import type { WorkloadIdentityOptions } from "./workload-identity.js";

type Credential = Pick<NodeAuthOptions, "clientAssertion" | "clientCertificate" | "clientSecret">;

const TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE";

/** The variable that holds or names each kind of credential. The first that is set is used. */
const CREDENTIALS: readonly (readonly [variable: string, credential: (value: string) => Credential])[] = [
  ["AZURE_CLIENT_SECRET", (clientSecret) => ({ clientSecret })],
  ["AZURE_CLIENT_CERTIFICATE_PATH", certificate],
  [TOKEN_FILE, (path) => ({ clientAssertion: federatedTokenFile(path) })],
];
const CREDENTIAL_VARIABLES =
  "AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE";

/** An application with a secret, a certificate or a federated token, from the variables of `@azure/identity`. */
export function environmentSource({
  tenantId,
  managedIdentityClientId,
  system,
}: WorkloadIdentityOptions): Source {
  // An option that names another workload than the variables is not for the environment to overrule.
  const isNamed = tenantId !== undefined || managedIdentityClientId !== undefined;
  const credentials = CREDENTIALS.filter(([name]) => !(isNamed && name === TOKEN_FILE));
  return registeredAppSource("environment", system, () => fromVariables(credentials));
}

function fromVariables(credentials: typeof CREDENTIALS): RegisteredApp | Unavailable {
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: clientId } = process.env;
  const [variable = "", credential] = credentials.find(([name]) => process.env[name]) ?? [];
  const value = process.env[variable];
  if (tenant && clientId && value && credential) return { tenant, clientId, ...credential(value) };
  return {
    unavailable: unsetVariables({
      AZURE_TENANT_ID: tenant,
      AZURE_CLIENT_ID: clientId,
      [`a credential (${CREDENTIAL_VARIABLES})`]: value,
    }),
    remedy: "set these variables to use an app registration; AZURE_PASSWORD is not supported",
  };
}

/** Read again when it is used: a certificate that is renewed keeps its path. */
function certificate(pfx: string): Credential {
  const passphrase = process.env["AZURE_CLIENT_CERTIFICATE_PASSWORD"] || undefined;
  const sendX5c = /^(?:true|1)$/i.test(process.env["AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"] ?? "");
  return { clientCertificate: () => ({ pfx, passphrase, sendX5c }) };
}
