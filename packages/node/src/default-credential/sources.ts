import { clientConfigurationError } from "@tessera/core/internal";
import { azureCli } from "./command-line/azure-cli.js";
import { azureDeveloperCli } from "./command-line/azure-developer-cli.js";
import { commandLineSource } from "./command-line/command-line-source.js";
import type { CommandLine } from "./command-line/command-line.js";
import { developerCacheSource } from "./developer-cache.js";
import { environmentSource } from "./environment.js";
import { managedIdentitySource } from "./managed-identity.js";
import type { DefaultCredentialOptions } from "./options.js";
import type { Source } from "./source.js";
import { workloadIdentitySource } from "./workload-identity.js";

/** A source as `AZURE_TOKEN_CREDENTIALS` knows it. */
interface Row {
  /** The name in `@azure/identity`. */
  readonly credential?: string;
  readonly group?: "dev" | "prod";
  /** Creates the source, if the options want it. */
  readonly create: (options: DefaultCredentialOptions) => Source | undefined;
}

/** Every source, in the order in which they are asked. */
const ROWS: readonly Row[] = [
  { credential: "EnvironmentCredential", group: "prod", create: environmentSource },
  { credential: "WorkloadIdentityCredential", group: "prod", create: workloadIdentitySource },
  { credential: "ManagedIdentityCredential", group: "prod", create: managedIdentitySource },
  { credential: "VisualStudioCodeCredential", create: () => absent("Visual Studio Code") },
  {
    group: "dev",
    create: ({ developerCache, ...options }) =>
      developerCache ? developerCacheSource(developerCache, options) : undefined,
  },
  { credential: "AzureCliCredential", group: "dev", create: toolOf(azureCli) },
  { credential: "AzurePowerShellCredential", create: () => absent("Azure PowerShell") },
  { credential: "AzureDeveloperCliCredential", group: "dev", create: toolOf(azureDeveloperCli) },
];

/**
 * Returns the sources that the environment variable `AZURE_TOKEN_CREDENTIALS` selects, as in `@azure/identity`.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function sourcesFor(selection = "", options: DefaultCredentialOptions): readonly Source[] {
  const selected = selection.trim().toLowerCase();
  const isSelected = ({ group, credential = "" }: Row): boolean =>
    selected === "" ? group !== undefined : selected === group || selected === credential.toLowerCase();
  const rows = ROWS.filter(isSelected);
  if (rows.length > 0) return rows.flatMap(({ create }) => create(options) ?? []);
  const names = ROWS.flatMap(({ credential }) => credential ?? []).join(", ");
  throw clientConfigurationError(
    "invalid_option",
    `AZURE_TOKEN_CREDENTIALS is ${JSON.stringify(selection)}: set it to prod, dev, or one of ${names}, or unset it.`,
  );
}

function toolOf(tool: CommandLine): Row["create"] {
  return ({ tenantId, processTimeoutInMs, system }) =>
    commandLineSource(tool, { tenantId, processTimeoutInMs, clock: system?.clock });
}

/** A source of `@azure/identity` that can be named and is not here. */
function absent(name: string): Source {
  return {
    name,
    acquire: async () => ({
      unavailable: "its sign-in is not supported",
      remedy: "use az login, and AZURE_TOKEN_CREDENTIALS=AzureCliCredential",
    }),
  };
}
