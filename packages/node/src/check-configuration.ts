import {
  ProtocolMode,
  type ClientCredential,
  type ClientOptions,
  type Clock,
  type HttpClient,
  type LoggerOptions,
} from "@tessera/core";
import {
  AUTH_METHODS,
  authorityForCloud,
  clientConfigurationError,
  invalidOption,
  parseJsonObject,
  systemClock,
  version,
  withoutNull,
  type AuthMethod,
} from "@tessera/core/internal";
import type { CacheOptions, Configuration, NodeAuthOptions, NodeSystemOptions } from "./configuration.js";
import { checkedAuthorizationRequests } from "./check-authorization-requests.js";
import { flag, requireFunction, requireFunctions, strings, texts } from "./check-values.js";
import { checkedCallTimeout, checkedMaxConnections, checkedRetries } from "./check-network.js";
import { checkedResponses } from "./check-responses.js";
import { fromNetworkModule } from "./http/network-client.js";
import { reachOf, type Reach } from "./http/network-zone.js";
import { isHttpUrl } from "./http/proxy-variables.js";
import { sharedHttpClient } from "./http/shared-http-client.js";
import type { INativeBrokerPlugin } from "./broker/broker.js";

/** Validated options for {@link createClient}, and how to log. */
export interface CheckedConfiguration extends Omit<ClientOptions, "credential" | "logger"> {
  readonly clock: Clock;
  readonly loggerOptions: LoggerOptions;
}

const DEFAULT_MAX_PARTITIONS = 100_000;

export const DEFAULT_AUTHORITY = "https://login.microsoftonline.com/common/";

/**
 * Checks a configuration and fills in defaults; `null` counts as absent. The authority is checked by the resolver,
 * which parses it anyway.
 *
 * @param credential the application's credential
 * @throws ClientConfigurationError naming the field, the value and the remedy
 */
export function checkConfiguration(
  configuration: Configuration,
  credential: ClientCredential,
): CheckedConfiguration {
  const { broker, cache, telemetry, ...sections } = configuration ?? {};
  const system = withoutNull(sections.system ?? {});
  const auth = withoutNull(sections.auth ?? {});
  if (typeof auth.clientId !== "string" || auth.clientId.trim() === "") {
    throw clientConfigurationError(
      "client_id_missing",
      "auth.clientId is missing or empty: pass the client id (application id) of your registration.",
    );
  }
  const metadata = withoutNull(auth.clientMetadata ?? {});
  const protocolMode = checkedMode(auth, system);
  const authority =
    auth.oidcAuthority ?? authorityForCloud(auth.authority ?? DEFAULT_AUTHORITY, auth.azureCloudOptions);
  requireFunctions(system.clock, "system.clock", "Clock", ["now"]);
  requireFunction(system.loggerOptions?.loggerCallback, "system.loggerOptions.loggerCallback");
  requireFunction(system.onBackgroundRenewal, "system.onBackgroundRenewal");
  checkBroker(broker?.nativeBrokerPlugin);
  const { appName, appVersion } = telemetry?.application ?? {};
  return {
    clientId: auth.clientId,
    authority,
    protocolMode,
    knownAuthorities: strings(auth.knownAuthorities, "auth.knownAuthorities"),
    cloudMetadata: json(
      auth.cloudDiscoveryMetadata,
      "auth.cloudDiscoveryMetadata",
      "invalid_cloud_discovery_metadata",
    ),
    authorityMetadata: json(auth.authorityMetadata, "auth.authorityMetadata", "invalid_authority_metadata"),
    instanceAware: flag(auth.instanceAware, "auth.instanceAware"),
    extraParameters: texts(auth.extraParameters, "auth.extraParameters"),
    extraAuthorizationParameters: texts(
      auth.extraAuthorizationParameters,
      "auth.extraAuthorizationParameters",
    ),
    excludeScopes: strings(auth.excludeScopes, "auth.excludeScopes"),
    capabilities: strings(auth.clientCapabilities, "auth.clientCapabilities"),
    authMethod: checkedAuthMethod(metadata.token_endpoint_auth_method, credential, system),
    ...checkedResponses(metadata, auth),
    requiresPkceSupport: flag(auth.isMcp, "auth.isMcp"),
    authorizationRequests: checkedAuthorizationRequests(metadata, auth),
    cache: checkedCache(withoutNull(cache ?? {})),
    http: checkedHttp(system, reachOf(sections.system)),
    retries: checkedRetries(system),
    callTimeoutMs: checkedCallTimeout(system),
    clock: system.clock ?? systemClock,
    onBackgroundRenewal: system.onBackgroundRenewal,
    loggerOptions: withoutNull(system.loggerOptions ?? {}),
    library: {
      sku: "tessera.node",
      version,
      os: process.platform,
      cpu: process.arch,
      ...(appName ? { appName } : {}),
      ...(appVersion ? { appVersion } : {}),
    },
  };
}

function checkedMode(auth: NodeAuthOptions, system: NodeSystemOptions): ProtocolMode {
  if (auth.oidcAuthority !== undefined) {
    if (auth.authority !== undefined) {
      throw invalidOption("auth.oidcAuthority", "is set as well as auth.authority", "set only one of them");
    }
    return ProtocolMode.OIDC;
  }
  const mode = system.protocolMode ?? ProtocolMode.AAD;
  if (mode === ProtocolMode.AAD || mode === ProtocolMode.OIDC) return mode;
  throw invalidOption("system.protocolMode", `is "${mode}"`, "use ProtocolMode.AAD or ProtocolMode.OIDC");
}

function checkedAuthMethod(
  method: string | undefined,
  { kind }: ClientCredential,
  { networkClient, dispatcher }: NodeSystemOptions,
): AuthMethod | undefined {
  if (method === undefined) return undefined;
  const field = "auth.clientMetadata.token_endpoint_auth_method";
  const known: readonly AuthMethod[] = AUTH_METHODS[kind];
  const found = known.find((name) => name === method);
  if (!found)
    throw invalidOption(field, `is "${method}"`, `with this credential (${kind}) use ${known.join(", ")}`);
  if ((networkClient || dispatcher) && found.includes("tls_client_auth")) {
    throw invalidOption(
      field,
      `is "${method}" with system.${networkClient ? "networkClient" : "dispatcher"}`,
      "omit one of them: only the built-in client presents a certificate",
    );
  }
  return found;
}

function checkedCache({
  cachePlugin,
  store,
  maxPartitions,
  onUnreadable = "refuse",
  ...seconds
}: CacheOptions): NonNullable<ClientOptions["cache"]> {
  if (cachePlugin && store)
    throw invalidOption("cache.store", "is set as well as cache.cachePlugin", "set only one of them");
  requireFunctions(cachePlugin, "cache.cachePlugin", "ICachePlugin", [
    "beforeCacheAccess",
    "afterCacheAccess",
  ]);
  requireFunctions(store, "cache.store", "TokenStore", ["load", "update", "list", "inTurn"]);
  if (maxPartitions !== undefined && !(Number.isSafeInteger(maxPartitions) && maxPartitions > 0)) {
    throw invalidOption("cache.maxPartitions", `is ${String(maxPartitions)}`, "pass a positive whole number");
  }
  if (onUnreadable !== "refuse" && onUnreadable !== "ignore") {
    throw invalidOption("cache.onUnreadable", `is "${onUnreadable as string}"`, 'use "refuse" or "ignore"');
  }
  return {
    ...seconds,
    plugin: cachePlugin ?? undefined,
    store: store ?? undefined,
    // A plugin stores the whole cache, so an eviction from memory would also remove the entries from its storage.
    maxPartitions: cachePlugin ? Number.MAX_SAFE_INTEGER : (maxPartitions ?? DEFAULT_MAX_PARTITIONS),
    onUnreadable,
  };
}

function checkBroker(plugin: INativeBrokerPlugin | undefined): void {
  if (!plugin?.isBrokerAvailable) return;
  const calls = ["getAllAccounts", "acquireTokenSilent", "acquireTokenInteractive", "signOut"];
  requireFunctions(plugin, "broker.nativeBrokerPlugin", "INativeBrokerPlugin", ["setLogger", ...calls]);
}

function checkedHttp(
  { networkClient, dispatcher, proxy, ca, maxConnections }: NodeSystemOptions,
  reach: Reach | undefined,
): HttpClient {
  if (networkClient) {
    requireFunctions(networkClient, "system.networkClient", "INetworkModule", [
      "sendGetRequestAsync",
      "sendPostRequestAsync",
    ]);
    return fromNetworkModule(networkClient, reach);
  }
  requireFunctions(dispatcher, "system.dispatcher", "undici's Dispatcher", ["dispatch"]);
  if (dispatcher && proxy)
    throw invalidOption("system.dispatcher", "is given beside system.proxy", "give one of them");
  if (proxy !== undefined && proxy !== false && !isHttpUrl(proxy)) {
    // The value may hold a password.
    throw invalidOption(
      "system.proxy",
      "is not an http or https URL",
      'pass one such as "http://proxy.example:8080", or false',
    );
  }
  const certificates = ca === undefined ? [] : strings(Array.isArray(ca) ? ca : [ca], "system.ca");
  if (certificates.some((pem) => !pem.includes("-----BEGIN CERTIFICATE-----"))) {
    throw invalidOption(
      "system.ca",
      "holds a string that is not a PEM certificate",
      "pass the content of the .pem file, not its path",
    );
  }
  const most = checkedMaxConnections(maxConnections);
  const limits = reach && { reach };
  return sharedHttpClient({ dispatcher, proxy, ca: certificates, maxConnections: most, limits });
}

function json(
  value: string | undefined,
  field: string,
  code: "invalid_cloud_discovery_metadata" | "invalid_authority_metadata",
): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined || value === "") return undefined;
  const parsed = typeof value === "string" ? parseJsonObject(value) : undefined;
  if (parsed) return parsed;
  throw clientConfigurationError(
    code,
    `${field} is not a string holding a JSON object: pass the response body exactly as received.`,
  );
}
