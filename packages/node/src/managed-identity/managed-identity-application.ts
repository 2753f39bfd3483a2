import {
  clientCredentials,
  createClient,
  Logger,
  type AuthenticationResult,
  type Client,
} from "@tessera/core";
import {
  clientConfigurationError,
  freshAppTokens,
  newCorrelationId,
  requireRequest,
  systemClock,
  version,
  withoutNull,
  wrongType,
  type ClientCredentialsHost,
  type FreshHits,
} from "@tessera/core/internal";
import { requireFunctions, strings } from "../check-values.js";
import { FailureLog } from "../failure-log.js";
import { offerFreshTokens } from "../fresh-tokens.js";
import { checkMembers } from "../configuration-members.js";
import { Telemetry } from "../telemetry/telemetry.js";
import {
  MEMBERS,
  userAssignedIn,
  type ManagedIdentityConfiguration,
  type ManagedIdentityRequestParams,
} from "./configuration.js";
import { httpClients } from "./http-clients.js";
import { managedIdentityTokens } from "./managed-identity-tokens.js";
import { sharedBy } from "./shared-cache.js";
import type { ManagedIdentitySourceNames } from "./source.js";
import { sourceIn } from "./sources.js";

/** Programs use few resources; names that they generate must not exhaust memory. */
const MOST_KNOWN = 100;

const HOST = "login.microsoftonline.com";
const AUTHORITY = `https://${HOST}/managed_identity/`;
const SYSTEM_ASSIGNED = "system_assigned_managed_identity";

/** The names under which MSAL Node caches and returns the tokens. Nothing is sent to this host. */
const CLOUD = { metadata: [{ preferred_network: HOST, preferred_cache: HOST, aliases: [HOST] }] };

/**
 * An application that uses the managed identity of its host, and so needs no credential of its own: App Service,
 * Functions, Container Apps, virtual machines, AKS nodes, Azure Arc, Cloud Shell, Service Fabric, Machine Learning.
 *
 * @example
 * ```ts
 * const app = new ManagedIdentityApplication();
 * const { accessToken } = await app.acquireToken({ resource: "https://vault.azure.net" });
 * ```
 */
export class ManagedIdentityApplication {
  readonly #client: Client;
  readonly #host: ClientCredentialsHost;
  readonly #failures: FailureLog;
  readonly #telemetry: Telemetry;
  /** Look-ups in the cache, by the resource as it is written. */
  readonly #known = new Map<string, FreshHits>();

  /**
   * Creates an application for the identity of the host. Nothing is sent; one object serves the whole process.
   *
   * @param configuration `managedIdentityIdParams` names a user-assigned identity
   * @throws ManagedIdentityError `invalid_managed_identity_id_type` for more than one id; ClientConfigurationError for any
   * other mistake
   */
  constructor(configuration: ManagedIdentityConfiguration = {}) {
    checkMembers(configuration ?? {}, MEMBERS);
    const { clientCapabilities, managedIdentityIdParams, system: options } = withoutNull(configuration ?? {});
    const system = withoutNull(options ?? {});
    const { clock, disableInternalRetries, loggerOptions, networkClient, onBackgroundRenewal } = system;
    if (onBackgroundRenewal !== undefined && typeof onBackgroundRenewal !== "function")
      throw wrongType("system.onBackgroundRenewal", onBackgroundRenewal, "a function");
    requireFunctions(clock, "system.clock", "Clock", ["now"]);
    const identity = userAssignedIn(managedIdentityIdParams);
    const logger = new Logger(withoutNull(loggerOptions ?? {}), "@tessera/node", version);
    this.#failures = new FailureLog(() => logger);
    this.#telemetry = new Telemetry(undefined, clock ?? systemClock, () => logger);
    const httpWith = httpClients(system);
    const own = createClient({
      clientId: identity?.id ?? SYSTEM_ASSIGNED,
      authority: AUTHORITY,
      cloudMetadata: CLOUD,
      capabilities: strings(clientCapabilities, "clientCapabilities"),
      http: httpWith({}),
      logger: () => logger,
      observer: this.#telemetry.observer,
      ...(clock ? { clock } : {}),
      onBackgroundRenewal,
    });
    const shared = sharedBy(clock, () => own);
    // Requests through an app's own client are not shared with other applications.
    const { flights, failures } = networkClient ? own : shared;
    this.#client = { ...own, ...shared, flights, failures };
    const retries = !disableInternalRetries;
    const { clientId, capabilities } = own;
    const source = managedIdentityTokens({ client: this.#client, identity, retries, httpWith });
    this.#host = {
      source: networkClient ? source : { ...source, sharedAs: [clientId, capabilities, retries] },
    };
    offerFreshTokens(this, ({ scopes: [resource = ""] }) =>
      freshAppTokens(this.#client, { scopes: [resourceOf({ resource })] }),
    );
  }

  /**
   * Returns a token of the managed identity from the cache, or acquires it with one request for all concurrent callers of
   * all applications in the process with the same identity.
   *
   * @throws ClientConfigurationError `empty_url_error` without a resource; ClientAuthError `network_error` where there is
   * no managed identity; ServerError when the host refuses; ManagedIdentityError
   * @example
   * ```ts
   * const app = new ManagedIdentityApplication({ managedIdentityIdParams: { userAssignedClientId: clientId } });
   * const { accessToken } = await app.acquireToken({ resource: "https://management.azure.com" });
   * ```
   */
  async acquireToken(request: ManagedIdentityRequestParams): Promise<AuthenticationResult> {
    let result: AuthenticationResult | Promise<AuthenticationResult>;
    try {
      const now = (): typeof result => this.#hit(request) ?? this.#acquired(request);
      result = this.#telemetry.isOn() ? this.#telemetry.operation("acquireToken", now) : now();
    } catch (error) {
      throw this.#failures.noted("acquireToken", request, error);
    }
    return result instanceof Promise ? this.#failures.watched("acquireToken", request, result) : result;
  }

  /**
   * Returns the source that the environment offers; `DefaultToImds` if it names none.
   *
   * @example
   * ```ts
   * const source = new ManagedIdentityApplication().getManagedIdentitySource();
   * console.log(source === ManagedIdentitySourceNames.APP_SERVICE ? "an App Service" : source);
   * ```
   */
  getManagedIdentitySource(): ManagedIdentitySourceNames {
    return sourceIn(process.env).name;
  }

  /** Finds the token of a request that was made before, and is not about more than its resource. */
  #hit(request: ManagedIdentityRequestParams): AuthenticationResult | undefined {
    if (
      !request ||
      request.claims ||
      request.forceRefresh ||
      request.correlationId ||
      request.refusedToken ||
      request.renewalMarginSeconds !== undefined
    )
      return undefined;
    return this.#known.get(request.resource)?.result(newCorrelationId());
  }

  #acquired(request: ManagedIdentityRequestParams): Promise<AuthenticationResult> {
    requireRequest(request);
    const { claims, correlationId, refusedToken, renewalMarginSeconds, signal, timeoutMs } = request;
    const scopes = [resourceOf(request)];
    if (!this.#known.has(request.resource) && this.#known.size < MOST_KNOWN)
      this.#known.set(request.resource, freshAppTokens(this.#client, { scopes }));
    return clientCredentials(
      this.#client,
      {
        scopes,
        skipCache: request.forceRefresh,
        claims,
        correlationId,
        refusedToken,
        renewalMarginSeconds,
        signal,
        timeoutMs,
      },
      this.#host,
    );
  }
}

const DEFAULT_SCOPE = "/.default";

function resourceOf({ resource }: ManagedIdentityRequestParams): string {
  if (typeof resource !== "string" && resource) throw wrongType("resource", resource, "a string");
  const named = resource?.endsWith(DEFAULT_SCOPE) ? resource.slice(0, -DEFAULT_SCOPE.length) : resource;
  if (named) return named;
  throw clientConfigurationError(
    "empty_url_error",
    'resource is missing or empty: pass the resource URI of the API, such as "https://vault.azure.net".',
  );
}
