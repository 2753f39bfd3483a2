// Other people's clients in the environment of an emulated host.
import { ManagedIdentityApplication, type ManagedIdentityConfiguration } from "@azure/msal-node";
import type { EmulatedHost } from "@tessera/local-authority";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** Variables that a client could take for another host. */
const hostVariables = [
  ..."AZURE_AUTHORITY_HOST AZURE_CLIENT_ID AZURE_FEDERATED_TOKEN_FILE AZURE_POD_IDENTITY_AUTHORITY_HOST".split(
    " ",
  ),
  ..."AZURE_TENANT_ID DEFAULT_IDENTITY_CLIENT_ID IDENTITY_ENDPOINT IDENTITY_HEADER IMDS_ENDPOINT".split(" "),
  ..."IDENTITY_SERVER_THUMBPRINT MSI_ENDPOINT MSI_SECRET".split(" "),
];

/** Runs a program as an app of the host, in an environment that has no other variables of hosts. */
export async function inHost<T>({ environment }: EmulatedHost, program: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  for (const name of hostVariables) delete process.env[name];
  Object.assign(process.env, environment);
  await forgetHost();
  try {
    return await program();
  } finally {
    for (const name of [...hostVariables, ...Object.keys(environment)]) delete process.env[name];
    Object.assign(process.env, before);
  }
}

/** `@azure/msal-node` in the environment of a host. */
export function managedIdentity(configuration?: ManagedIdentityConfiguration): ManagedIdentityApplication {
  return new ManagedIdentityApplication(configuration);
}

/** `@azure/msal-node` keeps the host that it has found, and all tokens, for the lifetime of the process. */
async function forgetHost(): Promise<void> {
  const folder = dirname(dirname(createRequire(import.meta.url).resolve("@azure/msal-node")));
  const file = pathToFileURL(join(folder, "dist/client/ManagedIdentityClient.mjs")).href;
  const { ManagedIdentityClient } = (await import(file)) as {
    ManagedIdentityClient: Record<string, unknown>;
  };
  ManagedIdentityClient["identitySource"] = undefined;
  ManagedIdentityClient["sourceName"] = undefined;
  Reflect.set(ManagedIdentityApplication, "nodeStorage", undefined);
}
