import {
  createClient,
  Logger,
  type AccountInfo,
  type Client,
  type ClientCredential,
  type ClientOptions,
  type TokenCache,
} from "@tessera/core";
import {
  onlyProvidersAccount,
  requireAccount,
  requireRequest,
  wrongType,
  authorityForCloud,
  version,
  type AccountFilter,
  type AzureCloudOptions,
} from "@tessera/core/internal";
import { checkConfiguration } from "./check-configuration.js";
import { closeClient } from "./close-client.js";
import type { Configuration } from "./configuration.js";
import { FailureLog } from "./failure-log.js";
import type { SignOutRequest } from "./requests.js";
import { appConfiguration, type AppConfiguration } from "./msal/app-configuration.js";
import { requireOwnClient, type MsalRequest } from "./msal/msal-request.js";
import { checkMembers } from "./configuration-members.js";
import { Telemetry } from "./telemetry/telemetry.js";

/** What to pass to `signOut`, for the message. */
export const SIGN_OUT = "pass signOut({ account }) with one from getAllAccounts() or from an earlier result";

/** Base class of all applications. {@link EndpointsApplication} adds the endpoints around the tokens. */
export abstract class Application {
  /** The client that the flows run on. */
  protected readonly client: Client;
  /** Traces and metrics. */
  protected readonly telemetry: Telemetry;
  readonly #config: AppConfiguration;
  #logger: Logger;
  readonly #azureCloud: AzureCloudOptions | undefined;
  /** Closes the connections. */
  protected readonly closeConnections: () => Promise<void>;
  /** Logs why public methods fail. */
  protected readonly failures = new FailureLog(() => this.#logger);

  /**
   * @param configuration the application's configuration
   * @param credential the application's credential
   * @param own what no configuration can say
   * @throws ClientConfigurationError for any mistake, before anything is sent
   */
  protected constructor(
    configuration: Configuration,
    credential: ClientCredential,
    own: Pick<ClientOptions, "separatesResources"> = {},
  ) {
    checkMembers(configuration);
    const { loggerOptions, ...options } = checkConfiguration(configuration, credential);
    this.#logger = new Logger(loggerOptions, "@tessera/node", version);
    this.#config = appConfiguration(configuration);
    this.#azureCloud = configuration.auth.azureCloudOptions;
    this.closeConnections = () => closeClient(this.client, options.http);
    const logger = (): Logger => this.#logger;
    this.telemetry = new Telemetry(configuration.telemetry, options.clock, logger);
    this.client = createClient({ ...options, ...own, credential, logger, observer: this.telemetry.observer });
  }

  /** What the application was configured with, for subclasses. An accessor: a printed application shows no secret. */
  protected get config(): AppConfiguration {
    return this.#config;
  }
  /** The logger, for subclasses. */
  protected get logger(): Logger {
    return this.#logger;
  }
  protected set logger(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Returns the token cache.
   *
   * @example
   * ```ts
   * const { hits, misses } = app.getTokenCache().stats();
   * ```
   */
  getTokenCache(): TokenCache {
    return this.client.cache;
  }

  /**
   * Returns all known users, with one entry for each tenant a user is known in.
   *
   * @example
   * ```ts
   * const usernames = (await app.getAllAccounts()).map(({ username }) => username);
   * ```
   */
  async getAllAccounts(): Promise<AccountInfo[]> {
    return this.client.cache.getAllAccounts();
  }

  /**
   * Returns the users that match a filter, with one entry for each tenant a user is known in.
   *
   * @example
   * ```ts
   * const [account] = await app.getAccounts({ username: "alice@contoso.example" });
   * ```
   */
  async getAccounts(filter: AccountFilter = {}): Promise<AccountInfo[]> {
    return this.client.cache.getAccounts(filter);
  }

  /**
   * Returns the user with a home account id, or `null`. In an app that trusts several identity providers, use
   * {@link getAccounts} with the id and `authority`, because each provider can issue any id.
   *
   * @example
   * ```ts
   * const account = await app.getAccountByHomeId(session.homeAccountId);
   * ```
   * @throws ClientAuthError `multiple_matching_accounts` when users of several providers have this id
   */
  async getAccountByHomeId(homeAccountId: string): Promise<AccountInfo | null> {
    return this.#onlyAccount("homeAccountId", homeAccountId);
  }

  /**
   * Returns the user with an id in any tenant, or `null`.
   *
   * @example
   * ```ts
   * const found = await app.getAccountByLocalId(account.localAccountId); // Entra: the claim oid
   * ```
   * @throws ClientAuthError `multiple_matching_accounts`, as {@link getAccountByHomeId}
   */
  async getAccountByLocalId(localAccountId: string): Promise<AccountInfo | null> {
    return this.#onlyAccount("localAccountId", localAccountId);
  }

  /**
   * Removes a user of one identity provider: the account and all tokens.
   *
   * @example
   * ```ts
   * for (const account of await app.getAllAccounts()) await app.removeAccount(account);
   * ```
   */
  async removeAccount(account: AccountInfo): Promise<void> {
    return this.client.cache.removeAccount(account);
  }

  /**
   * Removes a user. The session at the identity provider continues; to end it, use {@link buildEndSessionUrl}.
   *
   * @example
   * ```ts
   * await app.signOut({ account });
   * ```
   * @throws ClientConfigurationError `invalid_option` when the request has no account
   */
  async signOut(request: SignOutRequest): Promise<void> {
    requireAccount(request?.account, SIGN_OUT);
    return this.removeAccount(request.account);
  }

  /**
   * Clears the cache in memory. A cache plugin or store keeps its content.
   *
   * @example
   * ```ts
   * app.clearCache();
   * ```
   */
  clearCache(): void {
    this.client.cache.clear();
  }

  /**
   * Returns the logger.
   *
   * @example
   * ```ts
   * app.getLogger().info("The job has started.");
   * ```
   */
  getLogger(): Logger {
    return this.#logger;
  }

  /**
   * Replaces the logger.
   *
   * @example
   * ```ts
   * const loggerCallback = (level: LogLevel, message: string) => console.log(message);
   * app.setLogger(new Logger({ loggerCallback, logLevel: LogLevel.Verbose }));
   * ```
   */
  setLogger(logger: Logger): void {
    if (typeof logger?.verbose !== "function") throw wrongType("logger", logger, "a Logger");
    this.#logger = logger;
  }

  /** Runs a public method, and logs why it fails. The method itself is not `async`: a cache hit makes one promise. */
  protected async logged<T>(
    method: string,
    request: { readonly correlationId?: string },
    run: () => T | Promise<T>,
  ): Promise<T> {
    let result: T | Promise<T>;
    try {
      result = this.telemetry.isOn() ? this.telemetry.operation(method, run) : run();
    } catch (error) {
      throw this.failures.noted(method, request, error);
    }
    return result instanceof Promise ? this.failures.watched(method, request, result) : result;
  }

  /** Checks the fields common to all requests. */
  protected checked<R extends MsalRequest>(request: R): R {
    return this.checkedFields(request);
  }

  async #onlyAccount(field: "homeAccountId" | "localAccountId", id: string): Promise<AccountInfo | null> {
    const found = typeof id === "string" && id ? await this.getAccounts({ [field]: id }) : [];
    return onlyProvidersAccount(found, field, this.client.authorities);
  }

  /** The same, for requests that do not need a resource even in MCP mode. */
  protected checkedFields<R extends MsalRequest>(request: R): R {
    requireRequest(request);
    requireOwnClient(request);
    const cloud = request.azureCloudOptions ?? (request.authority ? this.#azureCloud : undefined);
    if (!cloud) return request;
    const requested = request.authority || this.client.defaultAuthority;
    const authority = authorityForCloud(requested, cloud);
    // The request's cloud options name its authority, and so its tenant, as `authority` does.
    return authority === requested ? request : { ...request, authority };
  }
}
