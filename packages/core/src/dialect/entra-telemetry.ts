import type { Region } from "../authority/region.js";
import type { Miss } from "../request/miss.js";
import { isAuthError } from "../errors/errors.js";
import { mayPass } from "../http/retry-policy.js";
import type { Parameters } from "../request/parameters.js";

/** Identifies the library and the app to Entra. */
export interface LibraryInfo {
  readonly sku: string;
  readonly version: string;
  readonly os: string;
  readonly cpu: string;
  /** The app's own name and version, if configured. */
  readonly appName?: string;
  readonly appVersion?: string;
}

/** Public methods and their codes in Entra's telemetry. */
export const ApiId = {
  silent: 62,
  usernamePassword: 371,
  deviceCode: 671,
  clientCredential: 771,
  onBehalfOf: 772,
  userFederatedIdentity: 774,
  authorizationCode: 871,
  refreshToken: 872,
  integratedWindowsAuth: 1002,
} as const;
/** One of {@link ApiId}. */
export type ApiId = (typeof ApiId)[keyof typeof ApiId];

/** The code of each miss in Entra's telemetry. */
const CACHE_OUTCOME: Readonly<Record<Miss, number>> = {
  uncached: 0,
  forced: 1,
  not_found: 2,
  expired: 3,
  due: 4,
};

const MAX_ERRORS = 50;
const MAX_LAST_LENGTH = 330;

/** Adds the library and app parameters that Entra expects in every authorization and token request. */
export function addLibraryInfo(parameters: Parameters, info: LibraryInfo, capability: boolean): void {
  parameters
    .set("x-client-SKU", info.sku)
    .set("x-client-VER", info.version)
    .set("x-client-OS", info.os)
    .set("x-client-CPU", info.cpu)
    .set("x-app-name", info.appName)
    .set("x-app-ver", info.appVersion);
  if (capability) parameters.set("x-ms-lib-capability", "retry-after, h429");
}

/**
 * Collects Entra's server telemetry (schema 5) for the next request: silent cache hits, and the codes of failed
 * requests. It is never sent to providers other than Entra.
 */
export class ServerTelemetry {
  #silentHits = 0;
  #failures: { readonly apiId: ApiId; readonly correlationId: string; readonly error: string }[] = [];

  /** Counts a token returned from the cache. */
  countHit(): void {
    this.#silentHits += 1;
  }

  /** Records a failed request. */
  noteFailure(apiId: ApiId, correlationId: string, error: unknown): void {
    const code = isAuthError(error) ? error.subError || error.errorCode : "unknown_error";
    this.#failures.push({ apiId, correlationId, error: code });
    if (this.#failures.length > MAX_ERRORS) this.#failures.shift();
  }

  /** Adds both telemetry parameters. */
  addTo(parameters: Parameters, apiId: ApiId, miss: Miss, region?: Region): void {
    const { name = "", source = "", outcome: found = "" } = region ?? {};
    parameters.set(
      "x-client-current-telemetry",
      `5|${apiId},${CACHE_OUTCOME[miss]},${name},${source},${found}|,`,
    );
    parameters.set("x-client-last-telemetry", this.#last());
  }

  /** Clears the report after the server has received it. */
  reset(status: number): void {
    if (mayPass(status)) return;
    this.#silentHits = 0;
    this.#failures = [];
  }

  #last(): string {
    for (let count = this.#failures.length; ; count -= 1) {
      const sent = this.#failures.slice(0, count);
      const requests = sent.map(({ apiId, correlationId }) => `${apiId},${correlationId}`).join(",");
      const errors = sent.map(({ error }) => error).join(",");
      const overflow = count < this.#failures.length ? 1 : 0;
      const text = `5|${this.#silentHits}|${requests}|${errors}|${this.#failures.length},${overflow}`;
      if (text.length <= MAX_LAST_LENGTH || count === 0) return text;
    }
  }
}
