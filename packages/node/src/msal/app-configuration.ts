import { LogLevel, ProtocolMode, type LoggerOptions } from "@tessera/core";
import { DEFAULT_AUTHORITY } from "../check-configuration.js";
import type {
  BrokerOptions,
  CacheOptions,
  Configuration,
  NodeAuthOptions,
  NodeSystemOptions,
  NodeTelemetryOptions,
} from "../configuration.js";

type Filled<Options, Fields extends keyof Options> = Options & Required<Pick<Options, Fields>>;

/** The configuration of an application as its subclasses find it: the sections are there, and the defaults filled in. */
export interface AppConfiguration {
  auth: Filled<
    NodeAuthOptions,
    | "authority"
    | "clientSecret"
    | "clientAssertion"
    | "knownAuthorities"
    | "cloudDiscoveryMetadata"
    | "authorityMetadata"
    | "clientCapabilities"
    | "isMcp"
  >;
  broker: BrokerOptions;
  cache: CacheOptions;
  system: Filled<NodeSystemOptions, "loggerOptions" | "disableInternalRetries" | "protocolMode">;
  telemetry: Filled<NodeTelemetryOptions, "application">;
}

const LOGGER_OPTIONS: LoggerOptions = {
  loggerCallback: () => undefined,
  piiLoggingEnabled: false,
  logLevel: LogLevel.Info,
};

/** Fills in the defaults as MSAL does, which its subclasses read without asking whether they are there. */
export function appConfiguration({
  auth,
  broker,
  cache,
  system,
  telemetry,
}: Configuration): AppConfiguration {
  return {
    auth: {
      authority: auth.oidcAuthority ?? DEFAULT_AUTHORITY,
      clientSecret: "",
      clientAssertion: "",
      knownAuthorities: [],
      cloudDiscoveryMetadata: "",
      authorityMetadata: "",
      clientCapabilities: [],
      isMcp: false,
      ...auth,
    },
    broker: { ...broker },
    cache: { ...cache },
    system: {
      loggerOptions: LOGGER_OPTIONS,
      disableInternalRetries: false,
      protocolMode: auth.oidcAuthority === undefined ? ProtocolMode.AAD : ProtocolMode.OIDC,
      ...system,
    },
    telemetry: { application: { appName: "", appVersion: "" }, ...telemetry },
  };
}
