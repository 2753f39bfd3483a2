import type { ConfigOptions } from "./config.js";
import { LocalAuthorityConfigurationError, checkKeys } from "./config-checks.js";

/** How to start. Everything may be left out. */
export interface LocalAuthorityOptions extends ConfigOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** `true`: plain HTTP instead of HTTPS. */
  readonly http?: boolean;
  /** Path of a file into which the certificate of the authority's own CA is written, as PEM. */
  readonly caFile?: string;
  /** Tells the time, milliseconds since the epoch; `advanceClock` adds to it. Default `Date.now`. */
  readonly clock?: () => number;
}

/** @throws {LocalAuthorityConfigurationError} for what `resolveConfig` does not look at */
export function checkOptions(options: LocalAuthorityOptions): void {
  checkKeys("", options, optionNames);
  const { port = 0, http = false, caFile, clock } = options;
  const refuse = (field: string, value: unknown, remedy: string) => {
    throw new LocalAuthorityConfigurationError(field, value, remedy);
  };
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    refuse("port", port, "give a whole number from 0 to 65535");
  if (typeof http !== "boolean") refuse("http", http, "give true or false");
  if (caFile !== undefined && (typeof caFile !== "string" || caFile === "")) {
    refuse("caFile", caFile, "give the path of a file");
  }
  if (caFile !== undefined && http)
    refuse("caFile", caFile, "leave it out: with plain HTTP there is no certificate");
  if (clock !== undefined && typeof clock !== "function") {
    refuse("clock", clock, "give a function that returns milliseconds since the epoch");
  }
}

const optionNames: readonly (keyof LocalAuthorityOptions)[] = [
  "port",
  "http",
  "caFile",
  "clock",
  "tenants",
  "lifetimes",
  "deviceCode",
  "extExpiresIn",
  "refreshIn",
  "refreshTokenRotation",
  "resources",
  "conditionalAccess",
  "instanceMetadata",
];
