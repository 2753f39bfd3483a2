import {
  authorityForCloud,
  AuthorityResolver,
  authorizationUrl,
  AzureCloudInstance,
  completeAuthCodeFlow,
  createAuthenticator,
  createTransport,
  endSessionUrl,
  importRefreshToken,
  initiateAuthCodeFlow,
  KeySource,
  Logger,
  onlyProvidersAccount,
  PartitionedCache,
  redeemCode,
  RegionDetector,
  Renewals,
  requiredText,
  requireRequest,
  ServerTelemetry,
  silent,
  SingleFlight,
  Throttle,
  TokenCache,
  tokenRequest,
  UsedFlows,
  usernamePassword,
  withinBounds,
  withoutNull,
  type AccountFilter,
  type AccountInfo,
  type AuthCodeFlow,
  type AuthenticationResult,
  type AzureCloudOptions,
  type BaseRequest,
  type Client,
  type ClientCredential,
  type TokenRequest,
} from "@tessera/core";
import { checkConfiguration } from "./check-configuration.js";
import type { Configuration } from "./configuration.js";
import type {
  AuthCodeFlowRequest,
  AuthorizationCodePayload,
  AuthorizationCodeRequest,
  AuthorizationUrlRequest,
  EndSessionRequest,
  RefreshTokenRequest,
  SignOutRequest,
  SilentFlowRequest,
  UsernamePasswordRequest,
} from "./requests.js";
import { requireOwnClient, type MsalRequest } from "./msal/msal-request.js";
import { version } from "./version.js";

/**
 * What public and confidential clients share: the token cache, silent acquisition, the authorization code flow, and
 * accounts. One instance serves a whole process, however many users it has; all methods may be called concurrently.
 */
export abstract class ClientApplication {
  /** What the flows work with. */
  protected readonly client: Client;
  #logger: Logger;
  readonly #azureCloud: AzureCloudOptions | undefined;

  /**
   * @param configuration the application's configuration
   * @param credential how it proves itself
   * @throws ClientConfigurationError for every mistake, before anything is sent
   */
  protected constructor(configuration: Configuration, credential: ClientCredential) {
    const checked = checkConfiguration(configuration, credential);
    const { clientId, clock } = checked;
    this.#logger = new Logger(checked.loggerOptions, "@tessera/node", version);
    this.#azureCloud = configuration.auth.azureCloudOptions;
    const logger = (): Logger => this.#logger;
    const transport = createTransport(checked.http, logger, checked.retries);
    const authorities = new AuthorityResolver(checked.authorities, transport, clock);
    authorities.check(checked.authority);
    const { maxPartitions, plugin, store, onUnreadable } = checked.cache;
    const warn = (message: string): void => this.#logger.warning(message);
    const cache = new PartitionedCache({
      maxPartitions,
      clock,
      onForget: () =>
        warn(
          "A user with a refresh token was forgotten to make room: raise cache.maxPartitions, or use a store.",
        ),
    });
    const aliasesOf = (environment: string): ReadonlySet<string> => authorities.aliasesOf(environment);
    this.client = {
      clientId,
      defaultAuthority: checked.authority,
      authenticate: createAuthenticator(credential, { clientId, method: checked.authMethod, clock }),
      isPublic: credential.kind === "none",
      secret: () => (credential.kind === "secret" ? credential.secret : undefined),
      idTokenAlgorithm: checked.idTokenAlgorithm,
      capabilities: checked.capabilities,
      authorities,
      cache,
      tokenCache: new TokenCache({
        cache,
        plugin,
        store,
        onUnreadable,
        clientId,
        aliasesOf,
        isShared: (environment) => authorities.isShared(environment),
        urlOf: (authority) => authorities.url(authority),
        now: () => clock.now(),
        warn,
      }),
      transport,
      throttle: new Throttle(clock),
      flights: new SingleFlight(),
      keys: new KeySource(transport, clock),
      regions: new RegionDetector(transport, clock),
      usedFlows: new UsedFlows(clock),
      renewals: new Renewals(clock, logger),
      clock,
      library: checked.library,
      telemetry: new ServerTelemetry(),
      logger,
    };
  }

  /**
   * The URL that starts a sign-in. Send the user's browser there; the code comes to `redirectUri`.
   * `state`, `nonce` and PKCE are the caller's to make and keep: see {@link CryptoProvider}.
   *
   * @throws ClientConfigurationError naming the field; ClientAuthError `endpoints_resolution_error`
   * @see RFC 6749 §4.1.1, RFC 7636
   */
  async getAuthCodeUrl(request: AuthorizationUrlRequest): Promise<string> {
    const checked = this.checked(request);
    return withinBounds(checked, (signal) => authorizationUrl(this.client, { ...checked, signal }, request));
  }

  /**
   * Exchanges an authorization code for tokens, and keeps them for {@link acquireTokenSilent}.
   *
   * @param request the code, and what the authorization request said
   * @param response the parameters that came to the redirect URI: `error`, `state` and `iss` are checked if they are there;
   * nothing else is taken from them, but for the cloud that redeems the code of a public client
   * @throws ServerError, InteractionRequiredAuthError as the server says; ClientAuthError `state_mismatch`,
   * `nonce_mismatch`, `invalid_id_token`, `invalid_token_response`, `network_error`
   * @see RFC 6749 §4.1.3, OpenID Connect Core §3.1.3, RFC 9207
   */
  async acquireTokenByCode(
    request: AuthorizationCodeRequest,
    response?: AuthorizationCodePayload,
  ): Promise<AuthenticationResult> {
    const checked = this.checked(request);
    return redeemCode(this.client, checked, withoutNull(request), response && { ...response });
  }

  /**
   * Begins a sign-in with state, nonce and PKCE made and kept for you. Send the browser to `flow.authUrl`, keep the flow
   * (plain JSON) in the user's session, and pass both to {@link acquireTokenByAuthCodeFlow} when the answer comes.
   *
   * @throws ClientConfigurationError naming the field; ClientAuthError `endpoints_resolution_error`
   * @see OpenID Connect Core §3.1.2.1, RFC 7636
   */
  async initiateAuthCodeFlow(request: AuthCodeFlowRequest): Promise<AuthCodeFlow> {
    const checked = this.checked(request);
    return withinBounds(checked, (signal) =>
      initiateAuthCodeFlow(this.client, { ...checked, signal }, withoutNull(request)),
    );
  }

  /**
   * Ends a sign-in: checks state (in constant time), issuer (RFC 9207), errors, nonce, `auth_time` against `maxAge`, and
   * `c_hash` in the hybrid flow; then redeems the code. A flow works once, and for an hour.
   *
   * @param flow what {@link initiateAuthCodeFlow} returned
   * @param response all parameters that came to the redirect URI, from the query or the form
   * @throws ClientAuthError `state_mismatch`, `invalid_state`, `nonce_mismatch`, `invalid_id_token`; ServerError,
   * InteractionRequiredAuthError as the server says
   * @see OpenID Connect Core §3.1.2.7, §3.3.2.8
   */
  async acquireTokenByAuthCodeFlow(
    flow: AuthCodeFlow,
    response: Readonly<Record<string, unknown>>,
    options: Pick<BaseRequest, "correlationId" | "signal" | "timeoutMs"> = {},
  ): Promise<AuthenticationResult> {
    // A lost session is told apart from a mistake in the code by completeAuthCodeFlow.
    const { scopes, authority, claims, resource } = flow ?? {};
    // It ends where it began, whatever cloud the configuration names.
    const azureCloudOptions = { azureCloudInstance: AzureCloudInstance.None };
    const request = this.checked({ ...options, scopes, authority, claims, resource, azureCloudOptions });
    return completeAuthCodeFlow(this.client, request, withoutNull(flow), response);
  }

  /**
   * Tokens for a user's name and password.
   *
   * @deprecated The password passes through the app, and neither multi-factor authentication nor single sign-on works:
   * use it for nothing but tests. RFC 9700 §2.4 forbids it.
   * @throws ServerError, InteractionRequiredAuthError as the server says
   * @see RFC 6749 §4.3
   */
  async acquireTokenByUsernamePassword(request: UsernamePasswordRequest): Promise<AuthenticationResult> {
    const checked = this.checked(request);
    const { correlationId } = checked;
    const username = requiredText(request.username, "username", "pass the user's name.", correlationId);
    const password = requiredText(request.password, "password", "pass the user's password.", correlationId);
    return usernamePassword(this.client, checked, { username, password });
  }

  /**
   * Tokens for a refresh token from another library. For tokens this application keeps itself, use
   * {@link acquireTokenSilent}.
   *
   * @throws ServerError, InteractionRequiredAuthError as the server says; ClientConfigurationError naming the field
   * @see RFC 6749 §6
   */
  async acquireTokenByRefreshToken(request: RefreshTokenRequest): Promise<AuthenticationResult> {
    const checked = this.checked(request);
    const remedy = "pass the refresh token to import.";
    const refreshToken = requiredText(request.refreshToken, "refreshToken", remedy, checked.correlationId);
    const { redirectUri, forceCache = false, ccsCredential } = request;
    return importRefreshToken(this.client, checked, { refreshToken, redirectUri, forceCache, ccsCredential });
  }

  /**
   * A token for a signed-in user without asking the user: from the cache, or renewed with the refresh token. Equal calls
   * that overlap share one request; a token that is due for renewal is returned at once and renewed in the background.
   *
   * @param request name `authority` for an account of another identity provider than the app's own
   * @throws InteractionRequiredAuthError when the user has to sign in (`no_tokens_found`, `invalid_grant`, …), and for an
   * account of another provider (`no_tokens_found`)
   * @throws ClientAuthError `no_account_in_silent_request`, `network_error`, `request_timeout`, `request_aborted`
   */
  async acquireTokenSilent(request: SilentFlowRequest): Promise<AuthenticationResult> {
    return silent(this.client, this.checked(request), {
      account: request.account,
      forceRefresh: request.forceRefresh ?? false,
      refreshTokenMargin: request.refreshTokenExpirationOffsetSeconds,
      redirectUri: this.client.isPublic ? undefined : request.redirectUri,
    });
  }

  /** The token cache: accounts, and the whole cache as JSON. */
  getTokenCache(): TokenCache {
    return this.client.tokenCache;
  }

  /** Every known user, one entry for each tenant the user is known in. */
  async getAllAccounts(): Promise<AccountInfo[]> {
    return this.client.tokenCache.getAllAccounts();
  }

  /** The users that fit a filter, one entry for each tenant they are known in. */
  async getAccounts(filter: AccountFilter): Promise<AccountInfo[]> {
    return this.client.tokenCache.getAccounts(filter);
  }

  /**
   * The user with a home account id, or `null`. In an app that trusts several identity providers, use {@link getAccounts}
   * with `authority` beside the id: each provider can issue any id.
   *
   * @throws ClientAuthError `multiple_matching_accounts` when users of several providers have this id
   */
  async getAccountByHomeId(homeAccountId: string): Promise<AccountInfo | null> {
    return this.#onlyAccount("homeAccountId", homeAccountId);
  }

  /**
   * The user with an id in some tenant, or `null`.
   *
   * @throws ClientAuthError `multiple_matching_accounts`, as {@link getAccountByHomeId}
   */
  async getAccountByLocalId(localAccountId: string): Promise<AccountInfo | null> {
    return this.#onlyAccount("localAccountId", localAccountId);
  }

  /** Forgets a user of one identity provider: account and all tokens. */
  async removeAccount(account: AccountInfo): Promise<void> {
    return this.client.tokenCache.removeAccount(account);
  }

  /**
   * The URL that ends the user's session at the identity provider: send the browser there, after {@link signOut}.
   *
   * @throws ClientAuthError `end_session_endpoint_not_supported` when the provider has none; ClientConfigurationError
   * `authority_mismatch` for an account of another provider: name its `authority`
   * @see OpenID Connect RP-Initiated Logout 1.0 §2
   */
  async buildEndSessionUrl(request: EndSessionRequest = {}): Promise<string> {
    // Not `this.checked`: signing out names no resource, also in MCP mode.
    return endSessionUrl(this.client, this.#checked(request), withoutNull(request));
  }

  /** Forgets a user. The session at the identity provider goes on. */
  async signOut(request: SignOutRequest): Promise<void> {
    requireRequest(request);
    return this.removeAccount(request.account);
  }

  /** Empties the cache in memory. What a cache plugin has stored stays stored. */
  clearCache(): void {
    this.client.cache.clear();
  }

  /** The logger. */
  getLogger(): Logger {
    return this.#logger;
  }

  /** Puts another logger in its place. */
  setLogger(logger: Logger): void {
    this.#logger = logger;
  }

  /** Checks the fields that all requests share. */
  protected checked(request: MsalRequest, scopesNeeded = false): TokenRequest {
    return this.#checked(request, scopesNeeded);
  }

  async #onlyAccount(field: "homeAccountId" | "localAccountId", id: string): Promise<AccountInfo | null> {
    const found = id ? await this.getAccounts({ [field]: id }) : [];
    return onlyProvidersAccount(found, field, (environment) =>
      this.client.authorities.aliasesOf(environment),
    );
  }

  #checked(request: MsalRequest, scopesNeeded = false): TokenRequest {
    const checked = tokenRequest(request, { defaultAuthority: this.client.defaultAuthority, scopesNeeded });
    requireOwnClient(request, checked.correlationId);
    const cloud = request.azureCloudOptions ?? (request.authority ? this.#azureCloud : undefined);
    return cloud ? { ...checked, authorityUrl: authorityForCloud(checked.authorityUrl, cloud) } : checked;
  }
}
