import { DEFAULT_RETRIES, invalidOption } from "@tessera/core/internal";
import type { NodeSystemOptions } from "./configuration.js";
import { MOST_CONNECTIONS } from "./http/lanes.js";

/** Further attempts that still end within the time of a call. */
const MOST_RETRIES = 10;

/**
 * Returns how often a request that failed is sent again.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedRetries({ retries, disableInternalRetries }: NodeSystemOptions): number {
  if (disableInternalRetries) {
    if (retries)
      throw invalidOption(
        "system.retries",
        "is given beside system.disableInternalRetries",
        "give one of them",
      );
    return 0;
  }
  if (retries === undefined) return DEFAULT_RETRIES;
  if (Number.isInteger(retries) && retries >= 0 && retries <= MOST_RETRIES) return retries;
  throw invalidOption(
    "system.retries",
    `is ${JSON.stringify(retries)}`,
    `pass a whole number from 0 to ${MOST_RETRIES}`,
  );
}

/**
 * Returns the milliseconds that the requests of a call may take together.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedCallTimeout({ callTimeoutMs }: NodeSystemOptions): number | undefined {
  if (callTimeoutMs === undefined || (Number.isFinite(callTimeoutMs) && callTimeoutMs > 0))
    return callTimeoutMs;
  throw invalidOption(
    "system.callTimeoutMs",
    `is ${JSON.stringify(callTimeoutMs)}`,
    "pass a positive number of milliseconds",
  );
}

/**
 * Returns the most connections to one host.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedMaxConnections(maxConnections: number | undefined): number {
  if (maxConnections === undefined) return MOST_CONNECTIONS;
  if (Number.isInteger(maxConnections) && maxConnections > 0) return maxConnections;
  throw invalidOption(
    "system.maxConnections",
    `is ${JSON.stringify(maxConnections)}`,
    "pass a whole number above 0",
  );
}
