import { emptyChoice, isRecord, requireKnownOptions, requireRecord, wrongType } from "@tessera/core/internal";
import type { NodeSystemOptions } from "../configuration.js";
import type { DeveloperCacheOptions } from "./developer-cache.js";

/** Options of {@link createDefaultCredential}. */
export interface DefaultCredentialOptions {
  /**
   * Tenant of workload identity and of developers' sign-ins. The variables of the environment name their own tenant,
   * and a managed identity has one.
   */
  readonly tenantId?: string;
  /** Client id of a user-assigned managed identity or of a workload; `AZURE_CLIENT_ID` by default. */
  readonly managedIdentityClientId?: string;
  /** Milliseconds until a command line that hangs is killed; 10,000 by default. */
  readonly processTimeoutInMs?: number;
  /** The user whom an app keeps with `@tessera/persistence`: the app's `appName`, or more about its cache. */
  readonly developerCache?: string | DeveloperCacheOptions;
  /** Network, clock and logging, as in the configuration of an application. */
  readonly system?: NodeSystemOptions;
}

const OPTIONS = {
  tenantId: true,
  managedIdentityClientId: true,
  processTimeoutInMs: true,
  developerCache: true,
  system: true,
} satisfies Record<keyof DefaultCredentialOptions, true>;

/**
 * Refuses what is not an option, and what would choose another identity than it seems to.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkOptions(options: DefaultCredentialOptions): DefaultCredentialOptions {
  const given: Readonly<Record<string, unknown>> = { ...requireRecord(options, "options") };
  requireKnownOptions(given, OPTIONS, "createDefaultCredential");
  for (const name of ["tenantId", "managedIdentityClientId"]) {
    const value = given[name];
    if (value === "") throw emptyChoice(name);
    if (value != null && typeof value !== "string") throw wrongType(name, value, "a string");
  }
  checkDeveloperCache(options.developerCache);
  checkTimeout(options.processTimeoutInMs);
  return options;
}

function checkDeveloperCache(given: unknown): void {
  if (given == null) return;
  const name = isRecord(given) ? given["appName"] : given;
  if (name === "") throw emptyChoice("developerCache");
  if (typeof name !== "string")
    throw wrongType("developerCache", given, "the appName of a cache, or { appName }");
}

/** Refuses a limit that would kill a tool at once, or never. */
export function checkTimeout(value: unknown): void {
  if (value == null || (typeof value === "number" && value > 0 && value < Infinity)) return;
  throw wrongType("processTimeoutInMs", value, "a positive number of milliseconds");
}
