import { elapsed, type Clock } from "../clock.js";
import { isObject, parseJsonObject, percentEncode } from "../encoding.js";
import { clientConfigurationError } from "../errors/errors.js";
import { SingleFlight } from "../flight/single-flight.js";
import type { HttpResponse } from "../http/http-client.js";
import type { Call, Transport } from "../http/transport.js";
import { withinCallTime } from "../http/within-call-time.js";
import type { Authority } from "./authority.js";
import { endpointOf } from "./endpoint.js";
import { knownCloud } from "./clouds.js";

/** The configured region, before detection. */
export interface RegionAsk {
  /** A region such as `westus2`, or `TryAutoDetect`. */
  readonly azureRegion: string;
  /** Value of the environment variable `REGION_NAME`. */
  readonly environmentRegion: string | undefined;
}

/** A region, and how it was determined, in the codes of Entra's telemetry. */
export interface Region {
  readonly name: string | undefined;
  /** 1: detection failed; 2: cached; 3: environment variable; 4: instance metadata. */
  readonly source: 1 | 2 | 3 | 4 | undefined;
  /** 2: named by the caller; 4: detected; 5: not detected. */
  readonly outcome: 2 | 4 | 5;
}

/** Value of `azureRegion` that requests detection. */
export const TRY_AUTO_DETECT = "TryAutoDetect";

const INSTANCE_METADATA = "http://169.254.169.254/metadata/instance/compute";
const API_VERSION = "2021-02-01";
const METADATA_TIMEOUT_MS = 2000;
/** Outside Azure, detection fails and is not retried for this long. */
const FAILURE_LIFETIME_MS = 300_000;

/**
 * Refuses a region name that is not valid, rather than fall back to the global endpoint.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkRegion({ azureRegion }: RegionAsk, correlationId: string): void {
  if (azureRegion === TRY_AUTO_DETECT || regionName(azureRegion)) return;
  throw clientConfigurationError(
    "invalid_option",
    `azureRegion (or MSAL_FORCE_REGION) is ${JSON.stringify(azureRegion)}: pass the name of a region, such as westus2, or TryAutoDetect.`,
    { correlationId },
  );
}

/** Detects the Azure region of the process, from the environment or else from the instance metadata service. */
export class RegionDetector {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #flights = new SingleFlight();
  #found: string | undefined;
  #failedAt: number | undefined;

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /**
   * Returns the region to use. Without one, the global endpoint is used.
   *
   * @throws ClientAuthError `network_error` when the time of the call is over before the machine has told its region
   */
  async resolve({ azureRegion, environmentRegion }: RegionAsk, call: Call): Promise<Region> {
    if (azureRegion !== TRY_AUTO_DETECT) {
      return { name: regionName(azureRegion), source: undefined, outcome: 2 };
    }
    const fromEnvironment = regionName(environmentRegion);
    if (fromEnvironment) return { name: fromEnvironment, source: 3, outcome: 4 };
    if (this.#found) return { name: this.#found, source: 2, outcome: 4 };
    const recently =
      this.#failedAt !== undefined && elapsed(this.#clock) - this.#failedAt < FAILURE_LIFETIME_MS;
    const detected = recently ? undefined : await this.#detectOnce(call);
    return detected ? { name: detected, source: 4, outcome: 4 } : { name: undefined, source: 1, outcome: 5 };
  }

  /** Runs once for concurrent calls, because the service throttles frequent requests. */
  #detectOnce(call: Call): Promise<string | undefined> {
    return withinCallTime(call, "region of this machine", () =>
      // The outcome is kept even if this call has run out of time: it is about the machine, not about the call.
      this.#flights.run("detect", call.signal, async (signal) => {
        const detected = await this.#detect({ ...call, signal, budget: call.budget?.renewed() });
        if (detected) this.#found = detected;
        else this.#failedAt = elapsed(this.#clock);
        return detected;
      }),
    );
  }

  async #detect(call: Call): Promise<string | undefined> {
    try {
      const response = await this.#ask(`api-version=${API_VERSION}`, call);
      if (response.status !== 400) return locationOf(response);
      // A request without a version returns the supported versions.
      const versions = parseJsonObject((await this.#ask("format=json", call)).body)?.["newest-versions"];
      const newest: unknown = Array.isArray(versions) ? versions[0] : undefined;
      return typeof newest === "string"
        ? locationOf(await this.#ask(`api-version=${percentEncode(newest)}`, call))
        : undefined;
    } catch (error) {
      if (call.signal?.aborted) throw error;
      return undefined;
    }
  }

  #ask(query: string, call: Call): Promise<HttpResponse> {
    const options = { headers: { Metadata: "true" }, timeoutMs: METADATA_TIMEOUT_MS };
    return this.#transport.get(`${INSTANCE_METADATA}?${query}`, call, options);
  }
}

/**
 * Returns the authority with the token endpoint of a region: `{region}.login.microsoft.com`, or `{region}.{host}` in
 * other clouds.
 */
export function regionalAuthority(authority: Authority, region: string | undefined): Authority {
  if (!region || authority.url.kind !== "entra") return authority;
  const endpoint = new URL(endpointOf(authority, "token_endpoint"));
  const isPublic = knownCloud(endpoint.host)?.preferredNetwork === "login.microsoftonline.com";
  const host = isPublic ? `${region}.login.microsoft.com` : `${region}.${endpoint.host}`;
  const metadata = {
    ...authority.metadata,
    token_endpoint: `${endpoint.protocol}//${host}${endpoint.pathname}`,
  };
  return { ...authority, metadata };
}

/** Returns a region as a host label (`East US` becomes `eastus`), or `undefined` if it is not a valid label. */
export function regionName(text: string | undefined): string | undefined {
  const name = typeof text === "string" ? text.replace(/\s/g, "").toLowerCase() : "";
  return /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name) ? name : undefined;
}

function locationOf({ status, body }: HttpResponse): string | undefined {
  const parsed = status === 200 ? parseJsonObject(body) : undefined;
  const location = isObject(parsed) ? parsed["location"] : undefined;
  return typeof location === "string" ? regionName(location) : undefined;
}
