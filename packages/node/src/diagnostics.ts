import type { Client } from "@tessera/core";
import { shownUrl, version, type CacheStats, type HostRecord } from "@tessera/core/internal";
import { CONFIGURATION, type Members } from "./configuration-members.js";
import type { Telemetry } from "./telemetry/telemetry.js";

/** What is known of an application now, for a support case or a health page. Holds no secret, no token and no user. */
export interface Diagnostics {
  readonly versions: { readonly tessera: string; readonly node: string; readonly platform: string };
  /**
   * The options that are set, by their path, such as `auth.clientId`. What may be a secret, or contain one, is `"(set)"`, and
   * so is a function or an object of the app.
   */
  readonly configuration: Readonly<Record<string, string | number | boolean>>;
  /** Figures of the cache in memory. */
  readonly cache: CacheStats;
  /** Every host that requests have been sent to, the last one last. */
  readonly hosts: readonly HostRecord[];
  readonly openTelemetry: ReturnType<Telemetry["state"]>;
}

/** Returns what is known of an application. */
export function diagnosticsOf(client: Client, configuration: object, telemetry: Telemetry): Diagnostics {
  return {
    versions: { tessera: version, node: process.version, platform: `${process.platform} ${process.arch}` },
    configuration: Object.fromEntries(shownIn(configuration, CONFIGURATION, "")),
    cache: client.cache.stats(),
    hosts: client.transport.hosts.records(),
    openTelemetry: telemetry.state(),
  };
}

/** Options whose values are shown. Those of any other, also of one that is added later, are not. */
const SHOWN: ReadonlySet<string> = new Set([
  "auth.clientId",
  "auth.authority",
  "auth.oidcAuthority",
  "auth.knownAuthorities",
  "auth.clientCapabilities",
  "auth.excludeScopes",
  "auth.azureCloudOptions.azureCloudInstance",
  "auth.azureCloudOptions.tenant",
  "auth.instanceAware",
  "auth.isMcp",
  "cache.maxPartitions",
  "cache.onUnreadable",
  "cache.renewalMarginSeconds",
  "cache.defaultLifetimeSeconds",
  "system.callTimeoutMs",
  "system.maxConnections",
  "system.retries",
  "system.disableInternalRetries",
  "system.protocolMode",
  "system.loggerOptions.logLevel",
  "system.loggerOptions.piiLoggingEnabled",
  "telemetry.application.appName",
  "telemetry.application.appVersion",
  "telemetry.metricAttributes",
]);
/** All members of these have values without secrets. */
const SHOWN_WHOLE = "auth.clientMetadata.";

type Shown = readonly [string, string | number | boolean];

function shownIn(value: unknown, members: Members, path: string): readonly Shown[] {
  // What has no effect is not part of the configuration.
  if (value === undefined || value === null || value === "") return [];
  if (members === "value") return [[path, shown(value, path)]];
  if (typeof value !== "object") return [[path, HIDDEN]];
  return Object.entries(members).flatMap(([name, inner]) => {
    const member: unknown = Reflect.get(value, name);
    return shownIn(member, inner, path === "" ? name : `${path}.${name}`);
  });
}

const HIDDEN = "(set)";

function shown(value: unknown, path: string): string | number | boolean {
  if (!SHOWN.has(path) && !path.startsWith(SHOWN_WHOLE)) return HIDDEN;
  if (Array.isArray(value)) return value.map((one) => shownUrl(String(one))).join(" ");
  if (typeof value === "string") return shownUrl(value);
  return typeof value === "number" || typeof value === "boolean" ? value : HIDDEN;
}
